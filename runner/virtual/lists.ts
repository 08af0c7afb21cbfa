// The lists of a virtual server: those of its members one after another, in the order of the config. A page ends where a member's own
// page ends, so that a list of any length is asked of its server as the client reads on.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import { joinBytes } from '../../shared/bytes.ts';
import { faultError } from '../../shared/fault.ts';
import { stringAt } from '../../shared/jsonrpc/members.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import type { Effects } from '../translate/effects.ts';
import { invalidParams, methodNotFound } from '../translate/faults.ts';
import { isWhole, type KnownList } from './known-members.ts';
import type { ListKind } from './list-kinds.ts';
import type { VirtualMember } from './member.ts';
import { isPage, type MemberLists } from './member-lists.ts';
import type { Routes } from './routes.ts';

/** A page is closed behind the member with which it gets so large. */
const PAGE_BYTES = 4 * 1024 * 1024;

export interface ListsParts {
  readonly effects: Effects;
  readonly members: readonly VirtualMember[];
  readonly memberLists: MemberLists;
  readonly routes: Routes;
  /** Members of a result of this era beside the list, as JSON text that begins with a comma. */
  readonly more: (pages: readonly KnownList[]) => string;
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

export class Lists {
  readonly #parts: ListsParts;
  readonly #listings = new Map<BridgeRequestId, Listing>();
  /** Elements that were left out because another member has one of the same name, each told once. */
  readonly #told = new Set<string>();

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

  #page(
    id: BridgeRequestId,
    listing: Listing,
    member: VirtualMember,
    cursor: string | undefined,
    now: number,
  ): void {
    const { kind, request } = listing;
    const { memberLists } = this.#parts;
    const done = (page: KnownList | ErrorObject, at = now): void => {
      listing.pages.set(member, page);
      listing.pending -= 1;
      if (listing.pending === 0) this.#goOn(id, listing, at);
    };
    const known = member.known.lists.get(kind.member);
    const isEnough = cursor === undefined && isWhole(known);
    if (isEnough && member.isAsleep) memberLists.shownFromMemory(member, kind);
    if (member.isLate) memberLists.notAsked(member, kind);
    if (isEnough && (member.isAsleep || member.isLate)) return done(known);
    if (member.isLate) return done(LATE);
    memberLists.page(member, kind, request, cursor, now, done);
  }

  #conclude(id: BridgeRequestId, listing: Listing): void {
    if (!this.#listings.delete(id)) return;
    const { effects, routes } = this.#parts;
    const { kind, members, request } = listing;
    if (!request.has('params', 'cursor')) routes.begin(kind);
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
      const hidden = this.#hidden(member, kind, page);
      routes.show(kind, member, hidden.size === 0 ? page.keys : page.keys.difference(hidden));
      for (const element of page.elements) {
        if (hidden.size > 0 && hidden.has(keyOf(element, kind) ?? '')) continue;
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

  /** The names in a member's page that a member before it has, too. */
  #hidden(member: VirtualMember, kind: ListKind, page: KnownList): ReadonlySet<string> {
    const { members, effects } = this.#parts;
    const earlier = members.slice(0, members.indexOf(member)).flatMap((other) => {
      const list = other.isDown ? undefined : other.known.lists.get(kind.member);
      return list ? [{ name: other.name, list }] : [];
    });
    const clashes = new Set<string>();
    for (const key of page.keys) {
      const first = earlier.find(({ list }) => list.keys.has(key));
      if (!first) continue;
      clashes.add(key);
      if (this.#told.has(`${kind.member} ${key}`)) continue;
      this.#told.add(`${kind.member} ${key}`);
      const fields = { [kind.key]: key, of: first.name, hidden: member.name };
      effects.note('warn', `two members have one ${kind.key}; the first keeps it`, fields);
    }
    return clashes;
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
