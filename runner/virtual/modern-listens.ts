// The open `subscriptions/listen` requests of a virtual server (MCP 2026-07-28, Utilities, "Subscriptions"). Each is made of one to each
// member that runs and has something to say on it. Its client sees one: it is acknowledged once, and goes on when a member is gone.
import type { BridgeRequestId, ClientRequestId } from '../../shared/ids.ts';
import { faultRow } from '../../shared/fault.ts';
import { isObject, type JsonObject } from '../../shared/json-value.ts';
import type { OnDue } from '../../shared/dues.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CODE, META } from '../../shared/mcp/modern.ts';
import { readCall } from '../translate/client-call.ts';
import { invalidParams } from '../translate/faults.ts';
import { listRequestLike, withChangedMember } from './edits.ts';
import type { FrontParts } from './front.ts';
import {
  CHANGING_KINDS,
  kindsOfChange,
  RESOURCES,
  TEMPLATES,
  type ChangingKind,
} from './list-kinds.ts';
import { ASK_MS, type VirtualMember } from './member.ts';

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

/** Members of a filter that name what somebody has, beside the changes of lists. */
const URIS = 'resourceSubscriptions';
const TASKS = 'taskIds';

/** A longer filter is honored in part, as the acknowledgement says. */
const MAX_NAMED = 1_024;

/** What is said before the acknowledgement and has to wait for it. */
const MAX_HELD = 256;

/** Codes of the errors with which a server says that it has no subscriptions, or none that may be had. */
const NEVER: ReadonlySet<unknown> = new Set([
  CODE.methodNotFound,
  CODE.invalidParams,
  faultRow('not_allowed').code,
]);

/** The first wait before a member is listened to again; it doubles. */
const AGAIN_MS = 1_000;
const AGAIN_MOST_MS = 60_000;

/** Members that are listened to for a URI. */
type Owners = ReadonlyMap<string, readonly VirtualMember[]>;

interface Listen {
  readonly id: BridgeRequestId;
  readonly clientId: ClientRequestId;
  readonly request: MessageView;
  readonly wanted: JsonObject;
  /** Members that were asked, each with what it acknowledged. */
  readonly members: Map<VirtualMember, JsonObject | undefined>;
  /** Members that ended theirs: when they are listened to again, if they were not already. */
  readonly again: Map<VirtualMember, { readonly at: number | undefined; readonly waitMs: number }>;
  held: (() => void)[];
  /** Not acknowledged yet: the time at which it is, whoever has answered. */
  until: number | undefined;
}

export class ModernListens {
  readonly #parts: FrontParts;
  readonly #open = new Map<BridgeRequestId, Listen>();

  constructor(parts: FrontParts) {
    this.#parts = parts;
  }

  open(request: MessageView, id: BridgeRequestId, now: number): void {
    const { members, isSole, effects, memberLists, routes } = this.#parts;
    const [sole] = members;
    if (isSole && sole) return sole.request(request, now, { isEndless: true });
    const wanted = request.parsed('params', 'notifications');
    const clientId = readCall(request)?.clientId;
    if (!isObject(wanted) || clientId === undefined)
      return effects.fail(id, invalidParams('params.notifications must be a subscription filter.'));
    const listen: Listen = {
      id,
      clientId,
      request: request.kept(),
      wanted: bounded(wanted),
      members: new Map(),
      again: new Map(),
      held: [],
      until: now + ASK_MS,
    };
    this.#open.set(id, listen);
    const go = (at: number): void => {
      if (this.#open.get(id) !== listen) return;
      const owners = this.#ownersOf(listen);
      for (const member of members) this.#ask(listen, member, at, owners);
      this.#mayAcknowledge(listen);
    };
    const uris = textsIn(listen.wanted, URIS);
    if (uris.every((uri) => routes.knowsUri(uri))) return go(now);
    const likes = [RESOURCES, TEMPLATES].map(
      (kind) => [kind, listRequestLike(request, kind.method)] as const,
    );
    memberLists.ensure(new Map(likes), routes.ofResources, now, go);
  }

  /** Its client does not listen any more. */
  close(id: BridgeRequestId): void {
    this.#open.delete(id);
  }

  /** A member has started. */
  join(member: VirtualMember, now: number): void {
    for (const listen of this.#open.values())
      if (listen.until === undefined && !listen.members.has(member)) this.#ask(listen, member, now);
  }

  /** What a member says on a subscription; false if it is of none. */
  said(
    member: VirtualMember,
    message: MessageView,
    bridgeId: BridgeRequestId | undefined,
  ): boolean {
    const listen = bridgeId === undefined ? undefined : this.#open.get(bridgeId);
    if (!listen?.members.has(member)) return false;
    if (message.method === ACKNOWLEDGED) {
      const honored = message.parsed('params', 'notifications');
      listen.members.set(member, isObject(honored) ? honored : {});
      this.#mayAcknowledge(listen);
      return true;
    }
    for (const kind of kindsOfChange(message.method)) this.#parts.memberLists.forget(member, kind);
    const kept = this.#parts.seen(member, message).kept();
    this.#say(listen, () => this.#parts.effects.say(kept, listen.id));
    return true;
  }

  /** A list has changed, since a member came or went. */
  tellChanged(method: string): void {
    for (const listen of this.#open.values())
      for (const { changed } of wantedKinds(listen))
        if (changed === method) this.#say(listen, () => this.#notify(listen, method, ''));
  }

  /** All its lists may have changed. */
  #tellChangedOf(member: VirtualMember, listen: Listen): void {
    for (const kind of wantedKinds(listen))
      if (member.has(kind)) this.#say(listen, () => this.#notify(listen, kind.changed, ''));
  }

  dues(due: OnDue): void {
    for (const listen of this.#open.values()) {
      due(listen.until, () => this.#acknowledge(listen));
      for (const [member, { at }] of listen.again)
        due(at, (now) => {
          if (member.isDown)
            listen.again.set(member, { at: now + AGAIN_MOST_MS, waitMs: AGAIN_MS });
          else this.#ask(listen, member, now);
        });
    }
  }

  /** Listens to a member that has something to say on it; one that is asleep only for what it is asked for by name. */
  #ask(listen: Listen, member: VirtualMember, now: number, owners = this.#ownersOf(listen)): void {
    const filter = this.#allowedFor(listen, member, owners);
    const isNamed = [URIS, TASKS].some((key) => textsIn(filter, key).length > 0);
    const isNothing = Object.keys(filter).length === 0 || (member.isAsleep && !isNamed);
    if (member.isDown || isNothing) return void listen.again.delete(member);
    const waited = listen.again.get(member)?.waitMs;
    if (waited !== undefined) listen.again.set(member, { at: undefined, waitMs: waited });
    listen.members.set(member, undefined);
    member.request(requestOf(listen, filter), now, {
      isEndless: true,
      answered: (answer, at) => this.#ended(listen, member, answer, waited, at),
    });
  }

  /**
   * By URI: finding an owner looks at all that is listed, so it is done once for all members. What no list tells of may be of any, or of
   * one that has not said yet what it has.
   */
  #ownersOf({ wanted }: Listen): Owners {
    const { routes } = this.#parts;
    const ownersOf = (uri: string): readonly VirtualMember[] =>
      routes.knowsUri(uri) ? routes.ofUri(uri).slice(0, 1) : routes.ofResources;
    return new Map(textsIn(wanted, URIS).map((uri) => [uri, ownersOf(uri)]));
  }

  /** Without its resources, if they may not be watched: all else is listened to. */
  #allowedFor(listen: Listen, member: VirtualMember, owners: Owners): JsonObject {
    const filter = this.#filterFor(listen, member, owners);
    if (!Object.hasOwn(filter, URIS) || member.rules.judge(requestOf(listen, filter)).ok)
      return filter;
    const { [URIS]: _, ...rest } = filter;
    return rest;
  }

  #filterFor(listen: Listen, member: VirtualMember, owners: Owners): JsonObject {
    const { tasks } = this.#parts;
    const { wanted } = listen;
    const filter: Record<string, unknown> = {};
    for (const kind of wantedKinds(listen)) if (member.has(kind)) filter[kind.filter] = true;
    const uris = textsIn(wanted, URIS).filter((uri) => owners.get(uri)?.includes(member) === true);
    if (uris.length > 0) filter[URIS] = uris;
    const ids = textsIn(wanted, TASKS).flatMap((taskId) => {
      const task = tasks.of(taskId);
      return task?.member === member ? [task.own] : [];
    });
    if (ids.length > 0) filter[TASKS] = ids;
    return filter;
  }

  /** A member ended its part: its process is gone, or it refused. */
  #ended(
    listen: Listen,
    member: VirtualMember,
    answer: MessageView,
    waited: number | undefined,
    now: number,
  ): void {
    if (this.#open.get(listen.id) !== listen) return;
    const wasOpen = listen.members.get(member) !== undefined;
    listen.members.delete(member);
    // A server that has no subscriptions is not asked again; one that had some, or could not be started, is.
    const code = answer.parsed('error', 'code');
    const hasNone = NEVER.has(code);
    if (!hasNone || wasOpen || waited !== undefined) {
      const waitMs = Math.min(AGAIN_MOST_MS, wasOpen ? AGAIN_MS : 2 * (waited ?? AGAIN_MS));
      listen.again.set(member, { at: now + waitMs, waitMs });
    } else listen.again.delete(member);
    if (wasOpen) this.#tellChangedOf(member, listen);
    this.#mayAcknowledge(listen);
  }

  #mayAcknowledge(listen: Listen): void {
    const isOpen = [...listen.members.values()].every((honored) => honored !== undefined);
    if (listen.until !== undefined) {
      if (isOpen) this.#acknowledge(listen);
      return;
    }
    // One that is back has lists of its own again.
    for (const [member, honored] of listen.members)
      if (honored !== undefined && listen.again.delete(member)) this.#tellChangedOf(member, listen);
  }

  #acknowledge(listen: Listen): void {
    if (listen.until === undefined) return;
    listen.until = undefined;
    const honored: Record<string, unknown> = {};
    for (const kind of wantedKinds(listen))
      if (this.#parts.members.some((each) => each.has(kind))) honored[kind.filter] = true;
    const heard = new Set([...listen.members.values()].flatMap((of) => textsIn(of ?? {}, URIS)));
    const uris = textsIn(listen.wanted, URIS).filter((uri) => heard.has(uri));
    if (uris.length > 0) honored[URIS] = uris;
    const ids = textsIn(listen.wanted, TASKS);
    if (ids.length > 0) honored[TASKS] = ids;
    this.#notify(listen, ACKNOWLEDGED, `,"notifications":${JSON.stringify(honored)}`);
    for (const say of listen.held.splice(0)) say();
  }

  #say(listen: Listen, say: () => void): void {
    if (listen.until === undefined) return say();
    if (listen.held.length < MAX_HELD) listen.held.push(say);
  }

  /** `more`: members of the params, as JSON text that begins with a comma. */
  #notify({ id, clientId }: Listen, method: string, more: string): void {
    const meta = `{${JSON.stringify(META.subscriptionId)}:${clientId}}`;
    const params = `{"_meta":${meta}${more}}`;
    const text = `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${params}}`;
    this.#parts.effects.say(text, id);
  }
}

/** The request for a member's part. */
const requestOf = ({ request }: Listen, filter: JsonObject): MessageView =>
  withChangedMember(request, ['params', 'notifications'], JSON.stringify(filter));

/** The kinds of lists of whose changes its client wants to hear. */
const wantedKinds = ({ wanted }: Listen): readonly ChangingKind[] =>
  CHANGING_KINDS.filter(({ filter }) => wanted[filter] === true);

/** The filter with no more names than are watched. */
function bounded(wanted: JsonObject): JsonObject {
  const named = [URIS, TASKS].filter((key) => Object.hasOwn(wanted, key));
  const first = (key: string) => [...new Set(textsIn(wanted, key))].slice(0, MAX_NAMED);
  return { ...wanted, ...Object.fromEntries(named.map((key) => [key, first(key)])) };
}

function textsIn(filter: JsonObject, key: string): readonly string[] {
  const values = filter[key];
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}
