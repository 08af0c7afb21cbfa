// What is known of the members of a virtual server without asking them: what each answered when it was greeted, and its lists. Sessions
// share it, so that a member need not start before it is needed.
import { equalBytes } from '../../shared/bytes.ts';
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { stringAt } from '../../shared/jsonrpc/members.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { ListKind } from './list-kinds.ts';
import type { MemberRules } from './member-rules.ts';
import { nextPage } from '../../shared/mcp/pages.ts';

/** Kinds of clients that are told apart: few programs, each of which declares the same each time. */
const MAX_CLIENTS = 4;

/** Clients that declare more than this share nothing. */
const MAX_CLIENT_CHARACTERS = 8_192;

/** Of a longer list of one member no more than the keys are remembered, so that its member is asked. */
const MAX_LIST_BYTES = 1024 * 1024;

/** What a list has beyond this many elements is not known: some servers always give another cursor. */
const MAX_KEYS = 100_000;

/** A list of one member as clients see it, or its first pages. */
export interface KnownList {
  /** What tells its elements apart, under the names that clients know. */
  readonly keys: ReadonlySet<string>;
  /** Each as JSON text. */
  readonly elements: readonly Uint8Array[];
  /** False: some or all of its elements are too much to be remembered. */
  readonly hasElements: boolean;
  /** Of the elements. */
  readonly bytes: number;
  /** The member's cursor for what follows; undefined when this is all. */
  readonly next: string | undefined;
  /** Members of the result beside the list: how long it may be kept (MCP 2026-07-28, Utilities, "Caching"). */
  readonly ttlMs: number | undefined;
  readonly isPublic: boolean;
}

export interface KnownMember {
  /** Its answer to `initialize` or `server/discover`. */
  greeting?: MessageView;
  /** By the member of the result that holds them. */
  readonly lists: Map<ListKind['member'], KnownList>;
  /** How often each list has become another, as far as is known. */
  readonly changes: Map<ListKind['member'], number>;
}

export class KnownMembers {
  /** By what distinguishes clients, the least recently used first. */
  readonly #clients = new Map<string, Map<string, KnownMember>>();

  get bytes(): number {
    const members = [...this.#clients.values()].flatMap((known) => [...known.values()]);
    return members.reduce((sum, member) => sum + bytesOf(member), 0);
  }

  /** What is known by clients of this kind, to be read and to be added to, by member. */
  of(client: string): Map<string, KnownMember> {
    if (client.length > MAX_CLIENT_CHARACTERS) return new Map();
    const known = this.#clients.get(client) ?? new Map<string, KnownMember>();
    this.#clients.delete(client);
    this.#clients.set(client, known);
    const [oldest = client] = this.#clients.keys();
    if (this.#clients.size > MAX_CLIENTS) this.#clients.delete(oldest);
    return known;
  }
}

/** See {@link KnownMember.changes}. */
export const changesOf = ({ changes }: KnownMember, kind: ListKind): number =>
  changes.get(kind.member) ?? 0;

/** A list is known to be this; undefined: to be another than it was. */
export function learn(known: KnownMember, kind: ListKind, list: KnownList | undefined): void {
  const { lists, changes } = known;
  const before = lists.get(kind.member);
  const isSame = list && isWhole(before) && isWhole(list) && isSameList(before, list);
  if (!isSame) changes.set(kind.member, changesOf(known, kind) + 1);
  if (list) lists.set(kind.member, remembered(list));
  else lists.delete(kind.member);
}

const bytesOf = ({ greeting, lists }: KnownMember): number =>
  [...lists.values()].reduce((sum, { bytes }) => sum + bytes, greeting?.bytes.length ?? 0);

/** One page of a member's list, as clients see it. */
export function pageOf(answer: MessageView, kind: ListKind, rules: MemberRules): KnownList {
  const shown = rules.shown(answer, kind);
  const { bytes } = shown;
  const span = shown.at('result', kind.member);
  const keys = new Set<string>();
  const elements: Uint8Array[] = [];
  let size = 0;
  for (const { start, end } of span ? elementsOf(bytes, span) : []) {
    const element = bytes.slice(start, end);
    const key = stringAt(element, kind.key);
    if (key !== undefined) keys.add(key);
    elements.push(element);
    size += element.length;
  }
  const ttlMs = answer.parsed('result', 'ttlMs');
  return {
    keys,
    elements,
    hasElements: true,
    bytes: size,
    next: nextPage(answer.string('result', 'nextCursor'), undefined),
    ttlMs: typeof ttlMs === 'number' ? ttlMs : undefined,
    isPublic: answer.string('result', 'cacheScope') === 'public',
  };
}

/** With a page behind those that are known. */
export function withPage(known: KnownList, page: KnownList): KnownList {
  const { hasElements } = known;
  if (known.keys.size + page.keys.size > MAX_KEYS)
    return { ...withoutElements(known), next: undefined };
  return {
    ...page,
    keys: new Set([...known.keys, ...page.keys]),
    elements: hasElements ? [...known.elements, ...page.elements] : [],
    bytes: hasElements ? known.bytes + page.bytes : 0,
    hasElements,
  };
}

/** A list as it is remembered. */
const remembered = (list: KnownList): KnownList =>
  list.bytes <= MAX_LIST_BYTES ? list : withoutElements(list);

const withoutElements = (list: KnownList): KnownList => ({
  ...list,
  elements: [],
  bytes: 0,
  hasElements: false,
});

/** Whether it can be shown without its member: all of it is known. */
export const isWhole = (list: KnownList | undefined): list is KnownList =>
  list?.hasElements === true && list.next === undefined;

export const isSameList = (one: KnownList, other: KnownList): boolean =>
  one.elements.length === other.elements.length && isStartOf(one, other);

/** Whether a list begins with these elements. */
export const isStartOf = ({ elements }: KnownList, list: KnownList): boolean =>
  elements.length <= list.elements.length &&
  elements.every((element, index) => equalBytes(element, list.elements[index]));
