// The definition of a tool as models read it (name, title, description, schemas, annotations), in a form that is the same however the
// server orders and spaces its JSON. Pure.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { OPEN_ARRAY, OPEN_OBJECT } from '../../shared/jsonrpc/json-cursor.ts';
import { isParsable, membersOf, stringIn, textAt } from '../../shared/jsonrpc/members.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import { nameAmong, soleMember } from '../../shared/mcp/judged.ts';

/** What a model reads of a tool. */
const READ = [
  'name',
  'title',
  'description',
  'inputSchema',
  'outputSchema',
  'annotations',
] as const;

/** A tool as a server lists it. */
export interface ToolDefinition {
  readonly name: string;
  /** JSON text of what is read of it, keys in order, no spaces. */
  readonly text: string;
}

/** The definition at `span`; undefined if it has no clear name, is too large or too deep, or readers of JSON would differ about it. */
export function definitionAt(bytes: Uint8Array, span: Span): ToolDefinition | undefined {
  if (!isParsable(bytes, span)) return undefined;
  const members = [...membersOf(bytes, span)];
  const read = nameAmong(bytes, members);
  if (read.kind !== 'name') return undefined;
  const parts: string[] = [];
  for (const key of READ) {
    const member = soleMember(members, key);
    if (member === 'unclear') return undefined;
    if (!member) continue;
    const text = canonical(bytes, member.value);
    if (text === undefined) return undefined;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return { name: read.name, text: `{${parts.join(',')}}` };
}

/** Numbers stay as they are written; strings are written alike. Undefined if an object has a key twice: a person would be shown one of them. */
function canonical(bytes: Uint8Array, span: Span): string | undefined {
  const first = bytes[span.start];
  if (first === OPEN_ARRAY) {
    const parts: string[] = [];
    for (const each of elementsOf(bytes, span)) {
      const text = canonical(bytes, each);
      if (text === undefined) return undefined;
      parts.push(text);
    }
    return `[${parts.join(',')}]`;
  }
  if (first === OPEN_OBJECT) {
    const members = [...membersOf(bytes, span)].toSorted((one, other) =>
      one.key < other.key ? -1 : one.key > other.key ? 1 : 0,
    );
    const parts: string[] = [];
    for (const [index, { key, value }] of members.entries()) {
      const text = key === members[index - 1]?.key ? undefined : canonical(bytes, value);
      if (text === undefined) return undefined;
      parts.push(`${JSON.stringify(key)}:${text}`);
    }
    return `{${parts.join(',')}}`;
  }
  const string = stringIn(bytes, span);
  return string === undefined ? textAt(bytes, span) : JSON.stringify(string);
}
