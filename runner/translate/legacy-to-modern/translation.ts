// A modern process before a legacy client: each message one way and the other, by a registry of what differs.
import { isOverlong } from '../../../shared/jsonrpc/elements.ts';
import { membersOf, parsedAt, stringAt, valueAt } from '../../../shared/jsonrpc/members.ts';
import type { Envelope } from '../../../shared/jsonrpc/scan.ts';
import { ASKING_METHODS, CODE, META } from '../../../shared/mcp/modern.ts';
import { earliest } from '../../core/earliest.ts';
import { listsTooMuch } from '../faults.ts';
import type { JsonObject } from '../json.ts';
import { isLogLevel } from '../log-levels.ts';
import { legacyError, legacyResult, underId, withoutMeta } from './answers.ts';
import { Calls, type Call } from './multi-round-calls.ts';
import { DeclaredClient } from './declared-client.ts';
import { idIn, numberIn } from '../ids.ts';
import { InputRounds } from './input-rounds.ts';
import { Listens } from './subscription.ts';
import type { Outbox } from '../outbox.ts';
import { continued } from './progress.ts';
import { Tools } from './tools.ts';

const encoder = new TextEncoder();

/** Members of results that are looked through one by one. */
const LISTS: ReadonlySet<string> = new Set(['tools', 'content']);

/** No result of a schema has so many. */
const MAX_MEMBERS = 1_000;

type OnLine = (line: Uint8Array, envelope: Envelope, now: number) => void;
type OnRequest = (id: number, line: Uint8Array, now: number) => void;
type OnResult = (line: Uint8Array, call: Call) => Uint8Array;

export class ModernSide {
  readonly #outbox: Outbox;
  readonly #calls = new Calls();
  readonly #rounds: InputRounds;
  readonly #tools = new Tools();
  readonly #listens: Listens;
  #client: DeclaredClient;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
    this.#client = new DeclaredClient();
    this.#rounds = new InputRounds(outbox, this.#calls);
    this.#listens = new Listens(outbox, (line) => this.#client.onRequest(encoder.encode(line)));
  }

  /** The client has introduced itself, and the process has said what it can. */
  introduce(client: DeclaredClient, capabilities: JsonObject): void {
    this.#client = client;
    this.#listens.offered(capabilities);
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
        return this.#notice(line, envelope, now);
      default:
        return this.#answer(line, envelope, now);
    }
  }

  /** The ids under which the process owes an answer; a listen has its own ways to end. */
  get owed(): Iterable<number> {
    return this.#calls.owed;
  }

  tick(now: number): void {
    this.#rounds.tick(now);
    this.#listens.tick(now);
  }

  get wakeAt(): number | undefined {
    return earliest([this.#calls.nextRetryAt, this.#listens.wakeAt]);
  }

  // Client to process.

  /** Requests that the process is not shown; all others go to it. */
  readonly #requests: Readonly<Record<string, OnRequest>> = {
    ping: (id) => this.#outbox.answer(id, '{}'),
    'logging/setLevel': (id, line) => this.#setLevel(id, line),
    'resources/subscribe': (id, line, now) => {
      const uri = this.#uriOf(id, line);
      if (uri !== undefined) this.#listens.subscribe(id, uri, now);
    },
    'resources/unsubscribe': (id, line, now) => {
      const uri = this.#uriOf(id, line);
      if (uri !== undefined) this.#listens.unsubscribe(id, uri, now);
    },
  };

  /** Notifications that the modern era does not have; all others go on as they are. */
  readonly #notifications: Readonly<Record<string, OnLine>> = {
    'notifications/initialized': (_line, _envelope, now) => this.#listens.adjust(now),
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
    const tool = method === 'tools/call' ? stringAt(line, 'params', 'name') : undefined;
    // Only what may be asked about is sent again.
    const kept = ASKING_METHODS.has(method) ? request : new Uint8Array(0);
    this.#calls.add({ id, method, line: kept, tool });
    this.#outbox.write(request);
  }

  #setLevel(id: number, line: Uint8Array): void {
    const level = parsedAt(line, 'params', 'level');
    if (!isLogLevel(level)) {
      return this.#outbox.refuse(id, CODE.invalidParams, 'This is not a logging level.');
    }
    this.#client.logLevel = level;
    this.#outbox.answer(id, '{}');
  }

  /** The resource a request names; without one it is refused. */
  #uriOf(id: number, line: Uint8Array): string | undefined {
    const uri = parsedAt(line, 'params', 'uri');
    if (typeof uri === 'string') return uri;
    this.#outbox.refuse(id, CODE.invalidParams, 'The request does not name a resource.');
    return undefined;
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
    const id = Number(idIn(line, envelope.requestId));
    if (this.#listens.forget(id)) return;
    const call = this.#calls.get(id);
    const { processId } = call ?? {};
    if (!call || processId === call.id) this.#outbox.write(line);
    else if (processId !== undefined) this.#outbox.cancel(processId);
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
    const id = numberIn(line, envelope.id);
    if (id !== undefined && this.#listens.has(id)) {
      return this.#listens.ended(id, line, envelope, now);
    }
    const call = id === undefined ? undefined : this.#calls.landed(id);
    if (!call) return this.#outbox.note('debug', 'an answer to no request in flight; dropped');
    if (envelope.kind === 'error') return this.#settle(call, legacyError(line));
    const type = typeOf(line);
    if (type === 'input_required') return this.#rounds.begin(call, line, this.#client, now);
    if (type === 'complete') {
      const { code, message } = listsTooMuch();
      if (!isTooMuch(line)) return this.#settle(call, this.#legacyResult(line, call));
      this.#calls.remove(call);
      return this.#outbox.refuse(call.id, code, message);
    }
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

  /** Notifications of the process that are not simply passed on, or passed on without the tag of a listen. */
  readonly #notices: Readonly<Record<string, OnLine>> = {
    'notifications/progress': (line, envelope) => this.#progress(line, envelope),
    'notifications/subscriptions/acknowledged': (line, _envelope, now) =>
      this.#listens.acknowledged(tagOf(line), line, now),
    // It can only be about a listen: a modern process has no requests to take back.
    'notifications/cancelled': (line, envelope, now) => {
      const id = numberIn(line, envelope.requestId);
      if (id !== undefined && this.#listens.has(id)) this.#listens.ended(id, line, envelope, now);
    },
  };

  #notice(line: Uint8Array, envelope: Envelope, now: number): void {
    const { method = '' } = envelope;
    const own = Object.hasOwn(this.#notices, method) ? this.#notices[method] : undefined;
    if (own) return own(line, envelope, now);
    if (tagAt(line) === undefined) return this.#outbox.say(line);
    if (!this.#listens.isHeard(tagOf(line), parsedAt(line, 'params', 'uri'))) return;
    this.#outbox.say(withoutMeta(line, 'params', META.subscriptionId));
  }

  #progress(line: Uint8Array, envelope: Envelope): void {
    const token = numberIn(line, envelope.progressToken);
    const call = token === undefined ? undefined : this.#calls.get(token);
    const said = call ? continued(line, call) : line;
    if (said) this.#outbox.say(said);
  }
}

const tagAt = (line: Uint8Array) => valueAt(line, 'params', '_meta', META.subscriptionId);

/** Whether a result is beyond what is looked through member by member. */
function isTooMuch(line: Uint8Array): boolean {
  const result = valueAt(line, 'result');
  const members = result ? [...membersOf(line, result).take(MAX_MEMBERS + 1)] : [];
  return (
    members.length > MAX_MEMBERS ||
    members.some(({ key, value }) => LISTS.has(key) && isOverlong(line, value))
  );
}

/** The id of the listen a notification belongs to. */
const tagOf = (line: Uint8Array): number | undefined => numberIn(line, tagAt(line));

/** The `resultType`; what is no text is shown as JSON. */
function typeOf(line: Uint8Array): string {
  const type = valueAt(line, 'result', 'resultType');
  return type ? (stringAt(line, 'result', 'resultType') ?? 'no text') : 'complete';
}
