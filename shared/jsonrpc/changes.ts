// Edits that change the members of an object in place. All changes of a message together cost one copy.
import { changeAt, dropEdits, isObjectAt, withMembers, type MemberChange } from './members.ts';
import type { Noted, NotedMember } from './noted.ts';
import type { Edit } from './splice.ts';

/**
 * The edits that change the object that `path` leads to from `object`; objects missing on the way are made. In order, without passing
 * over what was noted.
 */
export function changesIn(
  bytes: Uint8Array,
  object: Noted,
  path: readonly string[],
  change: MemberChange,
): Edit[] {
  const { start, end, members } = object;
  if (!isObjectAt(bytes, object)) return [{ start, end, with: made(path, change) }];
  // Too many members, or not of a kind that is noted.
  if (!members) return [{ start, end, with: changeAt(bytes.subarray(start, end), path, change) }];
  const [key, ...rest] = path;
  if (key === undefined) return memberEdits(object, members, change);
  const found = members.findLast((member) => member.key === key);
  if (!found) {
    const isAdding = Object.keys(change.and ?? {}).length > 0;
    return isAdding ? memberEdits(object, members, { and: { [key]: made(rest, change) } }) : [];
  }
  const drops = dropEdits(members, (member) => member.key === key && member !== found);
  const value = { ...found.value, members: found.members, isRead: true };
  return [...drops, ...changesIn(bytes, value, rest, change)];
}

/** An object that holds nothing but what a change adds at `path`. */
export function made(path: readonly string[], { and = {} }: MemberChange): Uint8Array {
  const [key, ...rest] = path;
  return withMembers(EMPTY, { and: key === undefined ? and : { [key]: made(rest, { and }) } });
}

/** The edit that puts members behind the last one of an object whose closing brace is at `at`. */
export function appended(
  at: number,
  isFirst: boolean,
  and: Readonly<Record<string, string | Uint8Array>>,
): Edit[] {
  if (Object.keys(and).length === 0) return [];
  const text = withMembers(EMPTY, { and }).subarray(0, -1);
  if (isFirst) return [{ start: at, end: at, with: text.subarray(1) }];
  text[0] = COMMA;
  return [{ start: at, end: at, with: text }];
}

function memberEdits(
  { end }: Noted,
  members: readonly NotedMember[],
  { without = [], and = {} }: MemberChange,
): Edit[] {
  const isGone = ({ key }: NotedMember): boolean =>
    without.includes(key) || Object.hasOwn(and, key);
  const isFirst = members.every(isGone);
  return [...dropEdits(members, isGone), ...appended(end - 1, isFirst, and)];
}

const COMMA = 0x2c;
const EMPTY = new TextEncoder().encode('{}');
