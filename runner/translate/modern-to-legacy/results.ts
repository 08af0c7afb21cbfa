// Turns the results of a legacy process into those a modern client knows, method by method; all other bytes stay.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { elementsOf, isOverlong } from '../../../shared/jsonrpc/elements.ts';
import {
  dropEdits,
  membersOf,
  textAt,
  valueAt,
  valueIn,
  withMembers,
  type Member,
  type MemberChange,
} from '../../../shared/jsonrpc/members.ts';
import type { Span } from '../../../shared/jsonrpc/span.ts';
import { splice, type Edit } from '../../../shared/jsonrpc/splice.ts';
import { CACHEABLE_METHODS, META } from '../../../shared/mcp/modern.ts';

type Members = Readonly<Record<string, string | Uint8Array>>;

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

/** Further members of a method's result. */
const BY_METHOD: ReadonlyMap<string, (result: Uint8Array) => Members> = new Map([
  ['tools/list', withoutExecution],
  ['tools/call', withContent],
]);

/** The answer of a legacy process for a modern client, under the session's `id`; undefined if its list is too long. */
export function toModernResult(
  answer: { readonly bytes: Uint8Array; readonly idAt: Span | undefined },
  call: { readonly bridgeId: BridgeRequestId; readonly method: string },
  serverInfo: unknown,
): Uint8Array | undefined {
  const { bytes, idAt } = answer;
  const span = valueAt(bytes, 'result');
  if (!span || !idAt) return bytes;
  const given = bytes.subarray(span.start, span.end);
  const members = [...membersOf(given).take(MAX_MEMBERS + 1)];
  const lists = members.filter(({ key }) => LISTS.has(key)).map(({ value }) => value);
  if (members.length > MAX_MEMBERS || lists.some((list) => isOverlong(given, list))) {
    return undefined;
  }
  const result = withoutNulls(given, members, lists);
  const cached = CACHEABLE_METHODS.has(call.method) ? NOT_CACHED : {};
  const change: MemberChange = {
    without: MODERN_MEMBERS,
    and: {
      resultType: '"complete"',
      ...cached,
      ...BY_METHOD.get(call.method)?.(result),
      _meta: metaWith(result, serverInfo),
    },
  };
  const edits = [
    { ...idAt, with: encoder.encode(String(call.bridgeId)) },
    { ...span, with: withMembers(result, change) },
  ];
  return splice(
    bytes,
    edits.toSorted((one, other) => one.start - other.start),
  );
}

function metaWith(result: Uint8Array, serverInfo: unknown): Uint8Array {
  const own = valueAt(result, '_meta');
  const and = serverInfo === undefined ? {} : { [META.serverInfo]: JSON.stringify(serverInfo) };
  return own ? withMembers(result, { and }, own) : withMembers(EMPTY, { and });
}

/**
 * Many serializers print absent members as null, which clients that check results against the schema refuse. No member of a result or of
 * its listed items may be null, so nothing is lost; deeper values are the server's own.
 */
function withoutNulls(
  result: Uint8Array,
  members: readonly Member[],
  lists: readonly Span[],
): Uint8Array {
  if (!textAt(result).includes('null')) return result;
  const isNull = ({ value }: Member): boolean => result[value.start] === NULL_FIRST;
  // The schema requires lists, and some languages print an empty list as null.
  const edits = dropEdits(members, (member) => isNull(member) && !LISTS.has(member.key));
  for (const { key, value } of members) {
    if (LISTS.has(key) && result[value.start] === NULL_FIRST)
      edits.push({ ...value, with: NO_ELEMENTS });
  }
  for (const list of lists) {
    for (const element of elementsOf(result, list)) {
      const own = [...membersOf(result, element).take(MAX_MEMBERS)];
      edits.push(...dropEdits(own, isNull));
    }
  }
  return splice(
    result,
    edits.toSorted((one, other) => one.start - other.start),
  );
}

/** `execution` describes tasks in the legacy form. */
function withoutExecution(result: Uint8Array): Members {
  const tools = valueAt(result, 'tools');
  const edits: Edit[] = [];
  for (const tool of tools ? elementsOf(result, tools) : []) {
    if (!valueIn(result, tool, 'execution')) continue;
    edits.push({ ...tool, with: withMembers(result, { without: ['execution'] }, tool) });
  }
  return tools && edits.length > 0 ? { tools: splice(result, edits, tools) } : {};
}

/** In revisions before 2025-06-18 a result may lack it. */
function withContent(result: Uint8Array): Members {
  return valueAt(result, 'content') ? {} : { content: '[]' };
}

const encoder = new TextEncoder();
const EMPTY = encoder.encode('{}');
const NO_ELEMENTS = encoder.encode('[]');
