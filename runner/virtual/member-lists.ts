// What the members of a virtual server list, as far as it is known: asks them for it page by page, and notes what they answer.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { MAX_PAGES, nextPage } from '../../shared/mcp/pages.ts';
import { listsTooMuch } from '../translate/faults.ts';
import { errorIn } from './edits.ts';
import { isStartOf, learn, pageOf, withPage, type KnownList } from './known-members.ts';
import type { ListKind } from './list-kinds.ts';
import type { MemberAnswer, VirtualMember } from './member.ts';
import { ShownFromMemory } from './shown-from-memory.ts';

interface MemberListsParts {
  /** A member's answer, with the ids that clients know. */
  readonly seen: (member: VirtualMember, answer: MessageView) => MessageView;
  /** A list has changed without its server's word. */
  readonly changed: (kind: ListKind) => void;
}

/** A member whose lists change while others are waited for is asked again; not for ever, since some change all the time. */
const MAX_ROUNDS = 3;

/** Requests that may wait for one list: far more than a client has in flight, but it may cancel as many as it likes. */
const MAX_WAITING = 2_048;

type Then = (now: number) => void;

/** Lists, each with a request for it as a client would make it. */
export type Likes = ReadonlyMap<ListKind, MessageView>;

export const isPage = (page: KnownList | ErrorObject | undefined): page is KnownList =>
  page !== undefined && 'keys' in page;

export class MemberLists {
  readonly #parts: MemberListsParts;
  readonly #fromMemory = new ShownFromMemory();
  /** What waits for all of a list that its member is being asked for. */
  readonly #waiting = new Map<VirtualMember, Map<ListKind, Then[]>>();

  constructor(parts: MemberListsParts) {
    this.#parts = parts;
  }

  /** A client is shown what is known of a list, without its member being asked. */
  shownFromMemory(member: VirtualMember, kind: ListKind): void {
    this.#fromMemory.show(member, kind);
  }

  /**
   * Asks a member for one page. If it answers when that is not waited for any more, or has too much to do to be asked, clients learn that its
   * list has changed.
   */
  page(
    member: VirtualMember,
    kind: ListKind,
    request: MessageView,
    cursor: string | undefined,
    now: number,
    then: (page: KnownList | ErrorObject, now: number) => void,
  ): void {
    member.ask(
      request,
      cursor,
      now,
      (answer, at) => then(this.#pageIn(member, kind, answer, cursor), at),
      () => this.notAsked(member, kind),
    );
  }

  /**
   * A client is shown a list without what this member has in it now, since it owes an answer or has too much to do: clients learn that the
   * list has changed when it has caught up. If it ends before, they learn that.
   */
  notAsked(member: VirtualMember, kind: ListKind): void {
    member.onceCaughtUp(kind, () => this.#parts.changed(kind));
  }

  /**
   * Makes sure that it is known of all these members at once what they list, as far as they answer; then goes on. What one of them has
   * said may be over when the last has answered. A list is asked for once for all that wait for it at the same time.
   */
  ensure(likes: Likes, members: readonly VirtualMember[], now: number, then: Then): void {
    const lists = members.flatMap((member) =>
      [...likes].map(([kind, like]) => ({ member, kind, like })),
    );
    // A member that does not tell is not asked again.
    const untold = new Set<(typeof lists)[number]>();
    const askFor = (rounds: number, at: number): void => {
      const missing = lists.filter(
        (list) => !untold.has(list) && this.#isMissing(list.member, list.kind),
      );
      let pending = missing.length;
      if (pending === 0 || rounds > MAX_ROUNDS) return then(at);
      for (const list of missing)
        this.#askOnce(list.member, list.kind, list.like, at, (walkedAt) => {
          if (this.#isMissing(list.member, list.kind)) untold.add(list);
          pending -= 1;
          if (pending === 0) askFor(rounds + 1, walkedAt);
        });
    };
    askFor(1, now);
  }

  /** A member has started: clients learn which of its lists are others than they were shown from memory. `like`: as {@link Likes}. */
  verify(member: VirtualMember, like: (kind: ListKind) => MessageView, now: number): void {
    this.#fromMemory.verify(
      member,
      (kind, then) => this.#refresh(member, kind, like(kind), now, then),
      (kind) => this.#parts.changed(kind),
    );
  }

  /**
   * Asks a member anew for a list of which all is known; tells what it is now, if it answers: all of it, or as much as shows that it is
   * another.
   */
  #refresh(
    member: VirtualMember,
    kind: ListKind,
    like: MessageView,
    now: number,
    then: (list: KnownList) => void,
  ): void {
    const before = member.known.lists.get(kind.member);
    const askOn = (read: KnownList | undefined, pages: number, at: number): void => {
      const cursor = read?.next;
      member.ask(like, cursor, at, (answer, answeredAt) => {
        const page = this.#readIn(member, kind, answer);
        if (!isPage(page)) return;
        const list = read ? withPage(read, page) : page;
        const isMore = nextPage(list.next, cursor) !== undefined;
        if (isMore && before && isStartOf(list, before)) {
          if (pages < MAX_PAGES) askOn(list, pages + 1, answeredAt);
          return;
        }
        learn(member.known, kind, list);
        then(list);
      });
    };
    askOn(undefined, 1, now);
  }

  /** A member says that its list is another now. */
  forget(member: VirtualMember, kind: ListKind): void {
    learn(member.known, kind, undefined);
  }

  /** Whether there is a member of which it is not known what it lists, and which can be asked. */
  isUnknown(kind: ListKind, members: readonly VirtualMember[]): boolean {
    return members.some((member) => this.#isMissing(member, kind));
  }

  #isMissing(member: VirtualMember, kind: ListKind): boolean {
    if (!member.has(kind) || member.isDown || member.isLate) return false;
    const known = member.known.lists.get(kind.member);
    return !known || known.next !== undefined;
  }

  /** Asks for all of a list, once for all that wait for it. With too many of them goes on without. */
  #askOnce(
    member: VirtualMember,
    kind: ListKind,
    like: MessageView,
    now: number,
    then: Then,
  ): void {
    const ofMember = this.#waiting.get(member) ?? new Map<ListKind, Then[]>();
    this.#waiting.set(member, ofMember);
    const others = ofMember.get(kind);
    if (others && others.length >= MAX_WAITING) return then(now);
    if (others) return void others.push(then);
    const all = [then];
    ofMember.set(kind, all);
    this.#walk(member, kind, like, 1, now, (at) => {
      ofMember.delete(kind);
      for (const each of all) each(at);
    });
  }

  #walk(
    member: VirtualMember,
    kind: ListKind,
    like: MessageView,
    pages: number,
    now: number,
    then: (now: number) => void,
  ): void {
    const cursor = member.known.lists.get(kind.member)?.next;
    member.ask(like, cursor, now, (answer, at) => {
      const page = this.#pageIn(member, kind, answer, cursor);
      // The cursor may be of another session's process, which this one does not know.
      const isForeign = pages === 1 && cursor !== undefined && answer.ok && !isPage(page);
      if (isForeign) this.forget(member, kind);
      // Behind its last page the list may be unknown again: a client has meanwhile asked for the first, or the member has changed it.
      const isMore =
        isPage(page) &&
        (page.next === undefined
          ? this.#isMissing(member, kind)
          : nextPage(page.next, cursor) !== undefined);
      if ((isMore || isForeign) && pages < MAX_PAGES)
        this.#walk(member, kind, like, pages + 1, at, then);
      else then(at);
    });
  }

  #pageIn(
    member: VirtualMember,
    kind: ListKind,
    answer: MemberAnswer,
    cursor: string | undefined,
  ): KnownList | ErrorObject {
    const page = this.#readIn(member, kind, answer);
    if (!isPage(page) || !kind.isKept) return page;
    const before = member.known.lists.get(kind.member);
    if (cursor === undefined) learn(member.known, kind, page);
    else if (before?.next === cursor) learn(member.known, kind, withPage(before, page));
    return page;
  }

  #readIn(member: VirtualMember, kind: ListKind, answer: MemberAnswer): KnownList | ErrorObject {
    if (!answer.ok) return answer.error;
    const { message } = answer;
    if (message.kind === 'error') return errorIn(message);
    if (member.rules.isTooLarge(message, kind, true)) return listsTooMuch();
    return pageOf(this.#parts.seen(member, message), kind, member.rules);
  }
}
