// A virtual server: several servers as one. To the session it is the process, to its members it is the client, and it speaks one era on both
// sides: the client's, since each member has its own translator where it is of another. Pure: inputs in, effects out.
// One file above 300 lines: it is the way of each kind of message, and its readers look for one.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import { actDue, nextDue, type Dues } from '../../shared/dues.ts';
import { faultError, faultRow } from '../../shared/fault.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import { isVendorNotification } from '../../shared/mcp/notifications.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { OWN_IDS_FROM } from '../core/request-ids.ts';
import { Effects } from '../translate/effects.ts';
import { INVALID_STATE, invalidParams, listsTooMuch, methodNotFound } from '../translate/faults.ts';
import type { TranslateEffect } from '../translate/translator.ts';
import { withChangedMember } from './edits.ts';
import type { Front, FrontParts } from './front.ts';
import type { KnownMember, KnownMembers } from './known-members.ts';
import { LegacyFront } from './legacy-front.ts';
import { ModernFront } from './modern-front.ts';
import { Lists } from './lists.ts';
import {
  kindOfMethod,
  kindsOfChange,
  NAMING,
  RESOURCES,
  TEMPLATES,
  type ListKind,
} from './list-kinds.ts';
import { VirtualMember } from './member.ts';
import { MemberLists, type Likes } from './member-lists.ts';
import { MemberRules, type MemberSettings } from './member-rules.ts';
import { MemberQuestions } from './questions.ts';
import { roundOf, withOwner, type Round } from './request-states.ts';
import { Routes } from './routes.ts';
import { TaskOwners } from './task-owners.ts';
import { WaitingRequests } from './waiting-requests.ts';

export interface VirtualServerOptions {
  /** The name it is served under. */
  readonly name: ServerName;
  readonly isModern: boolean;
  /** In the order in which their lists follow each other. */
  readonly members: readonly MemberSettings[];
  readonly limits: { readonly startTimeoutMs: number; readonly requestTimeoutMs: number };
  /** Shared by the sessions that see the same. */
  readonly known: KnownMembers;
}

/** Above those of a session, of its pings and of the translators, and still integers of 31 bits. */
const IDS_FROM = OWN_IDS_FROM + OWN_IDS_FROM / 2;

export class VirtualServer {
  readonly #effects = new Effects();
  readonly #members: readonly VirtualMember[];
  /** The only member, if it is one: then its messages pass as they are, but for names. */
  readonly #sole: VirtualMember | undefined;
  /** What members ask in answers carries whose it is: in the modern era, and where there are several. */
  readonly #marksRounds: boolean;
  readonly #routes: Routes;
  readonly #memberLists: MemberLists;
  readonly #lists: Lists;
  readonly #questions: MemberQuestions;
  /** The process of the only member is another than the client began with. */
  #isAnother = false;
  readonly #tasks = new TaskOwners();
  readonly #front: Front;
  /** What this session's kind of client knows, by member. */
  #known: Map<ServerName, KnownMember> = new Map();
  /** Requests that wait for what members list. */
  readonly #unlisted = new WaitingRequests();
  /** Requests that go on with another member if the one that has them refuses. */
  readonly #tried = new Set<BridgeRequestId>();
  #nextId = IDS_FROM;

  constructor(options: VirtualServerOptions) {
    const { name, isModern, limits } = options;
    this.#members = options.members.map(
      (settings) =>
        new VirtualMember({
          rules: new MemberRules(settings),
          effects: this.#effects,
          mint: () => this.#nextId++ as BridgeRequestId,
          greeting: isModern ? undefined : () => this.#front.greeting,
          limits,
          quote: settings.quote,
          known: () => this.#knownOf(settings.name),
          greeted: () => this.#front.greeted(),
          ready: (member, now) => this.#front.ready(member, now),
          served: (member) => this.#front.served(member),
          gone: (member) => this.#gone(member),
          said: (...said) => this.#said(...said),
        }),
    );
    const [first, second] = this.#members;
    this.#sole = second ? undefined : first;
    this.#marksRounds = isModern && !this.#sole;
    this.#questions = new MemberQuestions(this.#sole !== undefined);
    this.#routes = new Routes(this.#members);
    this.#memberLists = new MemberLists({
      seen: (member, answer) => this.#withTasks(member, answer),
      changed: ({ changed }) => {
        if (changed !== undefined) this.#front.tellChanged(changed);
      },
    });
    this.#lists = new Lists({
      effects: this.#effects,
      members: this.#members,
      memberLists: this.#memberLists,
      routes: this.#routes,
      more: (pages) => this.#front.moreOfList(pages),
    });
    const parts: FrontParts = {
      name,
      effects: this.#effects,
      members: this.#members,
      memberLists: this.#memberLists,
      routes: this.#routes,
      tasks: this.#tasks,
      seen: (member, message) => this.#withTasks(member, message),
      isSole: this.#sole !== undefined,
      knowClient: (client) => {
        this.#known = options.known.of(client);
      },
    };
    this.#front = isModern ? new ModernFront(parts) : new LegacyFront(parts);
  }

  /** One message the session writes: ids of requests are the session's own integers, progress tokens too. */
  fromSession(message: MessageView, now: number): TranslateEffect[] {
    if (message.isAnswer) this.#answer(message, now);
    else if (message.kind === 'request') this.#request(message, now);
    else this.#notify(message, now);
    return this.#take(now);
  }

  /** A line or a message that the process at `slot` printed. `bridgeId`: of the request that it belongs to, if a translator knows it. */
  fromMember(
    slot: number,
    said: Uint8Array | MessageView,
    now: number,
    bridgeId?: BridgeRequestId,
  ): TranslateEffect[] {
    this.#at(slot)?.said(said, now, bridgeId);
    return this.#take(now);
  }

  /** A process has answered the translator at `slot`. */
  served(slot: number, now: number): TranslateEffect[] {
    this.#at(slot)?.served();
    return this.#take(now);
  }

  /** The process at `slot` does not read what it was sent. */
  full(slot: number): void {
    this.#at(slot)?.full();
  }

  drained(slot: number, now: number): TranslateEffect[] {
    this.#at(slot)?.drained();
    return this.#take(now);
  }

  exited(slot: number, description: string, now: number, hasRun = true): TranslateEffect[] {
    this.#at(slot)?.exited(description, hasRun, now);
    return this.#take(now);
  }

  tick(now: number): TranslateEffect[] {
    actDue(this.dues, now);
    return this.#take(now);
  }

  wakeAt(): number | undefined {
    return nextDue(this.dues);
  }

  readonly dues: Dues = (due) => {
    for (const member of this.#members) member.dues(due);
    this.#front.dues(due);
  };

  #take(now: number): TranslateEffect[] {
    for (const slot of this.#effects.takeNotified()) this.#at(slot)?.notified(now);
    return this.#effects.take();
  }

  #at(slot: number): VirtualMember | undefined {
    return this.#members.find((member) => member.slot === slot);
  }

  #knownOf(name: ServerName): KnownMember {
    const known = this.#known.get(name);
    if (known) return known;
    const fresh: KnownMember = { lists: new Map(), changes: new Map() };
    this.#known.set(name, fresh);
    return fresh;
  }

  #request(message: MessageView, now: number): void {
    const id = bridgeIdOf(message.id);
    const { method } = message;
    if (id === undefined || this.#front.request(message, id, now)) return;
    const kind = this.#front.lists(kindOfMethod(method));
    const sole = this.#sole;
    if (kind && sole) return this.#passList(sole, kind, message, now);
    if (kind) return this.#lists.request(message, kind, now);
    const round = this.#marksRounds ? roundOf(message) : undefined;
    if (round) return this.#goOn(round, id, now);
    const naming = NAMING.get(method);
    const isNamed = naming?.path[1] === 'name';
    // Whatever the name is: it need not be read.
    if (isNamed && sole?.rules.prefix === '') return this.#to(sole, message, now);
    if (isNamed) return this.#toNamed(message, id, naming.kind, naming.path, now);
    if (method === 'completion/complete') return this.#complete(message, id, now);
    if (sole) {
      const uri = naming && message.string(...naming.path);
      return this.#to(sole, message, now, uri);
    }
    if (naming) return this.#toUri(message, id, message.string(...naming.path), now);
    if (method.startsWith('tasks/')) return this.#aboutTask(message, id, now);
    this.#try(this.#members, message, id, now, isUnknownMethod);
  }

  #passList(member: VirtualMember, kind: ListKind, message: MessageView, now: number): void {
    const shown = (answer: MessageView): MessageView | string => {
      return member.rules.isTooLarge(answer, kind)
        ? errorResponse(message.id ?? null, listsTooMuch())
        : member.rules.shown(answer, kind);
    };
    member.request(message, now, { answered: (answer) => this.#effects.say(shown(answer)) });
  }

  /** A further round of a call is for the member that asked, and for nobody else: no list is asked for. */
  #goOn({ member: owner, request }: Round, id: BridgeRequestId, now: number): void {
    const member = this.#members.find(({ name }) => name === owner);
    const naming = NAMING.get(request.method);
    const what = naming && request.string(...naming.path);
    if (!member || !naming || what === undefined) return this.#effects.fail(id, INVALID_STATE);
    if (naming.path[1] === 'uri') return this.#to(member, request, now, what);
    const own = member.rules.withoutPrefix(what);
    if (own === undefined) return this.#effects.fail(id, INVALID_STATE);
    this.#to(member, member.rules.named(request, own, ...naming.path), now);
  }

  #toNamed(
    message: MessageView,
    id: BridgeRequestId,
    kind: ListKind,
    path: readonly ['params' | 'result' | 'error', string],
    now: number,
    isListed = false,
  ): void {
    const name = message.string(...path);
    if (name === undefined) {
      const [first] = this.#routes.unprefixed;
      if (first) return this.#to(first, message, now);
      return this.#effects.fail(id, invalidParams(`params.${path[1]} must be a text.`));
    }
    const shown = this.#routes.ofShown(kind, name);
    const route = shown ?? this.#routes.ofName(kind, name);
    const goOn = (at: number): void => this.#toNamed(message, id, kind, path, at, true);
    if (route) {
      const { member, own } = route;
      const before = isListed || shown ? [] : this.#routes.before(member);
      if (this.#memberLists.isUnknown(kind, before))
        return this.#onceListed([kind], [...before, member], message, id, now, goOn);
      return this.#to(member, member.rules.named(message, own, ...path), now);
    }
    const { unprefixed } = this.#routes;
    const [first] = unprefixed;
    if (first && isListed) return this.#to(first, message, now);
    if (!first) return this.#effects.fail(id, invalidParams(`Nothing is named "${name}" here.`));
    this.#onceListed([kind], unprefixed, message, id, now, goOn);
  }

  /** Goes on with a request when it is known what these members list, unless its client has cancelled it by then. */
  #onceListed(
    kinds: readonly ListKind[],
    members: readonly VirtualMember[],
    message: MessageView,
    id: BridgeRequestId,
    now: number,
    then: (now: number) => void,
  ): void {
    if (!this.#unlisted.add(id, message, then)) return this.#effects.fail(id, TOO_MUCH_WAITS);
    const likes = likesOf(this.#front, kinds, message);
    // Once it is cancelled nothing keeps the request, which may be large.
    this.#memberLists.ensure(likes, members, now, (at) => this.#unlisted.take(id)?.(at));
  }

  #toUri(message: MessageView, id: BridgeRequestId, uri: string | undefined, now: number): void {
    if (uri === undefined) return this.#try(this.#routes.ofResources, message, id, now);
    const go = (at: number): void => {
      const members = this.#front.likeliest(message, uri, this.#routes.ofUri(uri));
      this.#try(members, message, id, at, isNotMine, uri);
    };
    if (this.#routes.knowsUri(uri)) return go(now);
    this.#onceListed([RESOURCES, TEMPLATES], this.#routes.ofResources, message, id, now, go);
  }

  #complete(message: MessageView, id: BridgeRequestId, now: number): void {
    const name = message.string('params', 'ref', 'name');
    if (name === undefined)
      return this.#toUri(message, id, message.string('params', 'ref', 'uri'), now);
    const route = this.#routes.ofPrompt(name);
    if (!route) return this.#try(this.#routes.unprefixed, message, id, now);
    const { member, own } = route;
    this.#to(member, member.rules.named(message, own, 'params', 'ref', 'name'), now);
  }

  #aboutTask(message: MessageView, id: BridgeRequestId, now: number): void {
    const taskId = message.string('params', 'taskId');
    const task = taskId === undefined ? undefined : this.#tasks.of(taskId);
    const members = this.#members.filter((member) => member.mayHaveTasks);
    if (!task) return this.#try(members, message, id, now);
    this.#to(
      task.member,
      withChangedMember(message, ['params', 'taskId'], JSON.stringify(task.own)),
      now,
    );
  }

  /** `uri`: of the resource that it names. */
  #to(member: VirtualMember, message: MessageView, now: number, uri?: string): void {
    const answered = this.#front.whenAnswered(message, uri, member);
    member.request(message, now, {
      answered: (answer) => {
        answered?.(answer);
        this.#effects.say(this.#answered(member, message, answer));
      },
    });
  }

  /** One after the other, until one does not refuse: what is refused was not carried out. `refuses`: by the code of its error. */
  #try(
    members: readonly VirtualMember[],
    message: MessageView,
    id: BridgeRequestId,
    now: number,
    refuses = isNotMine,
    uri?: string,
  ): void {
    const [member, ...others] = members.filter((each) => !each.isDown);
    const [down] = members;
    if (!member)
      return this.#effects.fail(id, down ? down.whyDown : methodNotFound(message.method));
    if (others.length === 0) return this.#to(member, message, now, uri);
    this.#tried.add(id);
    const answered = this.#front.whenAnswered(message, uri, member);
    member.request(message, now, {
      answered: (answer, at) => {
        const isWanted = this.#tried.delete(id);
        const code = answer.parsed('error', 'code');
        if (isWanted && answer.kind === 'error' && refuses(code))
          return this.#try(others, message, id, at, refuses, uri);
        answered?.(answer);
        this.#effects.say(this.#answered(member, message, answer));
      },
    });
  }

  /** A member's answer to a request that is no list's, as clients see it. */
  #answered(member: VirtualMember, request: MessageView, answer: MessageView): MessageView {
    const shown = this.#withTasks(member, answer);
    return this.#marksRounds ? withOwner(member.name, request, shown) : shown;
  }

  #withTasks(member: VirtualMember, message: MessageView): MessageView {
    return !this.#sole && member.mayHaveTasks ? this.#tasks.toClient(member, message) : message;
  }

  #notify(message: MessageView, now: number): void {
    const { method } = message;
    if (this.#front.notification(message, now)) return;
    if (method === 'notifications/cancelled') return this.#cancel(message, now);
    if (method === 'notifications/progress' && !this.#asksAsItIs) {
      const reported = this.#questions.progress(message);
      return reported?.member.tell(reported.message);
    }
    for (const member of this.#members) member.tell(message);
  }

  #cancel(message: MessageView, now: number): void {
    const id = bridgeIdOf(message.requestId);
    if (id === undefined || this.#lists.cancel(id)) return;
    this.#unlisted.take(id);
    this.#tried.delete(id);
    this.#front.cancelled(id);
    for (const member of this.#members) member.cancel(id, message, now);
  }

  /** Questions have the ids that the only member gave them. */
  get #asksAsItIs(): boolean {
    return this.#sole !== undefined && !this.#isAnother;
  }

  /** The client's answer to a question of a member. */
  #answer(message: MessageView, now: number): void {
    const answered = this.#questions.answered(message);
    if (answered) answered.member.tell(answered.message);
    else if (this.#asksAsItIs) this.#sole?.tell(message);
    else this.#effects.drop('a response to a request that no member made', {}, now);
  }

  /** Something that a member says beside its answers. */
  #said(
    member: VirtualMember,
    message: MessageView,
    now: number,
    bridgeId: BridgeRequestId | undefined,
  ): void {
    if (this.#front.said(member, message, bridgeId)) return;
    const isOfQuestions =
      message.kind === 'request' || message.method === 'notifications/cancelled';
    if (this.#sole && (!isOfQuestions || this.#asksAsItIs)) {
      if (isOfQuestions) this.#questions.noted(member, message);
      return this.#effects.say(message, bridgeId);
    }
    const shown = this.#withTasks(member, message);
    if (message.kind === 'request')
      return this.#ask(member, shown, bridgeId ?? member.onlyCall, now);
    const { method } = message;
    for (const kind of kindsOfChange(method)) this.#memberLists.forget(member, kind);
    if (method === 'notifications/cancelled') {
      const notice = this.#questions.withdrawn(member, message);
      return notice && this.#effects.say(notice);
    }
    // On stdio a server does not say which call it means; what it says of itself belongs to none.
    const isTied = method === 'notifications/message' || isVendorNotification(method);
    this.#effects.say(shown, bridgeId ?? (isTied ? member.onlyCall : undefined));
  }

  #ask(
    member: VirtualMember,
    message: MessageView,
    of: BridgeRequestId | undefined,
    now: number,
  ): void {
    const asked = this.#questions.ask(member, message);
    if (asked) return this.#effects.say(asked, of);
    this.#effects.drop('a question too many', { member: member.name }, now);
    const words = 'The client already has too many questions to answer.';
    const error = faultError({ fault: 'overloaded', message: words });
    if (member.slot !== undefined)
      this.#effects.write(member.slot, errorResponse(message.id ?? 'null', error));
  }

  #gone(member: VirtualMember): void {
    this.#isAnother = true;
    for (const id of this.#questions.takeOf(member)) this.#effects.say(takenBack(id));
    this.#front.gone(member);
  }
}

const TOO_MUCH_WAITS = faultError({
  fault: 'overloaded',
  message: 'Too much waits for what the servers list. Try again when they have answered.',
});

/** Requests for lists, made from a client's request, which they do not keep in memory. */
const likesOf = (front: Front, kinds: readonly ListKind[], message: MessageView): Likes =>
  new Map(kinds.map((kind) => [kind, front.listLike(kind, message)]));

/** What the config forbids for one member may be another's. */
const NOT_ALLOWED = faultRow('not_allowed').code;

/** `id`: as raw JSON text, which may be a number. */
const takenBack = (id: string): string =>
  `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id},"reason":"the server that asked is gone"}}`;

/** Of a method that no revision defines: a server that says anything else knows it, and has the last word. */
const isUnknownMethod = (code: unknown): boolean =>
  code === CODE.methodNotFound || code === NOT_ALLOWED;

/** Errors of a server that does not know the method or what it names, so that it has done nothing (MCP 2025-11-25, Resources, "Error Handling"). */
const isNotMine = (code: unknown): boolean =>
  isUnknownMethod(code) || code === CODE.invalidParams || code === RESOURCE_NOT_FOUND;

const RESOURCE_NOT_FOUND = -32002;
