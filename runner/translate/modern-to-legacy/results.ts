// Turns the results of a legacy process into those a modern client knows, method by method; all other bytes stay.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { appended, changesIn } from '../../../shared/jsonrpc/changes.ts';
import { isObject } from '../../../shared/json-value.ts';
import { elementsOf, isOverlong } from '../../../shared/jsonrpc/elements.ts';
import {
  dropEdits,
  membersOf,
  textAt,
  withMembers,
  type Member,
} from '../../../shared/jsonrpc/members.ts';
import type { NotedMember } from '../../../shared/jsonrpc/noted.ts';
import { digitsOf } from '../../../shared/jsonrpc/numbers.ts';
import type { Edit } from '../../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { LISTED_ELEMENTS } from '../../../shared/limits.ts';
import { CACHEABLE_METHODS, META } from '../../../shared/mcp/modern.ts';

type Members = Readonly<Record<string, string | Uint8Array>>;
type ResultMember = Member & Partial<NotedMember>;

/** Members that only modern clients know; a legacy process that uses these names means something else. */
const MODERN_MEMBERS: readonly string[] = [
  'resultType',
  'ttlMs',
  'cacheScope',
  'inputRequests',
  'requestState',
];

/** A legacy result is fresh and made for this one client; how long it stays valid is unknown. */
const NOT_CACHED: Members = { ttlMs: '0', cacheScope: '"private"' };

/** Members of results that are lists of objects. */
const LISTS: ReadonlySet<string> = new Set([
  'tools',
  'prompts',
  'resources',
  'resourceTemplates',
  'content',
  'contents',
  'messages',
]);

/** No object of the schema has so many members. */
const MAX_MEMBERS = 1_000;
const NULL_FIRST = 0x6e;

/** The answer of a legacy process for a modern client, under the session's `id`; undefined if its list is too long. */
export function toModernResult(
  answer: MessageView,
  call: { readonly bridgeId: BridgeRequestId; readonly method: string },
  serverInfo: unknown,
): MessageView | undefined {
  const { bytes, idAt } = answer;
  const result = answer.at('result');
  if (!result || !idAt) return answer;
  const members = membersOfResult(answer);
  const lists = members.filter(({ key }) => LISTS.has(key));
  if (members.length > MAX_MEMBERS || lists.some((list) => isTooLong(bytes, list))) {
    return undefined;
  }
  const isNull = isNullIn(bytes);
  const meta = members.findLast((member) => member.key === '_meta' && !isNull(member));
  const added = addedTo({
    isCacheable: CACHEABLE_METHODS.has(call.method),
    // In revisions before 2025-06-18 a result may lack it.
    lacksContent: call.method === 'tools/call' && !answer.has('result', 'content'),
    lacksMeta: meta === undefined,
    serverInfo,
  });
  const isGone = (member: Member): boolean =>
    MODERN_MEMBERS.includes(member.key) ||
    Object.hasOwn(added.members, member.key) ||
    (member.key === '_meta' && member !== meta) ||
    (isNull(member) && !LISTS.has(member.key));
  const at = result.end - 1;
  const inMeta = { members: meta?.members, isRead: true };
  return answer.edited([
    { ...idAt, with: digitsOf(call.bridgeId) },
    ...dropEdits(members, isGone),
    ...(meta
      ? changesIn(bytes, { ...meta.value, ...inMeta }, [], { and: ownMeta(serverInfo) })
      : []),
    ...listEdits(answer, lists, call.method),
    { start: at, end: at, with: members.every(isGone) ? added.alone : added.behind },
  ]);
}

/** Those that were noted, else as many as tell that there are too many. */
function membersOfResult(answer: MessageView): readonly ResultMember[] {
  const members = answer.members('result');
  return Array.isArray(members)
    ? (members as readonly ResultMember[])
    : [...Iterator.from(members).take(MAX_MEMBERS + 1)];
}

/** What a result lacks that a modern client wants, and the server's info that its `_meta` then bears. */
interface Lacking {
  readonly isCacheable: boolean;
  readonly lacksContent: boolean;
  readonly lacksMeta: boolean;
  readonly serverInfo: unknown;
}

/** Members that are added, and the bytes that add them: behind other members, or where there are none. */
interface Added {
  readonly members: Members;
  readonly behind: Uint8Array;
  readonly alone: Uint8Array;
}

/** By the server's info and by what is lacking: nearly all results of a process get the same. */
const known = new WeakMap<object, Map<number, Added>>();
const NO_INFO = {};

function addedTo(lacking: Lacking): Added {
  const { isCacheable, lacksContent, lacksMeta, serverInfo } = lacking;
  const of = isObject(serverInfo) ? serverInfo : NO_INFO;
  const kind = Number(isCacheable) + 2 * Number(lacksContent) + 4 * Number(lacksMeta);
  let kinds = known.get(of);
  if (!kinds) known.set(of, (kinds = new Map<number, Added>()));
  let added = kinds.get(kind);
  if (!added) kinds.set(kind, (added = makeAdded(lacking)));
  return added;
}

function makeAdded({ isCacheable, lacksContent, lacksMeta, serverInfo }: Lacking): Added {
  const members: Members = {
    resultType: '"complete"',
    ...(isCacheable ? NOT_CACHED : {}),
    ...(lacksContent ? { content: '[]' } : {}),
    ...(lacksMeta ? { _meta: withMembers(EMPTY, { and: ownMeta(serverInfo) }) } : {}),
  };
  const bytesOf = (isFirst: boolean): Uint8Array => appended(0, isFirst, members)[0]?.with ?? EMPTY;
  return { members, behind: bytesOf(false), alone: bytesOf(true) };
}

const ownMeta = (serverInfo: unknown): Members =>
  serverInfo === undefined ? {} : { [META.serverInfo]: JSON.stringify(serverInfo) };

const isTooLong = (bytes: Uint8Array, { elements, value }: ResultMember): boolean =>
  elements === undefined ? isOverlong(bytes, value) : elements > LISTED_ELEMENTS;

/**
 * Many serializers print absent members as null, which clients that check results against the schema refuse. No member of a result or of
 * its listed items may be null, so nothing is lost; deeper values are the server's own. `execution` of a tool describes tasks in the
 * legacy form.
 */
function listEdits(
  answer: MessageView,
  lists: readonly ResultMember[],
  method: string,
): readonly Edit[] {
  const { bytes } = answer;
  const holdsNulls = answer.mayHoldNulls && textAt(bytes, answer.at('result')).includes('null');
  if (!holdsNulls && method !== 'tools/list') return [];
  const isNull = isNullIn(bytes);
  const edits: Edit[] = [];
  for (const list of lists) {
    // The schema requires lists, and some languages print an empty list as null.
    if (isNull(list)) edits.push({ ...list.value, with: NO_ELEMENTS });
    const isOfTools = method === 'tools/list' && list.key === 'tools';
    for (const element of elementsOf(bytes, list.value)) {
      const own = [...membersOf(bytes, element).take(MAX_MEMBERS)];
      const isGone = (member: Member): boolean =>
        isNull(member) || (isOfTools && member.key === 'execution');
      edits.push(...dropEdits(own, isGone));
    }
  }
  return edits;
}

const isNullIn =
  (bytes: Uint8Array) =>
  ({ value }: Member): boolean =>
    bytes[value.start] === NULL_FIRST;

const encoder = new TextEncoder();
const EMPTY = encoder.encode('{}');
const NO_ELEMENTS = encoder.encode('[]');
