// What a pass notes of the members of an object, so that they can be read and changed later without another pass.
import { OPEN_ARRAY, OPEN_OBJECT, type JsonCursor } from './json-cursor.ts';
import type { Member } from './members.ts';
import type { Span } from './span.ts';

/**
 * Of an object with more members none are noted, unless the text's keys and values are bounded anyway: no object that the bridge reads
 * has so many.
 */
export const NOTED_MEMBERS = 1_000;

export interface NotedMember extends Member {
  /** How many elements the value has, if it is an array and they were counted. */
  readonly elements: number | undefined;
  /** The members of a `_meta`. */
  readonly members: readonly NotedMember[] | undefined;
}

/** A value, and its members if it is an object whose members were noted. */
export interface Noted extends Span {
  readonly members: readonly NotedMember[] | undefined;
  /** A pass has tried to note them. */
  readonly isRead: boolean;
}

/** Members of a message's outermost object whose own members are noted. */
export const PARTS = ['params', 'result', 'error'] as const;

export type PartName = (typeof PARTS)[number];

export type Parts = { readonly [Name in PartName]?: Noted | undefined };

/** Keys that need not be decoded; of an array under one of them the elements are counted. */
const READ_KEYS = [
  '_meta',
  'progressToken',
  'requestId',
  'code',
  'message',
  'name',
  'arguments',
  'content',
  'contents',
  'messages',
  'tools',
  'prompts',
  'resources',
  'resourceTemplates',
  'structuredContent',
  'isError',
  'resultType',
  // In the `_meta` of each request of 2026-07-28.
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/clientCapabilities',
] as const;

/** Key and value of each member as it is passed, also of those that are not noted; `depth`: 1 within a `_meta`. False: no more is passed. */
export type OnMember = (
  key: (typeof READ_KEYS)[number] | undefined,
  value: Span,
  first: number,
  depth: 0 | 1,
) => boolean;

const ignore: OnMember = () => true;

/**
 * Passes the object that the cursor stands before, and gives its members, those of a `_meta` in it as well; undefined at a fault, and
 * when there are too many. `base` is added to the cursor's offsets.
 */
export function noteMembers(
  cursor: JsonCursor,
  base = 0,
  seen: OnMember = ignore,
  depth: 0 | 1 = 0,
): readonly NotedMember[] | undefined {
  if (!cursor.enter()) return undefined;
  const most = cursor.isBounded ? Infinity : NOTED_MEMBERS;
  let noted: NotedMember[] | undefined = [];
  while (cursor.nextMember()) {
    const known = cursor.matchKey(READ_KEYS);
    const key = known ?? (noted && cursor.keyText(Infinity)) ?? '';
    const start = cursor.keyStart;
    const first = cursor.peek();
    const from = cursor.at;
    let elements: number | undefined;
    let members: readonly NotedMember[] | undefined;
    if (first === OPEN_OBJECT && known === '_meta' && depth === 0) {
      members = noteMembers(cursor, base, seen, 1);
    } else if (first === OPEN_ARRAY && known !== undefined && !cursor.jumps)
      elements = countElements(cursor);
    else cursor.skipValue();
    if (cursor.fault !== undefined) return undefined;
    const end = base + cursor.at;
    const value = { start: base + from, end };
    if (!seen(known, value, first, depth)) return undefined;
    if (noted?.length === most) noted = undefined;
    noted?.push({ key, start: base + start, end, value, elements, members });
  }
  return cursor.fault === undefined ? noted : undefined;
}

function countElements(cursor: JsonCursor): number {
  let count = 0;
  if (!cursor.enter()) return count;
  while (cursor.nextElement() && cursor.skipValue()) count++;
  return count;
}
