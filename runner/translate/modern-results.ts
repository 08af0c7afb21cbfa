// Owns what a legacy process's results become for a modern client, method by method; every other byte stays.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { valueAt, valueIn, withMembers, type MemberChange } from '../../shared/jsonrpc/members.ts';
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

/** Further members of a method's result, made of the result at `span`. */
const BY_METHOD: ReadonlyMap<string, (bytes: Uint8Array, span: Span) => Members> = new Map([
  ['tools/list', (bytes, span) => withoutExecution(bytes, span)],
  ['tools/call', (bytes, span) => withContent(bytes, span)],
]);

/** The answer of a legacy process as a modern client is to see it, under the session's `id`. */
export function toModernResult(
  answer: { readonly bytes: Uint8Array; readonly idAt: Span | undefined },
  call: { readonly id: number; readonly method: string },
  serverInfo: unknown,
): Uint8Array {
  const { bytes, idAt } = answer;
  const result = valueAt(bytes, 'result');
  if (!result || !idAt) return bytes;
  const cached = CACHEABLE_METHODS.has(call.method) ? NOT_CACHED : {};
  const change: MemberChange = {
    without: MODERN_MEMBERS,
    and: {
      resultType: '"complete"',
      ...cached,
      ...BY_METHOD.get(call.method)?.(bytes, result),
      _meta: metaWith(bytes, result, serverInfo),
    },
  };
  const edits = [
    { ...idAt, with: encoder.encode(String(call.id)) },
    { ...result, with: withMembers(bytes, change, result) },
  ];
  return splice(
    bytes,
    edits.toSorted((a, b) => a.start - b.start),
  );
}

function metaWith(bytes: Uint8Array, result: Span, serverInfo: unknown): Uint8Array {
  const own = valueIn(bytes, result, '_meta');
  const and = serverInfo === undefined ? {} : { [META.serverInfo]: JSON.stringify(serverInfo) };
  return own ? withMembers(bytes, { and }, own) : withMembers(EMPTY, { and });
}

/** `execution` speaks of tasks in the legacy form. */
function withoutExecution(bytes: Uint8Array, result: Span): Members {
  const tools = valueIn(bytes, result, 'tools');
  const edits: Edit[] = [];
  for (const tool of tools ? elementsOf(bytes, tools) : []) {
    if (!valueIn(bytes, tool, 'execution')) continue;
    edits.push({ ...tool, with: withMembers(bytes, { without: ['execution'] }, tool) });
  }
  return tools && edits.length > 0 ? { tools: splice(bytes, edits, tools) } : {};
}

/** Revisions before 2025-06-18 let a result be without. */
function withContent(bytes: Uint8Array, result: Span): Members {
  return valueIn(bytes, result, 'content') ? {} : { content: '[]' };
}

const encoder = new TextEncoder();
const EMPTY = encoder.encode('{}');
