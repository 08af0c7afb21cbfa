// A modern process before a legacy client: each message one way and the other, by a registry of what differs.
import { parsedAt } from '../../../shared/jsonrpc/members.ts';
import type { Envelope } from '../../../shared/jsonrpc/scan.ts';
import { ASKING_METHODS, CODE } from '../../../shared/mcp/modern.ts';
import { legacyError, legacyResult, underId } from './answers.ts';
import { Calls, type Call } from './calls.ts';
import { DeclaredClient } from './declared-client.ts';
import { idIn } from './ids.ts';
import { InputRounds } from './input-rounds.ts';
import type { Outbox } from './outbox.ts';
import { continued } from './progress.ts';
import { Tools } from './tools.ts';

const LOG_LEVELS: ReadonlySet<unknown> = new Set([
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]);

type OnLine = (line: Uint8Array, envelope: Envelope, now: number) => void;
type OnRequest = (id: number, line: Uint8Array, now: number) => void;
type OnResult = (line: Uint8Array, call: Call) => Uint8Array;

export class ModernSide {
  readonly #outbox: Outbox;
  readonly #calls = new Calls();
  readonly #rounds: InputRounds;
  readonly #tools = new Tools();
  #client: DeclaredClient;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
    this.#client = new DeclaredClient();
    this.#rounds = new InputRounds(outbox, this.#calls);
  }

  /** The client has introduced itself, and the process has said what it can. */
  introduce(client: DeclaredClient): void {
    this.#client = client;
  }

  /** One message of the client. */
  fromClient(line: Uint8Array, envelope: Envelope, now: number): void {
    switch (envelope.kind) {
      case 'request':
        return this.#request(line, envelope, now);
      case 'notification':
        return this.#notification(line, envelope, now);
      default:
        return this.#clientAnswers(line, envelope);
    }
  }

  /** One message of the process. */
  fromProcess(line: Uint8Array, envelope: Envelope, now: number): void {
    switch (envelope.kind) {
      case 'request':
        return this.#outbox.note('warn', 'a request of a modern process; dropped', {
          method: envelope.method ?? '',
        });
      case 'notification':
        return this.#notice(line, envelope);
      default:
        return this.#answer(line, envelope, now);
    }
  }

  tick(now: number): void {
    this.#rounds.tick(now);
  }

  get wakeAt(): number | undefined {
    return this.#calls.nextRetryAt;
  }

  // Client to process.

  /** Requests that the process is not shown; all others go to it. */
  readonly #requests: Readonly<Record<string, OnRequest>> = {
    ping: (id) => this.#outbox.answer(id, '{}'),
    'logging/setLevel': (id, line) => this.#setLevel(id, line),
  };

  /** Notifications that the modern era does not have; all others go on as they are. */
  readonly #notifications: Readonly<Record<string, OnLine>> = {
    'notifications/initialized': () => {},
    'notifications/roots/list_changed': () => {},
    'notifications/progress': () => {},
    'notifications/tasks/status': () => {},
    'notifications/cancelled': (line, envelope) => this.#cancelled(line, envelope),
  };

  #request(line: Uint8Array, envelope: Envelope, now: number): void {
    const { method = '' } = envelope;
    const id = Number(idIn(line, envelope.id));
    const own = Object.hasOwn(this.#requests, method) ? this.#requests[method] : undefined;
    if (own) return own(id, line, now);
    const request = this.#client.onRequest(line);
    const name = method === 'tools/call' ? parsedAt(line, 'params', 'name') : undefined;
    const tool = typeof name === 'string' ? name : undefined;
    // Only what may be asked about is sent again.
    const kept = ASKING_METHODS.has(method) ? request : new Uint8Array(0);
    this.#calls.add({ id, method, line: kept, tool });
    this.#outbox.write(request);
  }

  #setLevel(id: number, line: Uint8Array): void {
    const level = parsedAt(line, 'params', 'level');
    if (typeof level !== 'string' || !LOG_LEVELS.has(level)) {
      return this.#outbox.refuse(id, CODE.invalidParams, 'This is no level of logging.');
    }
    this.#client.logLevel = level;
    this.#outbox.answer(id, '{}');
  }

  #notification(line: Uint8Array, envelope: Envelope, now: number): void {
    const { method = '' } = envelope;
    const own = Object.hasOwn(this.#notifications, method)
      ? this.#notifications[method]
      : undefined;
    if (own) own(line, envelope, now);
    else this.#outbox.write(line);
  }

  #cancelled(line: Uint8Array, envelope: Envelope): void {
    const call = this.#calls.get(Number(idIn(line, envelope.requestId)));
    const { processId } = call ?? {};
    if (!call || processId === call.id) this.#outbox.write(line);
    else if (typeof processId === 'string') this.#outbox.cancel(processId);
    if (call) this.#rounds.withdraw(call, 'the request it belongs to was cancelled');
  }

  #clientAnswers(line: Uint8Array, envelope: Envelope): void {
    const id = idIn(line, envelope.id);
    if (typeof id === 'string' && this.#rounds.answered(id, line, envelope)) return;
    this.#outbox.note('debug', 'an answer to a question that is no longer open; dropped');
  }

  // Process to client.

  /** What results of single methods need beyond {@link legacyResult}. */
  readonly #results: Readonly<Record<string, OnResult>> = {
    'tools/list': (line) => this.#tools.list(line),
    'tools/call': (line, { tool }) => this.#tools.called(tool, line),
  };

  #answer(line: Uint8Array, envelope: Envelope, now: number): void {
    const id = idIn(line, envelope.id);
    const call = id === undefined ? undefined : this.#calls.landed(id);
    if (!call) return this.#outbox.note('debug', 'an answer to no request in flight; dropped');
    if (envelope.kind === 'error') return this.#settle(call, legacyError(line));
    const type = parsedAt(line, 'result', 'resultType') ?? 'complete';
    if (type === 'input_required') return this.#rounds.begin(call, line, this.#client, now);
    if (type === 'complete') return this.#settle(call, this.#legacyResult(line, call));
    this.#calls.remove(call);
    const words = `The server answered with a result of type ${JSON.stringify(type)}, which this client does not know.`;
    this.#outbox.refuse(call.id, CODE.internal, words);
  }

  #legacyResult(line: Uint8Array, call: Call): Uint8Array {
    const plain = legacyResult(line, call.method);
    const own = Object.hasOwn(this.#results, call.method) ? this.#results[call.method] : undefined;
    return own ? own(plain, call) : plain;
  }

  /** Gives a call its answer, under the session's id also when the process knew it by another. */
  #settle(call: Call, line: Uint8Array): void {
    this.#calls.remove(call);
    this.#outbox.say(call.rounds === 0 ? line : underId(line, call.id));
  }

  #notice(line: Uint8Array, envelope: Envelope): void {
    if (envelope.method === 'notifications/progress') return this.#progress(line, envelope);
    // It could only be about a question, and those are the bridge's.
    if (envelope.method === 'notifications/cancelled') return;
    this.#outbox.say(line);
  }

  #progress(line: Uint8Array, envelope: Envelope): void {
    const call = this.#calls.get(Number(idIn(line, envelope.progressToken)));
    const said = call ? continued(line, call) : line;
    if (said) this.#outbox.say(said);
  }
}
