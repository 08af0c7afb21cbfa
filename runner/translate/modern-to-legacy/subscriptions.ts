// The open `subscriptions/listen` requests on legacy processes: what each may hear, and who subscribed to what.
import { META } from '../../../shared/mcp/modern.ts';
import type { Effects } from '../effects.ts';
import { invalidParams } from '../faults.ts';
import { isObject, type JsonObject } from '../../../shared/json-value.ts';
import { at } from '../json.ts';
import type { LegacyCall } from './call.ts';
import type { About } from './pool.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { covers } from '../../core/resource-uris.ts';
import { endOfListen, tagged } from '../subscription-id.ts';
import type { OwnRequests } from '../own-requests.ts';

/** Members of a filter, with the capability that each needs and the notification that it lets through. */
const CHANGES = [
  ['toolsListChanged', 'tools', 'notifications/tools/list_changed'],
  ['promptsListChanged', 'prompts', 'notifications/prompts/list_changed'],
  ['resourcesListChanged', 'resources', 'notifications/resources/list_changed'],
] as const;

const UPDATED = 'notifications/resources/updated';

interface Listen {
  readonly call: LegacyCall;
  readonly slot: number;
  /** Notifications it wants. */
  readonly methods: ReadonlySet<string>;
  readonly uris: readonly string[];
}

export class Subscriptions {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #listens = new Map<LegacyCall, Listen>();

  constructor(effects: Effects, own: OwnRequests) {
    this.#effects = effects;
    this.#own = own;
  }

  /** Acknowledges what the process at `slot` can report of what was asked for. False if the request is refused. */
  open(call: LegacyCall, slot: number, about: About): boolean {
    const { client } = call;
    const wanted = client.message.parsed('params', 'notifications');
    if (!isObject(wanted) || !isFilter(wanted)) {
      const error = invalidParams('params.notifications must be a subscription filter.');
      this.#effects.fail(client.bridgeId, error);
      return false;
    }
    const changes = CHANGES.filter(
      ([member, capability]) =>
        wanted[member] === true && at(about.capabilities, capability, 'listChanged') === true,
    );
    const canSubscribe = at(about.capabilities, 'resources', 'subscribe') === true;
    const uris = canSubscribe ? urisOf(wanted) : [];
    const honored = {
      ...Object.fromEntries(changes.map(([member]) => [member, true])),
      ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}),
    };
    this.#acknowledge(call, honored);
    const isNew = uris.filter((uri) => !this.#isSubscribed(slot, uri));
    const methods = new Set<string>(changes.map(([, , method]) => method));
    this.#listens.set(call, { call, slot, methods, uris });
    for (const uri of isNew) this.#send(slot, 'resources/subscribe', uri);
    return true;
  }

  /** The client no longer listens; it gets nothing more. */
  close(call: LegacyCall): void {
    const listen = this.#listens.get(call);
    if (!listen) return;
    this.#listens.delete(call);
    for (const uri of listen.uris) {
      if (!this.#isSubscribed(listen.slot, uri))
        this.#send(listen.slot, 'resources/unsubscribe', uri);
    }
  }

  /** Its process is gone: the subscription ends as a server ends one. False if the call is not an open listen. */
  end(call: LegacyCall): boolean {
    if (!this.#listens.delete(call)) return false;
    this.#effects.say(endOfListen(call.client));
    return true;
  }

  /** A notification of a process; a tagged copy goes to each listen that wants it. False when it is none of these. */
  changed(message: MessageView): boolean {
    const { method } = message;
    const isUpdate = method === UPDATED;
    if (!isUpdate && !CHANGES.some(([, , name]) => name === method)) return false;
    const uri = isUpdate ? message.parsed('params', 'uri') : undefined;
    for (const { call, methods, uris } of this.#listens.values()) {
      const isWanted = isUpdate
        ? typeof uri === 'string' && uris.some((each) => covers(each, uri))
        : methods.has(method);
      if (!isWanted) continue;
      this.#effects.say(tagged(message, call.client), call.client.bridgeId);
    }
    return true;
  }

  /** A notification that no revision defines, for the clients that listen to the process at `slot`. False if there are none. */
  tell(slot: number, message: MessageView): boolean {
    const listening = [...this.#listens.values()].filter((listen) => listen.slot === slot);
    for (const {
      call: { client },
    } of listening)
      this.#effects.say(tagged(message, client), client.bridgeId);
    return listening.length > 0;
  }

  #acknowledge({ client: { bridgeId, clientId } }: LegacyCall, honored: object): void {
    const meta = `{${JSON.stringify(META.subscriptionId)}:${clientId}}`;
    const params = `{"_meta":${meta},"notifications":${JSON.stringify(honored)}}`;
    const method = 'notifications/subscriptions/acknowledged';
    this.#effects.say(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`, bridgeId);
  }

  #isSubscribed(slot: number, uri: string): boolean {
    return [...this.#listens.values()].some(
      (listen) => listen.slot === slot && listen.uris.includes(uri),
    );
  }

  #send(slot: number, method: string, uri: string): void {
    this.#own.send(slot, method, { uri });
  }
}

function isFilter(wanted: JsonObject): boolean {
  const uris = wanted['resourceSubscriptions'];
  return (
    CHANGES.every(([member]) => ['undefined', 'boolean'].includes(typeof wanted[member])) &&
    (uris === undefined || (Array.isArray(uris) && uris.every((uri) => typeof uri === 'string')))
  );
}

function urisOf(wanted: JsonObject): string[] {
  const uris = wanted['resourceSubscriptions'];
  return Array.isArray(uris) ? [...new Set(uris as string[])] : [];
}
