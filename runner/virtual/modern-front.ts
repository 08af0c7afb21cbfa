// A virtual server before clients of 2026-07-28: `server/discover` asks all members, and what says how long results may be kept is joined.
// Subscriptions are in modern-listens.ts.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { OnDue } from '../../shared/dues.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { methodNotFound } from '../translate/faults.ts';
import { errorIn, listRequestLike } from './edits.ts';
import type { Front, FrontParts } from './front.ts';
import { joinedDiscovery, type MemberGreeting } from './joined-greeting.ts';
import type { KnownList } from './known-members.ts';
import { CHANGING_KINDS, TASKS, type ListKind } from './list-kinds.ts';
import type { VirtualMember } from './member.ts';
import { ModernListens } from './modern-listens.ts';

const DISCOVER = 'server/discover';

/** The first wait before a member that has not answered is asked again; it doubles. */
const RETRY_MS = 1_000;
const RETRY_MOST_MS = 60_000;

/** All modern clients of one session are told the same. */
const CLIENT = 'modern';

export class ModernFront implements Front {
  readonly greeting = undefined;
  readonly #parts: FrontParts;
  readonly #listens: ModernListens;
  /** Members that the clients have seen go. */
  readonly #left = new Set<VirtualMember>();
  /** Members that are asleep, whose lists were shown from memory. */
  readonly #unverified: Set<VirtualMember>;
  /** Members that have proved nothing since they were started: when they are asked again. */
  readonly #retries = new Map<VirtualMember, { readonly at: number; readonly waitMs: number }>();
  /** The last request, for what members are asked on the bridge's own account. */
  #last: MessageView | undefined;

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#listens = new ModernListens(parts);
    parts.knowClient(CLIENT);
    this.#unverified = new Set(parts.members);
  }

  request(message: MessageView, id: BridgeRequestId, now: number): boolean {
    this.#last = message;
    if (message.method === LISTEN_METHOD) {
      this.#listens.open(message, id, now);
      return true;
    }
    if (message.method !== DISCOVER || this.#parts.isSole) return false;
    this.#discover(message, id, now);
    return true;
  }

  notification(): boolean {
    return false;
  }

  lists(kind: ListKind | undefined): ListKind | undefined {
    return kind === TASKS ? undefined : kind;
  }

  cancelled(id: BridgeRequestId): void {
    this.#listens.close(id);
  }

  greeted(): void {}

  ready(member: VirtualMember, now: number): void {
    const last = this.#last;
    this.#listens.join(member, now);
    if (this.#left.has(member)) this.#tryOut(member, RETRY_MS, now);
    else if (this.#unverified.delete(member) && last)
      this.#parts.memberLists.verify(member, (kind) => this.listLike(kind, last), now);
  }

  served(member: VirtualMember): void {
    this.#retries.delete(member);
    if (this.#left.delete(member)) this.#tellAllChanged(member);
  }

  gone(member: VirtualMember): void {
    this.#retries.delete(member);
    if (this.#left.has(member)) return;
    this.#left.add(member);
    this.#unverified.delete(member);
    this.#tellAllChanged(member);
  }

  said(
    member: VirtualMember,
    message: MessageView,
    bridgeId: BridgeRequestId | undefined,
  ): boolean {
    return this.#listens.said(member, message, bridgeId);
  }

  likeliest(
    _message: MessageView,
    _uri: string,
    members: readonly VirtualMember[],
  ): readonly VirtualMember[] {
    return members;
  }

  whenAnswered(): undefined {
    return undefined;
  }

  listLike({ method }: ListKind, message: MessageView): MessageView {
    return listRequestLike(message, method);
  }

  /** A result may be kept as long as each part of it may. */
  moreOfList(pages: readonly KnownList[]): string {
    const ttlMs = pages.length === 0 ? 0 : Math.min(...pages.map((page) => page.ttlMs ?? 0));
    const isPublic = pages.length > 0 && pages.every((page) => page.isPublic);
    const scope = isPublic ? 'public' : 'private';
    return `,"resultType":"complete","ttlMs":${JSON.stringify(ttlMs)},"cacheScope":"${scope}"`;
  }

  tellChanged(method: string): void {
    this.#listens.tellChanged(method);
  }

  dues(due: OnDue): void {
    this.#listens.dues(due);
    for (const [member, { at, waitMs }] of this.#retries)
      due(at, (now) => this.#tryOut(member, waitMs, now));
  }

  /**
   * Asks a member that was gone who it is: that it was started does not say that it runs, and whoever is not asked proves nothing. Until
   * it has answered its clients hear nothing of it.
   */
  #tryOut(member: VirtualMember, waitMs: number, now: number): void {
    this.#retries.delete(member);
    if (this.#parts.isSole || !this.#last) return;
    member.ask(listRequestLike(this.#last, DISCOVER), undefined, now, (_answer, at) => {
      if (!this.#left.has(member) || member.isDown) return;
      const next = Math.min(RETRY_MOST_MS, 2 * waitMs);
      this.#retries.set(member, { at: at + waitMs, waitMs: next });
    });
  }

  #discover(message: MessageView, id: BridgeRequestId, now: number): void {
    const { members, effects, name } = this.#parts;
    let pending = members.length;
    let failed: ErrorObject | undefined;
    const answers = new Map<VirtualMember, MessageView>();
    const settled = (): void => {
      pending -= 1;
      if (pending > 0) return;
      const greetings = members.flatMap((member): MemberGreeting[] => {
        const answer = answers.get(member);
        return answer ? [{ name: member.name, answer }] : [];
      });
      if (greetings.length === 0) effects.fail(id, failed ?? methodNotFound(message.method));
      else effects.answer(id, joinedDiscovery(name, greetings));
    };
    for (const member of members) {
      const { known } = member;
      if (member.isAsleep && known.greeting) {
        answers.set(member, known.greeting);
        settled();
        continue;
      }
      member.ask(message, undefined, now, (answer) => {
        if (!answer.ok) failed ??= answer.error;
        else if (answer.message.kind === 'error') failed ??= errorIn(answer.message);
        else {
          known.greeting = answer.message.kept();
          answers.set(member, answer.message);
        }
        settled();
      });
    }
  }

  #tellAllChanged(member: VirtualMember): void {
    if (this.#parts.isSole) return;
    for (const kind of CHANGING_KINDS)
      if (member.has(kind)) this.#listens.tellChanged(kind.changed);
  }
}
