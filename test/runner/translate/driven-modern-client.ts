// The translation for modern clients, driven by hand: requests of the session and messages of processes go in as objects,
// what comes out is looked at. What the translation asks on its own account is answered by a small pretended process.
import { OWN_IDS_FROM } from '../../../runner/core/request-ids.ts';
import { createSealer, digest } from '../../../runner/sessions/sealer.ts';
import { ForModernClient } from '../../../runner/translate/for-modern-client.ts';
import type { FixedArguments } from '../../../runner/translate/tool-headers.ts';
import type { ModernClientLimits } from '../../../runner/translate/modern-to-legacy/translation.ts';
import {
  NO_ERA_KNOWN,
  type KnownEras,
  type TranslateEffect,
} from '../../../runner/translate/translator.ts';
import { scanMessage } from '../../../shared/jsonrpc/scan.ts';
import { readMessages, type MessageView } from '../../../shared/jsonrpc/view.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type Message = Record<string, unknown>;

export const SERVER_INFO = { name: 'fixture', version: '7' };
export const ALL = { elicitation: {}, sampling: {}, roots: {} };
const META = 'io.modelcontextprotocol/';
export const SUBSCRIPTION_ID = `${META}subscriptionId`;
export const SERVER_INFO_META = { [`${META}serverInfo`]: SERVER_INFO };

/** What a request carries in `_meta`. */
export function envelope(
  options: { name?: string; capabilities?: object; logLevel?: string; meta?: object } = {},
): Message {
  return {
    [`${META}protocolVersion`]: '2026-07-28',
    [`${META}clientInfo`]: { name: options.name ?? 'c', version: '1' },
    [`${META}clientCapabilities`]: options.capabilities ?? {},
    ...(options.logLevel === undefined ? {} : { [`${META}logLevel`]: options.logLevel }),
    ...options.meta,
  };
}

export interface RequestOptions {
  /** Of the client. */
  readonly name?: string;
  readonly capabilities?: object;
  readonly logLevel?: string;
  readonly meta?: object;
}

export class DrivenModernClient {
  /** As the server's other sessions know them. */
  eras: KnownEras;
  readonly translator: ForModernClient;
  now = 1_000_000;
  /** Answers `tools/list` of the translation itself. */
  tools: readonly object[] = [];
  /** False: the test answers it by itself. */
  listsTools = true;
  /** False: the processes do not say that they are there. */
  answersPings = true;
  #lastId = 0;
  #effects: TranslateEffect[] = [];

  constructor(
    options: {
      eras?: Partial<KnownEras>;
      limits?: Partial<ModernClientLimits>;
      fixed?: FixedArguments;
    } = {},
  ) {
    this.eras = { ...NO_ERA_KNOWN, ...options.eras };
    const of = { server: 'fixture', principal: 'p' };
    this.translator = new ForModernClient({
      ...of,
      sealer: createSealer(of),
      digest,
      quote: (bytes) => decoder.decode(bytes),
      fixed: options.fixed,
      limits: {
        maxProcesses: 4,
        stateless: false,
        parkTimeoutMs: 60_000,
        maxParked: 3,
        idleTimeoutMs: 1_800_000,
        requestTimeoutMs: 300_000,
        startTimeoutMs: 30_000,
        ...options.limits,
      },
    });
    this.#put((translator) => translator.start(this.now));
  }

  /** Sends a request as the session does, and gives its id. */
  /** `spelled` changes its text on the way. */
  request(
    method: string,
    params: Message = {},
    options: RequestOptions = {},
    spelled: (text: string) => string = (text) => text,
  ): number {
    const id = ++this.#lastId;
    const { _meta, ...rest } = params;
    const meta = { ...envelope(options), ...(_meta as object | undefined) };
    const message = { jsonrpc: '2.0', id, method, params: { ...rest, _meta: meta } };
    this.session(spelled(JSON.stringify(message)));
    return id;
  }

  session(message: Message | string): void {
    this.#put((translator) => translator.fromSession(viewOf(message), this.now));
  }

  process(slot: number, message: Message | string): void {
    this.#put((translator) => translator.fromProcess(slot, lineOf(message), this.now));
  }

  /** Why the translation would not take a notification. */
  refusal(message: Message): string | undefined {
    return this.translator.refusal(viewOf(message));
  }

  exited(slot: number, description = 'exited with code 1'): void {
    this.#put((translator) => translator.exited(slot, description, this.now));
  }

  cancel(requestId: number): void {
    this.session({ method: 'notifications/cancelled', params: { requestId } });
  }

  /** `each` is called after whatever becomes due. */
  pass(ms: number, each: () => void = () => undefined): void {
    const end = this.now + ms;
    for (;;) {
      const at = this.translator.wakeAt();
      if (at === undefined || at > end) break;
      this.now = Math.max(at, this.now);
      this.#put((translator) => translator.tick(this.now));
      const next = this.translator.wakeAt();
      if (next !== undefined && next <= this.now) throw new Error('a tick left something due');
      each();
    }
    this.now = end;
  }

  /** The slots started since the last look. */
  started(): number[] {
    return this.#take('start').map(({ slot }) => slot);
  }

  stopped(): number[] {
    return this.#take('stop').map(({ slot }) => slot);
  }

  notes(): string[] {
    return this.#take('note').map(({ words }) => words);
  }

  served(): number[] {
    return this.#take('served').map(({ slot }) => slot);
  }

  /** Lines for the process at `slot` since the last look. */
  writtenLines(slot: number): string[] {
    const lines = this.#take('write', (effect) => effect.slot === slot);
    return lines.map(({ line }) => decoder.decode(line));
  }

  written(slot: number): Message[] {
    return this.writtenLines(slot).map((line) => JSON.parse(line) as Message);
  }

  saidLines(): string[] {
    return this.#take('say').map(({ line }) => decoder.decode(line));
  }

  said(): Message[] {
    return this.saidLines().map((line) => JSON.parse(line) as Message);
  }

  /** What was said, each with the call that it was said of. */
  saidOf(): { call: number | undefined; message: Message }[] {
    return this.#take('say').map(({ line, bridgeId }) => ({
      call: bridgeId,
      message: JSON.parse(decoder.decode(line)) as Message,
    }));
  }

  /** Before an initialized legacy process at slot 1, with nothing left to look at. */
  static legacy(
    options: { capabilities?: object; server?: object; limits?: Partial<ModernClientLimits> } = {},
  ): DrivenModernClient {
    const driven = new DrivenModernClient({ eras: { modern: false }, ...options });
    driven.request('server/discover', {}, { capabilities: options.capabilities ?? {} });
    driven.initialize(1, options.server);
    driven.look();
    return driven;
  }

  /** Before a modern process at slot 1, with nothing left to look at. */
  static modern(options: { limits?: Partial<ModernClientLimits> } = {}): DrivenModernClient {
    const driven = new DrivenModernClient({ eras: { modern: true }, ...options });
    const id = driven.request('tools/list');
    driven.process(1, { id, result: { resultType: 'complete', tools: [] } });
    driven.look();
    return driven;
  }

  /** Answers the `initialize` that the process at `slot` was sent, and gives its params. */
  initialize(slot: number, capabilities: object = { tools: {}, logging: {} }): Message {
    const written = this.written(slot);
    const asked = written.find(({ method }) => method === 'initialize');
    if (!asked) throw new Error(`no initialize at ${slot}: ${JSON.stringify(written)}`);
    this.process(slot, {
      id: asked['id'],
      result: { protocolVersion: '2025-11-25', capabilities, serverInfo: SERVER_INFO },
    });
    return asked['params'] as Message;
  }

  look(): void {
    this.#effects = [];
  }

  /** One input; what it teaches of the server's eras is known to the next. */
  #put(input: (translator: ForModernClient) => TranslateEffect[]): void {
    this.translator.know(this.eras);
    for (const effect of input(this.translator)) {
      if (effect.do === 'learned') {
        this.eras = { ...this.eras, [effect.era]: effect.isServed };
        continue;
      }
      const answer = effect.do === 'write' ? this.#answerTo(effect.line) : undefined;
      if (answer && effect.do === 'write') this.process(effect.slot, answer);
      else this.#effects.push(effect);
    }
  }

  /** What every process answers to what the translation asks on its own account. */
  #answerTo(line: Uint8Array): Message | undefined {
    const { id, method } = JSON.parse(decoder.decode(line)) as Message;
    if (method === 'ping' && this.answersPings) return { id, result: {} };
    const isTools = method === 'tools/list' && Number(id) >= OWN_IDS_FROM && this.listsTools;
    return isTools ? { id, result: { tools: this.tools } } : undefined;
  }

  #take<Do extends TranslateEffect['do']>(
    name: Do,
    isWanted: (effect: TranslateEffect & { do: Do }) => boolean = () => true,
  ): (TranslateEffect & { do: Do })[] {
    const isTaken = (effect: TranslateEffect): effect is TranslateEffect & { do: Do } =>
      effect.do === name && isWanted(effect as TranslateEffect & { do: Do });
    const taken = this.#effects.filter(isTaken);
    this.#effects = this.#effects.filter((effect) => !isTaken(effect));
    return taken;
  }
}

function lineOf(message: Message | string): Uint8Array {
  if (typeof message === 'string') return encoder.encode(message);
  return encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message }));
}

/** One message, as the session hands it on. */
function viewOf(message: Message | string): MessageView {
  const read = readMessages(lineOf(message), scanMessage);
  const [view] = read.ok ? read.messages : [];
  if (!view) throw new Error('a session writes messages');
  return view;
}
