// Gives a legacy client the notifications that it expects without asking, or asks for with `resources/subscribe`, from a
// process that sends them only to listeners (MCP 2026-07-28, Utilities, "Subscriptions"). There is one `subscriptions/listen`
// at a time; it is replaced when what is wanted changes.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { CODE } from '../../../shared/mcp/modern.ts';
import { legacyError } from './answers.ts';
import { FIRST_SLOT, type Effects } from '../effects.ts';
import { isObject, type JsonObject } from '../../../shared/json-value.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { requestOf, underId } from '../message.ts';
import type { OwnRequests } from '../own-requests.ts';
import { subscriptionIdIn } from '../subscription-id.ts';

/** A listen that ended by itself is opened again after this long; at once it might end again and again. */
const REOPEN_MS = 1_000;
/** After this many in a row the process seems not to want it. */
const MAX_REOPENED = 5;
/** A listen that lasted this long was in order, and the count starts again. */
const STEADY_MS = 60_000;

/** The capability of the process that, with `listChanged`, allows each member of the filter. */
const CHANGES: readonly (readonly [capability: string, member: string])[] = [
  ['tools', 'toolsListChanged'],
  ['prompts', 'promptsListChanged'],
  ['resources', 'resourcesListChanged'],
];

interface Listen {
  readonly id: BridgeRequestId;
  readonly openedAt: number;
  /** Its resources: those asked for and, once acknowledged, those granted. */
  uris: ReadonlySet<string>;
}

/** A `resources/subscribe` of the client that is not answered. */
interface Subscriber {
  readonly id: BridgeRequestId;
  readonly uri: string;
}

export class KeptSubscription {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  /** Turns a request into one of this client for a modern process. */
  readonly #onRequest: (request: MessageView) => MessageView;
  #changes: readonly string[] = [];
  readonly #uris = new Set<string>();
  /** The acknowledged listen, whose notifications the client gets. */
  #current: Listen | undefined;
  /** The listen that will replace it. */
  #replacement: Listen | undefined;
  #subscribers: Subscriber[] = [];
  #reopenAt: number | undefined;
  #reopened = 0;

  constructor(parts: {
    effects: Effects;
    own: OwnRequests;
    onRequest: (request: MessageView) => MessageView;
  }) {
    this.#effects = parts.effects;
    this.#own = parts.own;
    this.#onRequest = parts.onRequest;
  }

  /** What the process can report, from its `server/discover`. */
  offered(capabilities: JsonObject): void {
    const isOffered = ([name]: readonly [string, string]): boolean => {
      const capability = capabilities[name];
      return isObject(capability) && capability['listChanged'] === true;
    };
    this.#changes = CHANGES.filter(isOffered).map(([, member]) => member);
  }

  /** Adjusts the listen to what is wanted now. Call when the client is ready. */
  adjust(now: number): void {
    if (this.#replacement || this.#reopenAt !== undefined || this.#isAsWanted) return;
    if (this.#isWanted) return this.#open(now);
    if (this.#current) this.#effects.cancel(FIRST_SLOT, this.#current.id);
    this.#current = undefined;
  }

  /** `resources/subscribe`; answered when the process has agreed. */
  subscribe(id: BridgeRequestId, uri: string, now: number): void {
    if (this.#current?.uris.has(uri) && this.#uris.has(uri)) return this.#effects.answer(id, '{}');
    this.#uris.add(uri);
    this.#subscribers.push({ id, uri });
    this.#reopenAt = undefined;
    this.adjust(now);
  }

  /** `resources/unsubscribe`; the client gets nothing more of it from here on. */
  unsubscribe(id: BridgeRequestId, uri: string, now: number): void {
    this.#uris.delete(uri);
    this.#effects.answer(id, '{}');
    this.adjust(now);
  }

  /** The client no longer waits for the answer to a `resources/subscribe`; false when it did not. */
  forget(id: BridgeRequestId): boolean {
    const left = this.#subscribers.filter((subscriber) => subscriber.id !== id);
    const isKnown = left.length < this.#subscribers.length;
    this.#subscribers = left;
    return isKnown;
  }

  /** Whether a request to the process is a listen. */
  has(id: BridgeRequestId | undefined): boolean {
    return id !== undefined && (id === this.#current?.id || id === this.#replacement?.id);
  }

  /** Whether the client may see a notification with this tag. */
  isHeard(tag: number | undefined, uri: unknown): boolean {
    if (tag === undefined || tag !== (this.#current ?? this.#replacement)?.id) return false;
    return typeof uri !== 'string' || this.#mayBelong(uri);
  }

  /** `notifications/subscriptions/acknowledged`. */
  acknowledged(message: MessageView, now: number): void {
    const opened = this.#replacement;
    if (!opened || subscriptionIdIn(message) !== opened.id) return;
    const granted: unknown = message.parsed('params', 'notifications', 'resourceSubscriptions');
    const asked = opened.uris;
    opened.uris = asked.intersection(new Set<unknown>(Array.isArray(granted) ? granted : []));
    if (this.#current) this.#effects.cancel(FIRST_SLOT, this.#current.id);
    this.#current = opened;
    this.#replacement = undefined;
    const refused = asked.difference(opened.uris);
    for (const { id, uri } of this.#takeSubscribers(asked)) {
      if (!refused.has(uri)) this.#effects.answer(id, '{}');
      else
        this.#effects.fail(id, {
          code: CODE.invalidParams,
          message: 'The server does not send updates for this resource.',
        });
    }
    for (const uri of refused) this.#uris.delete(uri);
    this.adjust(now);
  }

  /** The process ended a listen of {@link has}: by its answer, or by taking it back. */
  ended(id: BridgeRequestId, message: MessageView, now: number): void {
    if (id === this.#replacement?.id) return this.#refused(this.#replacement, message, now);
    const ended = this.#current;
    this.#current = undefined;
    if (ended && now - ended.openedAt >= STEADY_MS) this.#reopened = 0;
    if (!this.#replacement) this.#reopenLater(now);
  }

  tick(now: number): void {
    if (this.#reopenAt === undefined || this.#reopenAt > now) return;
    this.#reopenAt = undefined;
    this.adjust(now);
  }

  get wakeAt(): number | undefined {
    return this.#reopenAt;
  }

  get #isWanted(): boolean {
    return this.#changes.length > 0 || this.#uris.size > 0;
  }

  get #isAsWanted(): boolean {
    if (!this.#current) return !this.#isWanted;
    return this.#isWanted && this.#current.uris.symmetricDifference(this.#uris).size === 0;
  }

  /** A server may report a resource below the subscribed one; what was unsubscribed is not passed on any more. */
  #mayBelong(uri: string): boolean {
    for (const wanted of this.#uris) if (uri.startsWith(wanted)) return true;
    return false;
  }

  #open(now: number): void {
    const id = this.#own.mint();
    const uris = new Set(this.#uris);
    const notifications = {
      ...Object.fromEntries(this.#changes.map((member) => [member, true])),
      ...(uris.size > 0 && { resourceSubscriptions: [...uris] }),
    };
    this.#replacement = { id, openedAt: now, uris };
    const params = { notifications };
    const request = requestOf({ id, method: 'subscriptions/listen', params });
    this.#effects.write(FIRST_SLOT, this.#onRequest(request));
  }

  /** The process refused a listen: those who waited for it get an error, and the listen before it stays. */
  #refused(refused: Listen, answer: MessageView, now: number): void {
    this.#replacement = undefined;
    for (const { id, uri } of this.#takeSubscribers(refused.uris)) {
      this.#uris.delete(uri);
      if (answer.kind === 'error') this.#effects.say(underId(legacyError(answer), id));
      else
        this.#effects.fail(id, {
          code: CODE.internal,
          message: 'The server ended the subscription.',
        });
    }
    this.#reopenLater(now);
  }

  #reopenLater(now: number): void {
    if (this.#isAsWanted) return;
    if (this.#reopened++ < MAX_REOPENED) {
      this.#reopenAt = now + REOPEN_MS;
      return;
    }
    this.#effects.note('warn', 'the process ends every subscription; the client hears no changes');
    for (const { id } of this.#subscribers.splice(0)) {
      this.#effects.fail(id, {
        code: CODE.internal,
        message: 'The server ends every subscription.',
      });
    }
  }

  /** Those who wait for one of `uris`, no longer waiting. */
  #takeSubscribers(uris: ReadonlySet<string>): Subscriber[] {
    const taken = this.#subscribers.filter(({ uri }) => uris.has(uri));
    this.#subscribers = this.#subscribers.filter(({ uri }) => !uris.has(uri));
    return taken;
  }
}
