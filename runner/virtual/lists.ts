// The lists of a virtual server: those of its members one after another, in the order of the config. A page ends where a member's own
// page ends, so that a list of any length is asked of its server as the client reads on.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import { joinBytes } from '../../shared/bytes.ts';
import { faultError } from '../../shared/fault.ts';
import { isOverlong } from '../../shared/jsonrpc/elements.ts';
import { stringAt } from '../../shared/jsonrpc/members.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import type { Effects } from '../translate/effects.ts';
import { invalidParams, listsTooMuch, methodNotFound } from '../translate/faults.ts';
import { errorIn } from './edits.ts';
import { isStartOf, isWhole, learn, pageOf, withPage, type KnownList } from './known-members.ts';
import type { ListKind } from './list-kinds.ts';
import type { VirtualMember, MemberAnswer } from './member.ts';
import { ShownFromMemory } from './shown-from-memory.ts';
import { MAX_PAGES, nextPage } from '../../shared/mcp/pages.ts';

/** A page is closed behind the member with which it gets so large. */
const PAGE_BYTES = 4 * 1024 * 1024;

export interface ListsParts {
  readonly effects: Effects;
  readonly members: readonly VirtualMember[];
  /** A member's answer, with the ids that clients know. */
  readonly seen: (member: VirtualMember, answer: MessageView) => MessageView;
  /** Members of a result of this era beside the list, as JSON text that begins with a comma. */
  readonly more: (pages: readonly KnownList[]) => string;
  /** A list has changed without its server's word. */
  readonly changed: (kind: ListKind) => void;
}

/** One client's request for a list, while members are asked. */
interface Listing {
  readonly request: MessageView;
  readonly kind: ListKind;
  readonly members: readonly VirtualMember[];
  readonly pages: Map<VirtualMember, KnownList | ErrorObject>;
  /** The member behind whose cursor the client reads on. */
  readonly readOn: VirtualMember | undefined;
  /** Those that are asked once the ones before them have no further page. */
  later: readonly VirtualMember[];
  pending: number;
}

const isPage = (page: KnownList | ErrorObject | undefined): page is KnownList =>
  page !== undefined && 'keys' in page;

export class Lists {
  readonly #parts: ListsParts;
  readonly #listings = new Map<BridgeRequestId, Listing>();
  /** Elements that were left out because another member has one of the same name, each told once. */
  readonly #told = new Set<string>();
  readonly #fromMemory = new ShownFromMemory();

  constructor(parts: ListsParts) {
    this.#parts = parts;
  }

  /** A client's request for a page. */
  request(request: MessageView, kind: ListKind, now: number): void {
    const id = bridgeIdOf(request.id);
    if (id === undefined) return;
    const place = this.#placeOf(request);
    if (!place) return this.#parts.effects.fail(id, invalidParams('Invalid cursor'));
    if (!this.#parts.members.some((member) => member.has(kind)))
      return this.#parts.effects.fail(id, methodNotFound(kind.method));
    const members = this.#parts.members
      .slice(place.index)
      .filter((member, index) => member.has(kind) && (index === 0 || !member.isDown));
    const [first, ...others] = members;
    // Who reads on in a long list would have all members behind it asked in vain, page by page.
    const isReadingOn = place.cursor !== undefined && first === this.#parts.members[place.index];
    const listing: Listing = {
      request,
      kind,
      members,
      pages: new Map(),
      readOn: isReadingOn ? first : undefined,
      later: isReadingOn ? others : [],
      pending: isReadingOn ? 1 : members.length,
    };
    this.#listings.set(id, listing);
    if (!first) return this.#conclude(id, listing);
    this.#page(id, listing, first, isReadingOn ? place.cursor : undefined, now);
    if (!isReadingOn) for (const member of others) this.#page(id, listing, member, undefined, now);
  }

  /** What was asked for has come. */
  #goOn(id: BridgeRequestId, listing: Listing, now: number): void {
    const { later, pages, readOn } = listing;
    const rest = readOn && pages.get(readOn);
    // Without its remaining pages the list would look whole, and the client could not tell.
    if (rest && !isPage(rest)) {
      if (this.#listings.delete(id)) this.#parts.effects.fail(id, rest);
      return;
    }
    const hasMore = [...pages.values()].some((page) => isPage(page) && page.next !== undefined);
    if (later.length === 0 || hasMore || !this.#listings.has(id))
      return this.#conclude(id, listing);
    listing.later = [];
    listing.pending = later.length;
    for (const member of later) this.#page(id, listing, member, undefined, now);
  }

  /** Nobody waits for a list any more. */
  cancel(id: BridgeRequestId): boolean {
    return this.#listings.delete(id);
  }

  /**
   * Makes sure that it is known what the members list, as far as they answer; then goes on. `like`: a request of the client, as these
   * members want it.
   */
  ensure(
    kinds: readonly ListKind[],
    members: readonly VirtualMember[],
    like: (kind: ListKind) => MessageView,
    now: number,
    then: (now: number) => void,
  ): void {
    const missing = members.flatMap((member) =>
      kinds.filter((kind) => this.#isMissing(member, kind)).map((kind) => ({ member, kind })),
    );
    let pending = missing.length;
    if (pending === 0) return then(now);
    const settled = (at: number): void => {
      pending -= 1;
      if (pending === 0) then(at);
    };
    for (const { member, kind } of missing) this.#walk(member, kind, like(kind), 1, now, settled);
  }

  /** A member has started: clients learn which of its lists are others than they were shown from memory. `like`: as for {@link ensure}. */
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

  #page(
    id: BridgeRequestId,
    listing: Listing,
    member: VirtualMember,
    cursor: string | undefined,
    now: number,
  ): void {
    const { kind, request } = listing;
    const done = (page: KnownList | ErrorObject, at = now): void => {
      listing.pages.set(member, page);
      listing.pending -= 1;
      if (listing.pending === 0) this.#goOn(id, listing, at);
    };
    const known = member.known.lists.get(kind.member);
    const isEnough = cursor === undefined && isWhole(known);
    if (isEnough && member.isAsleep) this.#fromMemory.show(member, kind);
    if (isEnough && (member.isAsleep || member.isLate)) return done(known);
    if (member.isLate) return done(LATE);
    member.ask(
      request,
      cursor,
      now,
      (answer, at) => done(this.#pageIn(member, kind, answer, cursor), at),
      () => this.#parts.changed(kind),
    );
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
    if (isOverlong(message.bytes, message.at('result', kind.member))) return listsTooMuch();
    return pageOf(this.#parts.seen(member, message), kind, member.rules);
  }

  #conclude(id: BridgeRequestId, listing: Listing): void {
    if (!this.#listings.delete(id)) return;
    const { effects } = this.#parts;
    const { kind, members } = listing;
    const shown: KnownList[] = [];
    const elements: Uint8Array[] = [];
    let bytes = 0;
    let next: string | undefined;
    let failed: ErrorObject | undefined;
    for (const [index, member] of members.entries()) {
      const page = listing.pages.get(member);
      if (!isPage(page)) {
        failed ??= page;
        continue;
      }
      shown.push(page);
      for (const element of this.#own(member, kind, page)) {
        elements.push(element);
        bytes += element.length + 1;
      }
      if (page.next !== undefined) next = cursorOf(member.name, page.next);
      else if (bytes > PAGE_BYTES) next = startOf(members.slice(index + 1));
      if (next !== undefined) break;
    }
    if (shown.length === 0 && failed && next === undefined && this.#mayRefuse(listing))
      return effects.fail(id, failed);
    effects.say(
      inOne([
        `{"jsonrpc":"2.0","id":${String(id)},"result":{${JSON.stringify(kind.member)}:[`,
        ...elements.flatMap((element, index) => (index === 0 ? [element] : [',', element])),
        `]${next === undefined ? '' : `,"nextCursor":${JSON.stringify(next)}`}${this.#parts.more(shown)}}}`,
      ]),
    );
  }

  /** A client that reads on behind a cursor learns that it cannot; a first page is what there is. */
  #mayRefuse({ request, members }: Listing): boolean {
    return request.has('params', 'cursor') || members.length === this.#parts.members.length;
  }

  /** The elements of a member's page that no member before it has under the same name. */
  #own(member: VirtualMember, kind: ListKind, page: KnownList): readonly Uint8Array[] {
    const { members, effects } = this.#parts;
    const earlier = members.slice(0, members.indexOf(member)).flatMap((other) => {
      const list = other.isDown ? undefined : other.known.lists.get(kind.member);
      return list ? [{ name: other.name, list }] : [];
    });
    const keys = [...page.keys];
    const clashes = new Set<string>();
    for (const key of keys) {
      const first = earlier.find(({ list }) => list.keys.has(key));
      if (!first) continue;
      clashes.add(key);
      if (this.#told.has(`${kind.member} ${key}`)) continue;
      this.#told.add(`${kind.member} ${key}`);
      const fields = { [kind.key]: key, of: first.name, hidden: member.name };
      effects.note('warn', `two members have one ${kind.key}; the first keeps it`, fields);
    }
    if (clashes.size === 0) return page.elements;
    return page.elements.filter((element) => !clashes.has(keyOf(element, kind) ?? ''));
  }

  #placeOf(request: MessageView): { index: number; cursor: string | undefined } | undefined {
    const given = request.at('params', 'cursor');
    if (!given) return { index: 0, cursor: undefined };
    const cursor = request.string('params', 'cursor');
    const at = cursor?.indexOf(':') ?? -1;
    const name = cursor?.slice(0, at);
    const index = this.#parts.members.findIndex((member) => member.name === name);
    if (cursor === undefined || at < 0 || index < 0) return undefined;
    const own = cursor.slice(at + 1);
    return { index, cursor: own === '' ? undefined : own };
  }
}

const LATE: ErrorObject = faultError({
  fault: 'deadline',
  message: 'The server has not answered an earlier request.',
});

const encoder = new TextEncoder();

const inOne = (parts: readonly (string | Uint8Array)[]): Uint8Array =>
  joinBytes(parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part)));

const keyOf = (element: Uint8Array, { key }: ListKind): string | undefined =>
  stringAt(element, key);

/** Readable, so that whoever looks at it sees whose it is; empty behind the colon: from the member's first page on. */
const cursorOf = (name: ServerName, own: string): string => `${name}:${own}`;

const startOf = ([next]: readonly VirtualMember[]): string | undefined =>
  next && cursorOf(next.name, '');
