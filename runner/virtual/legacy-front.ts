// A virtual server before a client of the legacy era: `initialize` greets the members, and what the client has set is set again in a
// member that was started later or again.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { OnDue } from '../../shared/dues.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { MAX_URI, MAX_WATCHED } from '../core/resource-uris.ts';
import { notInitialized } from '../translate/faults.ts';
import { canonical } from '../translate/json.ts';
import { requestOf, underId } from '../translate/message.ts';
import type { Front, FrontParts } from './front.ts';
import { joinedInitialize } from './joined-greeting.ts';
import { CHANGING_KINDS, type ListKind } from './list-kinds.ts';
import { ASK_MS, type ClientGreeting, type VirtualMember } from './member.ts';

/** Nothing is known of who it is before it has initialized. */
interface Opening {
  readonly bridgeId: BridgeRequestId;
  readonly request: MessageView;
  /** Until then all are waited for; undefined: it has passed, and one that answers is enough. */
  until: number | undefined;
}

export class LegacyFront implements Front {
  readonly #parts: FrontParts;
  #greeting: ClientGreeting | undefined;
  #opening: Opening | undefined;
  /** The client's last `logging/setLevel`, for members that start later. */
  #level: MessageView | undefined;
  /** The resources that the client is subscribed to, by URI, each with the request and the member that took it. */
  readonly #subscribed = new Map<
    string,
    { readonly request: MessageView; readonly member: VirtualMember }
  >();
  /** Members that started after their lists were shown from memory. */
  readonly #unverified = new Set<VirtualMember>();
  /** Members that the client has seen go. */
  readonly #left = new Set<VirtualMember>();

  constructor(parts: FrontParts) {
    this.#parts = parts;
  }

  get greeting(): ClientGreeting | undefined {
    return this.#greeting;
  }

  request(message: MessageView, id: BridgeRequestId, now: number): boolean {
    switch (message.method) {
      case 'initialize':
        this.#initialize(message, id, now);
        return true;
      case 'ping':
        this.#parts.effects.answer(id, '{}');
        return true;
    }
    // How its members would be greeted is not known, so nothing that waited for them would ever come to an end.
    if (!this.#greeting) {
      this.#parts.effects.fail(id, notInitialized());
      return true;
    }
    switch (message.method) {
      case 'logging/setLevel':
        if (this.#parts.isSole) {
          this.#level = message.kept();
          return false;
        }
        this.#setLevel(message, id, now);
        return true;
      default:
        this.#initialized(now);
        return false;
    }
  }

  notification(message: MessageView, now: number): boolean {
    if (message.method !== 'notifications/initialized') return false;
    this.#initialized(now);
    return true;
  }

  lists(kind: ListKind | undefined): ListKind | undefined {
    return kind;
  }

  cancelled(): void {}

  greeted(): void {
    this.#mayOpen();
  }

  ready(member: VirtualMember, now: number): void {
    if (this.#level && Object.hasOwn(member.capabilities, 'logging'))
      member.ask(this.#level, undefined, now, () => undefined);
    for (const { request, member: taker } of this.#subscribed.values())
      if (taker === member) member.ask(request, undefined, now, () => undefined);
    if (this.#left.delete(member)) this.#tellAllChanged(member);
    else if (this.#unverified.delete(member))
      this.#parts.memberLists.verify(member, (kind) => this.listLike(kind), now);
  }

  served(): void {}

  gone(member: VirtualMember): void {
    if (this.#opening) return this.#mayOpen();
    if (this.#left.has(member)) return;
    this.#left.add(member);
    this.#unverified.delete(member);
    // Of one alone no list is there to be taken meanwhile.
    if (!this.#parts.isSole) this.#tellAllChanged(member);
  }

  said(): boolean {
    return false;
  }

  likeliest(
    { method }: MessageView,
    uri: string,
    members: readonly VirtualMember[],
  ): readonly VirtualMember[] {
    const taker = this.#subscribed.get(uri)?.member;
    if (method !== UNSUBSCRIBE || !taker) return members;
    return [taker, ...members.filter((member) => member !== taker)];
  }

  whenAnswered(
    { method }: MessageView,
    uri: string | undefined,
    member: VirtualMember,
  ): ((answer: MessageView) => void) | undefined {
    if (uri === undefined) return undefined;
    // Whatever its member says, the client wants no more of it.
    if (method === UNSUBSCRIBE) this.#subscribed.delete(uri);
    if (method !== SUBSCRIBE) return undefined;
    return ({ kind }) => {
      if (kind === 'result') this.#remember(uri, member);
    };
  }

  #remember(uri: string, member: VirtualMember): void {
    if (uri.length > MAX_URI || this.#subscribed.size >= MAX_WATCHED) return;
    // Made anew: what else was in the client's may be large.
    const request = requestOf({ id: 0 as BridgeRequestId, method: SUBSCRIBE, params: { uri } });
    this.#subscribed.set(uri, { request, member });
  }

  listLike({ method }: ListKind): MessageView {
    return requestOf({ id: 0 as BridgeRequestId, method });
  }

  moreOfList(): string {
    return '';
  }

  tellChanged(method: string): void {
    this.#parts.effects.say({ method });
  }

  dues(due: OnDue): void {
    due(this.#opening?.until, this.#openAtLast);
  }

  /** Made once: the times are told after every message. */
  readonly #openAtLast = (): void => {
    if (this.#opening) this.#opening.until = undefined;
    this.#mayOpen();
  };

  #initialize(request: MessageView, bridgeId: BridgeRequestId, now: number): void {
    const { members, knowClient, isSole } = this.#parts;
    const declared = ['protocolVersion', 'capabilities'].map((key) =>
      request.parsed('params', key),
    );
    knowClient(canonical(declared.map((value) => value ?? null)));
    this.#greeting = { initialize: request.kept(), isInitialized: false };
    this.#opening = { bridgeId, request, until: now + ASK_MS };
    for (const member of members) {
      const isKnown = member.known.greeting !== undefined;
      // A member alone answers for itself, so it is always asked.
      if (isKnown && !isSole) this.#unverified.add(member);
      else member.wake(now);
    }
    this.#mayOpen();
  }

  /** Answers the client when all members have answered, or some have and the others take too long. */
  #mayOpen(): void {
    const opening = this.#opening;
    if (!opening) return;
    const { members, effects, isSole, name } = this.#parts;
    const known = members.filter(({ known: { greeting } }) => greeting !== undefined);
    const open = members.filter(
      (member) => !member.isDown && (!known.includes(member) || (isSole && !member.isGreeted)),
    );
    const answered = known.filter(({ isDown }) => !isDown);
    if (open.length > 0 && (opening.until !== undefined || answered.length === 0)) return;
    this.#opening = undefined;
    const { bridgeId, request } = opening;
    const [first] = members;
    if (answered.length === 0 && first) {
      const refusal = members.find((member) => member.refusal)?.refusal;
      if (refusal) return effects.say(underId(refusal, bridgeId));
      return effects.fail(bridgeId, first.whyDown);
    }
    for (const member of members) if (!answered.includes(member)) this.#left.add(member);
    const greetings = answered.flatMap((member) =>
      member.known.greeting ? [{ name: member.name, answer: member.known.greeting }] : [],
    );
    const [only] = greetings;
    if (isSole && only) return effects.say(underId(only.answer, bridgeId));
    const wanted = request.string('params', 'protocolVersion');
    effects.answer(bridgeId, joinedInitialize(name, wanted, greetings));
  }

  #initialized(now: number): void {
    if (!this.#greeting || this.#greeting.isInitialized) return;
    this.#greeting.isInitialized = true;
    for (const member of this.#parts.members) member.initialized(now);
  }

  /** To all that log; a member that is not running learns it when it is. */
  #setLevel(message: MessageView, id: BridgeRequestId, now: number): void {
    this.#initialized(now);
    const { members, effects } = this.#parts;
    const logging = members.filter(
      (member) => member.isReady && Object.hasOwn(member.capabilities, 'logging'),
    );
    this.#level = message.kept();
    let pending = logging.length;
    let refusal: MessageView | undefined;
    const conclude = (): void => {
      if (refusal) {
        this.#level = undefined;
        effects.say(underId(refusal, id));
      } else effects.answer(id, '{}');
    };
    if (pending === 0) return conclude();
    for (const member of logging)
      member.ask(message, undefined, now, (answer) => {
        if (answer.ok && answer.message.kind === 'error') refusal ??= answer.message;
        pending -= 1;
        if (pending === 0) conclude();
      });
  }

  /** What a member alone declares is what its client knows: of the rest it wants to hear nothing. */
  #tellAllChanged(member: VirtualMember): void {
    const { isSole, effects } = this.#parts;
    for (const kind of CHANGING_KINDS)
      if (isSole ? member.tellsChangesOf(kind) : member.has(kind))
        effects.say({ method: kind.changed });
  }
}

const SUBSCRIBE = 'resources/subscribe';
const UNSUBSCRIBE = 'resources/unsubscribe';
