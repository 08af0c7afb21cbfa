// Owns what a legacy process's results become for a modern client, method by method; every other byte stays.
import { elementsOf, isOverlong } from '../../shared/jsonrpc/elements.ts';
import {
  dropEdits,
  membersOf,
  textAt,
  valueAt,
  valueIn,
  withMembers,
  type Member,
  type MemberChange,
} from '../../shared/jsonrpc/members.ts';
import type { Span } from '../../shared/jsonrpc/scan.ts';
import { splice, type Edit } from '../../shared/jsonrpc/splice.ts';
import { CACHEABLE_METHODS, META } from '../../shared/mcp/modern.ts';

type Members = Readonly<Record<string, string | Uint8Array>>;

/** Members that mean something to a modern client only; a legacy process that uses the names means something else. */
const MODERN_MEMBERS: readonly string[] = [
  'resultType',
  'ttlMs',
  'cacheScope',
  'inputRequests',
  'requestState',
];

/** A legacy result is as fresh as it was made for this one client; nobody says for how long. */
const NOT_CACHED: Members = { ttlMs: '0', cacheScope: '"private"' };

/** Members of results that are lists of objects. */
const LISTS: readonly string[] = [
  'tools',
  'prompts',
  'resources',
  'resourceTemplates',
  'content',
  'contents',
  'messages',
];

/** Objects of a schema have a dozen members; what has more is the server's own. */
const MAX_MEMBERS = 256;
const NULL_FIRST = 0x6e;

/** Further members of a method's result. */
const BY_METHOD: ReadonlyMap<string, (result: Uint8Array) => Members> = new Map([
  ['tools/list', withoutExecution],
  ['tools/call', withContent],
]);

/** The answer of a legacy process as a modern client is to see it, under the session's `id`; undefined when it lists more than can be. */
export function toModernResult(
  answer: { readonly bytes: Uint8Array; readonly idAt: Span | undefined },
  call: { readonly id: number; readonly method: string },
  serverInfo: unknown,
): Uint8Array | undefined {
  const { bytes, idAt } = answer;
  const span = valueAt(bytes, 'result');
  if (!span || !idAt) return bytes;
  const given = bytes.subarray(span.start, span.end);
  if (LISTS.some((key) => isOverlong(given, valueAt(given, key)))) return undefined;
  const result = withoutNulls(given);
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
    { ...idAt, with: encoder.encode(String(call.id)) },
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
 * Many serializers print what is absent as null, which clients that hold results to the schema refuse. No member of a result or of
 * what it lists may be null, so nothing is lost; deeper values are the server's own.
 */
function withoutNulls(result: Uint8Array): Uint8Array {
  if (!textAt(result).includes('null')) return result;
  const edits = nullsIn(result, { start: 0, end: result.length });
  for (const key of LISTS) {
    const list = valueAt(result, key);
    for (const element of list ? elementsOf(result, list) : []) {
      edits.push(...nullsIn(result, element));
    }
  }
  return splice(
    result,
    edits.toSorted((one, other) => one.start - other.start),
  );
}

function nullsIn(result: Uint8Array, span: Span): Edit[] {
  const members = [...membersOf(result, span).take(MAX_MEMBERS)];
  const isNull = ({ value }: Member): boolean => result[value.start] === NULL_FIRST;
  return dropEdits(members, isNull);
}

/** `execution` speaks of tasks in the legacy form. */
function withoutExecution(result: Uint8Array): Members {
  const tools = valueAt(result, 'tools');
  const edits: Edit[] = [];
  for (const tool of tools ? elementsOf(result, tools) : []) {
    if (!valueIn(result, tool, 'execution')) continue;
    edits.push({ ...tool, with: withMembers(result, { without: ['execution'] }, tool) });
  }
  return tools && edits.length > 0 ? { tools: splice(result, edits, tools) } : {};
}

/** Revisions before 2025-06-18 let a result be without. */
function withContent(result: Uint8Array): Members {
  return valueAt(result, 'content') ? {} : { content: '[]' };
}

const encoder = new TextEncoder();
const EMPTY = encoder.encode('{}');
