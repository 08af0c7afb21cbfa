// Translates between a legacy client and a modern process, in both directions, with one table of the methods that differ.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { isOverlong } from '../../../shared/jsonrpc/elements.ts';
import { LISTED_ELEMENTS } from '../../../shared/limits.ts';
import { ASKING_METHODS, CODE, META } from '../../../shared/mcp/modern.ts';
import type { OnDue } from '../../../shared/dues.ts';
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
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { progressTokenOf, stringOf, underId } from '../message.ts';
import type { OwnRequests } from '../own-requests.ts';
import { continued } from './progress.ts';
import { isTagged, subscriptionIdIn } from '../subscription-id.ts';
import { Tools } from './tools.ts';

/** Members of results that are examined one by one. */
const LISTS: ReadonlySet<string> = new Set(['tools', 'content']);

/** No result of a schema has so many. */
const MAX_MEMBERS = 1_000;

type OnMessage = (message: MessageView, now: number) => void;
type OnRequest = (id: BridgeRequestId, request: MessageView, now: number) => void;
type OnResult = (answer: MessageView, call: MultiRoundCall) => MessageView;

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
    const onRequest = (request: MessageView): MessageView => this.#client.onRequest(request);
    this.#subscription = new KeptSubscription({ ...parts, onRequest });
  }

  /** The client has introduced itself, and the process has said what it can. */
  introduce(client: DeclaredClient, capabilities: JsonObject): void {
    this.#client = client;
    this.#subscription.offered(capabilities);
  }

  /** One message of the client. */
  fromClient(message: MessageView, now: number): void {
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
  fromProcess(message: MessageView, now: number): void {
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

  dues(due: OnDue): void {
    due(this.#calls.nextRetryAt, (now) => this.#rounds.tick(now));
    due(this.#subscription.wakeAt, (now) => this.#subscription.tick(now));
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

  #request(message: MessageView, now: number): void {
    const { method } = message;
    const id = bridgeIdOf(message.id);
    if (id === undefined) return;
    const own = Object.hasOwn(this.#requests, method) ? this.#requests[method] : undefined;
    if (own) return own(id, message, now);
    const request = this.#client.onRequest(message);
    const tool = method === 'tools/call' ? message.string('params', 'name') : undefined;
    // Only requests that may lead to questions are sent again.
    const kept = ASKING_METHODS.has(method) ? request : undefined;
    this.#calls.add({ bridgeId: id, method, request: kept, tool });
    this.#effects.write(FIRST_SLOT, request);
  }

  #setLevel(id: BridgeRequestId, request: MessageView): void {
    const level = request.parsed('params', 'level');
    if (!isLoggingLevel(level)) {
      return this.#effects.fail(id, invalidParams('This is not a logging level.'));
    }
    this.#client.logLevel = level;
    this.#effects.answer(id, '{}');
  }

  /** The resource a request names; a request without one is refused. */
  #uriOf(id: BridgeRequestId, request: MessageView): string | undefined {
    const uri = request.parsed('params', 'uri');
    if (typeof uri === 'string') return uri;
    this.#effects.fail(id, invalidParams('The request does not name a resource.'));
    return undefined;
  }

  #notification(message: MessageView, now: number): void {
    const { method } = message;
    const own = Object.hasOwn(this.#notifications, method)
      ? this.#notifications[method]
      : undefined;
    if (own) own(message, now);
    else this.#effects.notify(FIRST_SLOT, message);
  }

  #cancelled(message: MessageView): void {
    const id = bridgeIdOf(message.requestId);
    if (id !== undefined && this.#subscription.forget(id)) return;
    const call = id === undefined ? undefined : this.#calls.get(id);
    const { roundId } = call ?? {};
    if (!call || roundId === call.bridgeId) this.#effects.notify(FIRST_SLOT, message);
    else if (roundId !== undefined) this.#effects.cancel(FIRST_SLOT, roundId);
    if (call) this.#rounds.withdraw(call, 'the request it belongs to was cancelled');
  }

  #clientAnswers(message: MessageView): void {
    const id = stringOf(message.id);
    if (id !== undefined && this.#rounds.answered(id, message)) return;
    this.#effects.note('debug', 'an answer to a question that is no longer open; dropped');
  }

  // Process to client.

  /** What results of some methods need in addition to {@link legacyResult}. */
  readonly #results: Readonly<Record<string, OnResult>> = {
    'tools/list': (answer) => this.#tools.list(answer),
    'tools/call': (answer, { tool }) => this.#tools.called(tool, answer),
  };

  #answer(message: MessageView, now: number): void {
    const id = bridgeIdOf(message.id);
    if (id !== undefined && this.#subscription.has(id)) {
      return this.#subscription.ended(id, message, now);
    }
    const call = id === undefined ? undefined : this.#calls.landed(id);
    if (!call) return this.#effects.note('debug', 'an answer to no request in flight; dropped');
    if (message.kind === 'error') return this.#settle(call, legacyError(message));
    const type = typeOf(message);
    if (type === 'input_required') return this.#rounds.begin(call, message, this.#client, now);
    if (type === 'complete') {
      const { code, message: words } = listsTooMuch();
      if (!isTooMuch(message)) return this.#settle(call, this.#legacyResult(message, call));
      this.#calls.remove(call);
      return this.#effects.fail(call.bridgeId, { code, message: words });
    }
    this.#calls.remove(call);
    const words = `The server answered with a result of type ${JSON.stringify(type)}, which this client does not know.`;
    this.#effects.fail(call.bridgeId, { code: CODE.internal, message: words });
  }

  #legacyResult(answer: MessageView, call: MultiRoundCall): MessageView {
    const plain = legacyResult(answer, call.method);
    const own = Object.hasOwn(this.#results, call.method) ? this.#results[call.method] : undefined;
    return own ? own(plain, call) : plain;
  }

  /** Gives a call its answer, always under the session's id, even if the process knew it by another. */
  #settle(call: MultiRoundCall, answer: MessageView): void {
    this.#calls.remove(call);
    this.#effects.say(call.rounds === 0 ? answer : underId(answer, call.bridgeId));
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

  #notice(message: MessageView, now: number): void {
    const { method } = message;
    const own = Object.hasOwn(this.#notices, method) ? this.#notices[method] : undefined;
    if (own) return own(message, now);
    if (!isTagged(message)) return this.#effects.say(message);
    const uri = message.parsed('params', 'uri');
    if (!this.#subscription.isHeard(subscriptionIdIn(message), uri)) return;
    this.#effects.say(withoutMeta(message, 'params', META.subscriptionId));
  }

  #progress(message: MessageView): void {
    const token = progressTokenOf(message);
    const call = token === undefined ? undefined : this.#calls.get(token);
    const said = call ? continued(message, call) : message;
    if (said) this.#effects.say(said);
  }
}

/** Whether a result is too large to be examined member by member. */
function isTooMuch(answer: MessageView): boolean {
  let count = 0;
  for (const { key, value, elements } of answer.members('result')) {
    if (++count > MAX_MEMBERS) return true;
    if (!LISTS.has(key)) continue;
    if (elements === undefined ? isOverlong(answer.bytes, value) : elements > LISTED_ELEMENTS)
      return true;
  }
  return false;
}

/** The `resultType`; anything but text is shown as JSON. */
const typeOf = (answer: MessageView): string =>
  answer.has('result', 'resultType')
    ? (answer.string('result', 'resultType') ?? 'no text')
    : 'complete';
