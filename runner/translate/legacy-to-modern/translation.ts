// Translates between a legacy client and a modern process, in both directions, with one table of the methods that differ.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { isOverlong } from '../../../shared/jsonrpc/elements.ts';
import { membersOf, parsedAt, stringAt, valueAt } from '../../../shared/jsonrpc/members.ts';
import { ASKING_METHODS, CODE, META } from '../../../shared/mcp/modern.ts';
import type { Due } from '../../../shared/dues.ts';
import { invalidParams, listsTooMuch } from '../faults.ts';
import type { JsonObject } from '../../../shared/json-value.ts';
import { isLoggingLevel } from '../log-levels.ts';
import { legacyError, legacyResult, withoutMeta } from './answers.ts';
import { MultiRoundCalls, type MultiRoundCall } from './multi-round-calls.ts';
import { DeclaredClient } from './declared-client.ts';
import { InputRounds } from './input-rounds.ts';
import { KeptSubscription } from './subscription.ts';
import { FIRST_SLOT, type Effects } from '../effects.ts';
import { bridgeIdOf } from '../../core/bridge-ids.ts';
import { progressTokenOf, stringOf, underId, type Message } from '../message.ts';
import type { OwnRequests } from '../own-requests.ts';
import { continued } from './progress.ts';
import { subscriptionIdAt, subscriptionIdIn } from '../subscription-id.ts';
import { Tools } from './tools.ts';

const encoder = new TextEncoder();

/** Members of results that are examined one by one. */
const LISTS: ReadonlySet<string> = new Set(['tools', 'content']);

/** No result of a schema has so many. */
const MAX_MEMBERS = 1_000;

type OnMessage = (message: Message, now: number) => void;
type OnRequest = (id: BridgeRequestId, request: Message, now: number) => void;
type OnResult = (bytes: Uint8Array, call: MultiRoundCall) => Uint8Array;

export class LegacyToModern {
  readonly #effects: Effects;
  readonly #calls = new MultiRoundCalls();
  readonly #rounds: InputRounds;
  readonly #tools = new Tools();
  readonly #subscription: KeptSubscription;
  #client: DeclaredClient;

  constructor(parts: { effects: Effects; own: OwnRequests }) {
    this.#effects = parts.effects;
    this.#client = new DeclaredClient();
    this.#rounds = new InputRounds({ ...parts, calls: this.#calls });
    const onRequest = (line: string): Uint8Array => this.#client.onRequest(encoder.encode(line));
    this.#subscription = new KeptSubscription({ ...parts, onRequest });
  }

  /** The client has introduced itself, and the process has said what it can. */
  introduce(client: DeclaredClient, capabilities: JsonObject): void {
    this.#client = client;
    this.#subscription.offered(capabilities);
  }

  /** One message of the client. */
  fromClient(message: Message, now: number): void {
    switch (message.kind) {
      case 'request':
        return this.#request(message, now);
      case 'notification':
        return this.#notification(message, now);
      default:
        return this.#clientAnswers(message);
    }
  }

  /** One message of the process. */
  fromProcess(message: Message, now: number): void {
    switch (message.kind) {
      case 'request':
        return this.#effects.note('warn', 'a request of a modern process; dropped', {
          method: message.method,
        });
      case 'notification':
        return this.#notice(message, now);
      default:
        return this.#answer(message, now);
    }
  }

  /** The ids under which the process owes an answer; a listen has its own ways to end. */
  get owed(): Iterable<BridgeRequestId> {
    return this.#calls.owed;
  }

  *dues(): Generator<Due> {
    yield { at: this.#calls.nextRetryAt, act: (now) => this.#rounds.tick(now) };
    yield { at: this.#subscription.wakeAt, act: (now) => this.#subscription.tick(now) };
  }

  // Client to process.

  /** Requests that the process does not get; all others go to it. */
  readonly #requests: Readonly<Record<string, OnRequest>> = {
    ping: (id) => this.#effects.answer(id, '{}'),
    'logging/setLevel': (id, request) => this.#setLevel(id, request),
    'resources/subscribe': (id, request, now) => {
      const uri = this.#uriOf(id, request);
      if (uri !== undefined) this.#subscription.subscribe(id, uri, now);
    },
    'resources/unsubscribe': (id, request, now) => {
      const uri = this.#uriOf(id, request);
      if (uri !== undefined) this.#subscription.unsubscribe(id, uri, now);
    },
  };

  /** Notifications that the modern era does not have; all others pass unchanged. */
  readonly #notifications: Readonly<Record<string, OnMessage>> = {
    'notifications/initialized': (_message, now) => this.#subscription.adjust(now),
    'notifications/roots/list_changed': () => {},
    'notifications/progress': () => {},
    'notifications/tasks/status': () => {},
    'notifications/cancelled': (message) => this.#cancelled(message),
  };

  #request(message: Message, now: number): void {
    const { bytes, method } = message;
    const id = bridgeIdOf(message.id);
    if (id === undefined) return;
    const own = Object.hasOwn(this.#requests, method) ? this.#requests[method] : undefined;
    if (own) return own(id, message, now);
    const request = this.#client.onRequest(bytes);
    const tool = method === 'tools/call' ? stringAt(bytes, 'params', 'name') : undefined;
    // Only requests that may lead to questions are sent again.
    const kept = ASKING_METHODS.has(method) ? request : new Uint8Array(0);
    this.#calls.add({ bridgeId: id, method, line: kept, tool });
    this.#effects.write(FIRST_SLOT, request);
  }

  #setLevel(id: BridgeRequestId, { bytes }: Message): void {
    const level = parsedAt(bytes, 'params', 'level');
    if (!isLoggingLevel(level)) {
      return this.#effects.fail(id, invalidParams('This is not a logging level.'));
    }
    this.#client.logLevel = level;
    this.#effects.answer(id, '{}');
  }

  /** The resource a request names; a request without one is refused. */
  #uriOf(id: BridgeRequestId, { bytes }: Message): string | undefined {
    const uri = parsedAt(bytes, 'params', 'uri');
    if (typeof uri === 'string') return uri;
    this.#effects.fail(id, invalidParams('The request does not name a resource.'));
    return undefined;
  }

  #notification(message: Message, now: number): void {
    const { method, bytes } = message;
    const own = Object.hasOwn(this.#notifications, method)
      ? this.#notifications[method]
      : undefined;
    if (own) own(message, now);
    else this.#effects.notify(FIRST_SLOT, bytes);
  }

  #cancelled({ bytes, requestId }: Message): void {
    const id = bridgeIdOf(requestId);
    if (id !== undefined && this.#subscription.forget(id)) return;
    const call = id === undefined ? undefined : this.#calls.get(id);
    const { roundId } = call ?? {};
    if (!call || roundId === call.bridgeId) this.#effects.notify(FIRST_SLOT, bytes);
    else if (roundId !== undefined) this.#effects.cancel(FIRST_SLOT, roundId);
    if (call) this.#rounds.withdraw(call, 'the request it belongs to was cancelled');
  }

  #clientAnswers(message: Message): void {
    const id = stringOf(message.id);
    if (id !== undefined && this.#rounds.answered(id, message)) return;
    this.#effects.note('debug', 'an answer to a question that is no longer open; dropped');
  }

  // Process to client.

  /** What results of some methods need in addition to {@link legacyResult}. */
  readonly #results: Readonly<Record<string, OnResult>> = {
    'tools/list': (bytes) => this.#tools.list(bytes),
    'tools/call': (bytes, { tool }) => this.#tools.called(tool, bytes),
  };

  #answer(message: Message, now: number): void {
    const { kind, bytes } = message;
    const id = bridgeIdOf(message.id);
    if (id !== undefined && this.#subscription.has(id)) {
      return this.#subscription.ended(id, message, now);
    }
    const call = id === undefined ? undefined : this.#calls.landed(id);
    if (!call) return this.#effects.note('debug', 'an answer to no request in flight; dropped');
    if (kind === 'error') return this.#settle(call, legacyError(bytes));
    const type = typeOf(bytes);
    if (type === 'input_required') return this.#rounds.begin(call, message, this.#client, now);
    if (type === 'complete') {
      const { code, message: words } = listsTooMuch();
      if (!isTooMuch(bytes)) return this.#settle(call, this.#legacyResult(bytes, call));
      this.#calls.remove(call);
      return this.#effects.fail(call.bridgeId, { code, message: words });
    }
    this.#calls.remove(call);
    const words = `The server answered with a result of type ${JSON.stringify(type)}, which this client does not know.`;
    this.#effects.fail(call.bridgeId, { code: CODE.internal, message: words });
  }

  #legacyResult(bytes: Uint8Array, call: MultiRoundCall): Uint8Array {
    const plain = legacyResult(bytes, call.method);
    const own = Object.hasOwn(this.#results, call.method) ? this.#results[call.method] : undefined;
    return own ? own(plain, call) : plain;
  }

  /** Gives a call its answer, always under the session's id, even if the process knew it by another. */
  #settle(call: MultiRoundCall, bytes: Uint8Array): void {
    this.#calls.remove(call);
    this.#effects.say(call.rounds === 0 ? bytes : underId(bytes, call.bridgeId));
  }

  /** Notifications of the process that are not simply passed on, or passed on without the tag of a listen. */
  readonly #notices: Readonly<Record<string, OnMessage>> = {
    'notifications/progress': (message) => this.#progress(message),
    'notifications/subscriptions/acknowledged': (message, now) =>
      this.#subscription.acknowledged(message, now),
    // It can only be about a listen: a modern process has no requests to take back.
    'notifications/cancelled': (message, now) => {
      const id = bridgeIdOf(message.requestId);
      if (id !== undefined && this.#subscription.has(id)) {
        this.#subscription.ended(id, message, now);
      }
    },
  };

  #notice(message: Message, now: number): void {
    const { method, bytes } = message;
    const own = Object.hasOwn(this.#notices, method) ? this.#notices[method] : undefined;
    if (own) return own(message, now);
    if (subscriptionIdAt(bytes) === undefined) return this.#effects.say(bytes);
    const uri = parsedAt(bytes, 'params', 'uri');
    if (!this.#subscription.isHeard(subscriptionIdIn(bytes), uri)) return;
    this.#effects.say(withoutMeta(bytes, 'params', META.subscriptionId));
  }

  #progress(message: Message): void {
    const { bytes } = message;
    const token = progressTokenOf(message);
    const call = token === undefined ? undefined : this.#calls.get(token);
    const said = call ? continued(bytes, call) : bytes;
    if (said) this.#effects.say(said);
  }
}

/** Whether a result is too large to be examined member by member. */
function isTooMuch(line: Uint8Array): boolean {
  const result = valueAt(line, 'result');
  const members = result ? [...membersOf(line, result).take(MAX_MEMBERS + 1)] : [];
  return (
    members.length > MAX_MEMBERS ||
    members.some(({ key, value }) => LISTS.has(key) && isOverlong(line, value))
  );
}

/** The `resultType`; anything but text is shown as JSON. */
function typeOf(line: Uint8Array): string {
  const type = valueAt(line, 'result', 'resultType');
  return type ? (stringAt(line, 'result', 'resultType') ?? 'no text') : 'complete';
}
