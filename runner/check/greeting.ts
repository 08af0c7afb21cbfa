// Says `initialize` to a process and, if that is refused, `server/discover`; reads the answer as a session would.
import { CODE } from '../../shared/mcp/modern.ts';
import { NEWEST_LEGACY_REVISION } from '../../shared/mcp/revisions.ts';
import { FAULTS } from '../../shared/fault.ts';
import type { BridgeRequestId } from '../../shared/ids.ts';
import { isObjectAt } from '../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { ExitFacts } from '../process/exit.ts';
import { Redaction } from '../process/redaction.ts';
import type { ProcessListener, StdioProcess } from '../process/stdio-process.ts';
import { ownMeta } from '../translate/envelope.ts';
import {
  EraDetection,
  eraAnswerIn,
  type EraStep,
  type Opener,
} from '../translate/era-detection.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { ProcessHearing } from '../translate/process-hearing.ts';
import { WakeTimer } from '../wake-timer.ts';
import { MAX_PAGES, nextPage } from '../../shared/mcp/pages.ts';

const CLIENT = { name: 'mcp-bridge-check', version: '1' };

/** A client's own `initialize` asks first in a session, too. */
const ORDER: readonly Opener[] = ['initialize', 'server/discover'];

const PARAMS: Readonly<Record<Opener, object>> = {
  initialize: { protocolVersion: NEWEST_LEGACY_REVISION, capabilities: {}, clientInfo: CLIENT },
  'server/discover': { _meta: ownMeta(CLIENT) },
};

/** Ids of lists are above. */
const LIST_IDS_FROM = 10;

/** The id of the request. */
const idOf = (opener: Opener): BridgeRequestId => (ORDER.indexOf(opener) + 1) as BridgeRequestId;

/** The outcome of the greeting. */
export type Greeting =
  /** `answer`: the response to either request. */
  | {
      readonly type: 'answered';
      readonly answer: Uint8Array;
      /** The pages of its list of tools, if they were asked for; none if it has no tools. */
      readonly tools: readonly MessageView[];
    }
  | { readonly type: 'refused'; readonly code: unknown }
  /** It answered, but the answer cannot be used: `what` completes "the server …". */
  | { readonly type: 'unusable'; readonly what: string }
  | { readonly type: 'exited'; readonly facts: ExitFacts }
  | { readonly type: 'silent' };

export interface Greeted {
  readonly greeting: Greeting;
  /** Lines of stdout that are not messages. */
  readonly strayLines: number;
  /** A description of what failed, with what was printed on stdout instead. */
  added(description: string): string;
  /** The last lines of stderr. */
  readonly tail: readonly string[];
}

/** Starts a process, greets it and ends it again. No text of the outcome shows one of the secrets. `lists`: it is also asked for its tools. */
export async function greet(
  start: (listener: ProcessListener) => StdioProcess,
  secrets: readonly string[],
  timeoutMs: number,
  lists = false,
): Promise<Greeted> {
  const talk = new Talk(secrets, lists);
  const child = start({
    onLine: (bytes) => talk.line(bytes),
    onOverlong: () => talk.stray(),
    onStderr() {},
    onDrain() {},
    onExit: (facts) => talk.end({ type: 'exited', facts }),
  });
  const timer = setTimeout(() => talk.end({ type: 'silent' }), timeoutMs);
  talk.begin((line) => child.write(line));
  const greeting = await talk.ended;
  clearTimeout(timer);
  await child.terminate('the check is over');
  const { strayLines } = talk;
  return { greeting, strayLines, added: (what) => talk.added(what), tail: child.stderrTail() };
}

class Talk {
  readonly #ended = Promise.withResolvers<Greeting>();
  readonly #hearing: ProcessHearing;
  readonly #detection = new EraDetection(ORDER);
  readonly #asked = new Map<BridgeRequestId, Opener>();
  #write: (line: Uint8Array) => void = () => {};
  readonly #timer = new WakeTimer(() => this.#take(this.#hearing.tick(performance.now())));
  readonly #lists: boolean;
  /** The answer to the greeting, once tools are listed. */
  #answer: { readonly bytes: Uint8Array; readonly isModern: boolean } | undefined;
  #listId = LIST_IDS_FROM;
  readonly #pages: MessageView[] = [];
  #isOver = false;
  strayLines = 0;

  constructor(secrets: readonly string[], lists: boolean) {
    this.#lists = lists;
    const redaction = new Redaction(secrets);
    this.#hearing = new ProcessHearing({
      owed: {
        has: (id) => this.#asked.has(id) || this.#awaitsPage(id),
        wasAsked: (id) =>
          ORDER.some((opener) => idOf(opener) === id) || (id > LIST_IDS_FROM && id <= this.#listId),
        only: () => {
          if (this.#answer) return this.#listId as BridgeRequestId;
          return this.#asked.size === 1 ? [...this.#asked.keys()][0] : undefined;
        },
      },
      drop: () => this.stray(),
      quote: (bytes, isCut) => redaction.quote(bytes, isCut),
    });
  }

  get ended(): Promise<Greeting> {
    return this.#ended.promise;
  }

  begin(write: (line: Uint8Array) => void): void {
    this.#write = write;
    this.#step(this.#detection.next());
  }

  line(line: Uint8Array): void {
    if (this.#isOver) return;
    this.#take(this.#hearing.line(line, performance.now()));
  }

  stray(): void {
    this.strayLines++;
  }

  end(greeting: Greeting): void {
    this.#isOver = true;
    this.#timer.clear();
    this.#ended.resolve(greeting);
  }

  added(description: string): string {
    return this.#hearing.added(description);
  }

  #step(step: EraStep): void {
    if (step.do !== 'ask') return;
    const id = idOf(step.opener);
    this.#asked.set(id, step.opener);
    this.#say({ id, method: step.opener, params: PARAMS[step.opener] });
  }

  #say(message: object): void {
    this.#write(new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', ...message })));
  }

  #awaitsPage(id: BridgeRequestId): boolean {
    return this.#answer !== undefined && id === this.#listId;
  }

  #greeted(bytes: Uint8Array, isModern: boolean): void {
    if (!this.#lists) return this.end({ type: 'answered', answer: bytes, tools: [] });
    this.#answer = { bytes, isModern };
    if (!isModern) this.#say({ method: 'notifications/initialized' });
    this.#list(isModern);
  }

  #list(isModern: boolean, cursor?: string): void {
    this.#listId += 1;
    const params = { ...(isModern && { _meta: ownMeta(CLIENT) }), cursor };
    this.#say({ id: this.#listId, method: 'tools/list', params });
  }

  #page(
    page: MessageView,
    { bytes, isModern }: { readonly bytes: Uint8Array; readonly isModern: boolean },
  ): void {
    if (page.kind === 'error') {
      const code = page.parsed('error', 'code');
      // A server without tools need not know the method.
      if (code === CODE.methodNotFound)
        return this.end({ type: 'answered', answer: bytes, tools: this.#pages });
      return this.#refused(page, code);
    }
    const asked = this.#pages.at(-1)?.string('result', 'nextCursor');
    const cursor = nextPage(page.string('result', 'nextCursor'), asked);
    this.#pages.push(page.kept());
    if (cursor === undefined || this.#pages.length >= MAX_PAGES)
      this.end({ type: 'answered', answer: bytes, tools: this.#pages });
    else this.#list(isModern, cursor);
  }

  #take(heard: readonly MessageView[]): void {
    for (const message of heard) this.#message(message);
    if (!this.#isOver) this.#timer.arm(this.#hearing.wakeAt);
  }

  #message(message: MessageView): void {
    const id = message.isAnswer ? bridgeIdOf(message.id) : undefined;
    if (this.#answer && id !== undefined && this.#awaitsPage(id))
      return this.#page(message, this.#answer);
    const opener = id === undefined ? undefined : this.#asked.get(id);
    if (id === undefined || opener === undefined) return;
    this.#asked.delete(id);
    const code = message.parsed('error', 'code');
    if (code === FAULTS.process_protocol.code) return this.#refused(message, code);
    const answer = eraAnswerIn(message);
    const step = this.#detection.answered(opener, {
      ...answer,
      isResult: answer.isResult && isObjectAt(message.bytes, message.at('result')),
    });
    if (step.do !== 'settle') return this.#step(step);
    if (step.era !== 'none') return this.#greeted(message.bytes.slice(), step.era === 'modern');
    if (!answer.isResult) return this.#refused(message, code);
    this.end({ type: 'unusable', what: 'names no revision of MCP that the bridge speaks' });
  }

  /** It answered with an error, or with what the bridge made one of. */
  #refused(message: MessageView, code: unknown): void {
    if (code !== FAULTS.process_protocol.code) return this.end({ type: 'refused', code });
    const reason = reasonIn(message.string('error', 'message') ?? '');
    const what = this.added(`sent an answer that cannot be used: ${reason}`);
    this.end({ type: 'unusable', what });
  }
}

/** The reason after the first colon of an error of the bridge. Found by index: the text may be long, and is partly the server's. */
function reasonIn(message: string): string {
  const at = message.indexOf(': ');
  return at >= 0 && message.endsWith('.') ? message.slice(at + 2, -1) : 'it is none';
}
