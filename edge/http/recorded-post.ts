// The record of one POST with requests, from its arrival to its answer: who, where, which method and tool, and how it ended. That it
// ended is always counted; a line tells of it if calls are recorded.
import { toldName } from './told-name.ts';
import type { CallLine, LogPort, RefusalLine, ToldCall } from '../core/log.ts';
import type { EdgeTally } from '../core/tally.ts';
import type { TracedCall } from '../core/traced-call.ts';
import type { Post } from '../core/ports.ts';
import { beginningOf, utf8Of, type Text } from '../../shared/bytes.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { toldOf, type ToldApp, type ToldRequest } from '../../shared/mcp/told.ts';

/** Who calls which server. */
export type CallerFacts = Pick<
  CallLine,
  'principal' | 'client' | 'server' | 'clientKind' | 'request'
>;

/** What it asks for; in a batch, what the first request of it does. */
interface Asked {
  /** Absent: calls are not recorded. */
  readonly told: (ToldRequest & ToldApp) | undefined;
  readonly clientKind: CallLine['clientKind'];
  readonly isListen: boolean;
  readonly requests: number;
  readonly bytesUp: number;
}

export class RecordedPost {
  readonly #tally: EdgeTally;
  readonly #caller: CallerFacts;
  readonly #log: LogPort | undefined;
  readonly #startedAt = Date.now();
  #session: string | undefined;
  #callId: string | undefined;
  #edgeMs = 0;
  #asked: Asked | undefined;
  #trace: TracedCall | undefined;

  /** Without a log, it is only counted. */
  constructor(tally: EdgeTally, caller: CallerFacts, log: LogPort | undefined) {
    this.#tally = tally;
    this.#caller = caller;
    this.#log = log;
  }

  /** The session that it goes to, by its name. Undefined: there is nothing to wait for. */
  inSession(name: string): Promise<void> | undefined {
    if (!this.#log) return undefined;
    const told = toldName(name);
    if (typeof told === 'string') {
      this.#session = told;
      return undefined;
    }
    return told.then((later) => {
      this.#session = later;
    });
  }

  /** What it asks for. Only requests are calls. Nothing of the messages is kept. */
  asks(messages: readonly MessageView[], clientKind = this.#caller.clientKind): void {
    let first: MessageView | undefined;
    let [requests, bytesUp] = [0, 0];
    for (const message of messages) {
      bytesUp += message.bytes.length;
      if (message.kind !== 'request') continue;
      first ??= message;
      requests += 1;
    }
    if (!first) return;
    const told = this.#log && toldOf(first);
    const isListen = first.method === LISTEN_METHOD;
    this.#asked = { told, isListen, clientKind, requests, bytesUp };
  }

  /** It has spans, which end with it. */
  traced(trace: TracedCall): void {
    this.#trace = trace;
  }

  /** It goes to its session as this post. One that is sent again may be another; the time until it went first counts. */
  posted({ id }: Pick<Post, 'id'>): void {
    if (this.#callId === undefined) {
      const now = Date.now();
      this.#edgeMs = now - this.#startedAt;
      this.#trace?.posted(now);
    }
    this.#callId = id;
  }

  /** What the line of a refusal says of the call that was refused, which then has no line of its own. */
  get refused(): Partial<ToldCall> {
    const told = this.#asked?.told;
    if (!told) return {};
    const { method, tool, app, appVersion } = told;
    return { callId: this.#callId, session: this.#session, method, tool, app, appVersion };
  }

  /** It was refused, if it was: for its spans, and among the calls of its server. */
  refusedWith(fault: RefusalLine['fault'] | undefined): void {
    if (fault === undefined) return;
    this.#trace?.ended(Date.now(), fault);
    if (this.#asked) this.#tally.failed(this.#caller.server, fault);
  }

  /** It was answered with one body. Its bytes are counted only if calls are recorded: of a long answer that takes a while. */
  answered(body: Text, processMs: number | undefined): void {
    this.ended('answered', this.#log ? bytesOf(body) : 0, processMs);
  }

  /** It is over. Only the first word counts; a message that was never posted is none of the calls. `processMs`: as the runner says. */
  ended(outcome: CallLine['outcome'], bytesDown: number, processMs?: number): void {
    const asked = this.#asked;
    if (!asked || this.#callId === undefined) return;
    this.#asked = undefined;
    const now = Date.now();
    this.#trace?.ended(now);
    this.#trace = undefined;
    const { principal, client, server, request } = this.#caller;
    const { told, isListen, clientKind, requests, bytesUp } = asked;
    const [ms, edgeMs] = [now - this.#startedAt, this.#edgeMs];
    this.#tally.call({ server, outcome, isListen, ms, edgeMs });
    if (!this.#log || !told) return;
    const { method, tool, app, appVersion } = told;
    this.#log({
      level: 'info',
      message: 'call',
      principal,
      client,
      server,
      clientKind,
      request,
      callId: this.#callId,
      method,
      tool,
      app,
      appVersion,
      requests: requests > 1 ? requests : undefined,
      bytesUp,
      session: this.#session,
      outcome,
      ms,
      edgeMs,
      processMs,
      // Clocks of two machines count milliseconds each for itself.
      linkMs: processMs === undefined ? undefined : Math.max(0, ms - edgeMs - processMs),
      bytesDown,
    });
  }
}

/** Bytes of a text in UTF-8, counted without a copy. Of a long text, what is beyond its beginning counts as ASCII. */
export function bytesOf(text: Text): number {
  const known = utf8Of(text);
  if (known) return known.length;
  const counted = beginningOf(text, COUNTED_CHARACTERS);
  let bytes = text.length;
  for (let at = 0; at < counted.length; at++) {
    const unit = counted.charCodeAt(at);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

const COUNTED_CHARACTERS = 64 * 1024;
