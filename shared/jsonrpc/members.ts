// Owns changing single members of a scanned message by its bytes, where one era says a thing that the other has not: what is
// kept stays byte for byte, so numbers, escapes and order reach the other side as they were sent.
import { JsonCursor, OPEN_OBJECT } from './json-cursor.ts';
import type { Span } from './json-cursor.ts';
import { MESSAGE_DEPTH } from '../limits.ts';

/** One member of an object: from its key's quote to its value's end. */
export interface Member extends Span {
  readonly key: string;
  readonly value: Span;
}

/** What {@link withMembers} changes; `and` comes behind what is kept, each value as JSON text. */
export interface MemberChange {
  readonly without?: readonly string[];
  readonly and?: Readonly<Record<string, string | Uint8Array>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const whole = (bytes: Uint8Array): Span => ({ start: 0, end: bytes.length });

/** The members of the object at `span` (default: all of `bytes`), in order; none when it is no object. `bytes` must hold scanned JSON. */
export function membersOf(bytes: Uint8Array, span: Span = whole(bytes)): Member[] {
  const cursor = new JsonCursor(bytes.subarray(span.start, span.end), MESSAGE_DEPTH, Infinity);
  const members: Member[] = [];
  if (cursor.peek() !== OPEN_OBJECT || !cursor.enter()) return members;
  while (cursor.nextMember()) {
    const key = cursor.keySpan;
    cursor.peek();
    const start = span.start + cursor.at;
    if (!cursor.skipValue()) break;
    const end = span.start + cursor.at;
    members.push({
      key: cursor.text(key),
      start: span.start + key.start,
      end,
      value: { start, end },
    });
  }
  return members;
}

/** Where the value lies that `path` leads to from the outermost object; of equal keys, the last, as `JSON.parse` reads it. */
export function valueAt(bytes: Uint8Array, ...path: readonly string[]): Span | undefined {
  let span: Span | undefined = whole(bytes);
  for (const key of path) {
    span = span && membersOf(bytes, span).findLast((member) => member.key === key)?.value;
  }
  return span;
}

/** The value at `path`, parsed; undefined where there is none. */
export function parsedAt(bytes: Uint8Array, ...path: readonly string[]): unknown {
  const span = valueAt(bytes, ...path);
  return span && (JSON.parse(textAt(bytes, span)) as unknown);
}

/** The JSON text at `span` (default: all of `bytes`). */
export const textAt = (bytes: Uint8Array, span: Span = whole(bytes)): string =>
  decoder.decode(bytes.subarray(span.start, span.end));

/** The object at `span` (default: all of `bytes`) written anew with a change; a member named in `and` replaces one of that name. */
export function withMembers(
  bytes: Uint8Array,
  { without = [], and = {} }: MemberChange,
  span: Span = whole(bytes),
): Uint8Array {
  const added = Object.entries(and);
  const parts: Uint8Array[] = [];
  for (const { key, start, end } of membersOf(bytes, span)) {
    if (without.includes(key) || Object.hasOwn(and, key)) continue;
    parts.push(bytes.subarray(start, end));
  }
  for (const [key, value] of added) {
    const head = encoder.encode(`${JSON.stringify(key)}:`);
    parts.push(concat([head, typeof value === 'string' ? encoder.encode(value) : value]));
  }
  return concat([
    OPEN,
    ...parts.flatMap((part, index) => (index === 0 ? [part] : [COMMA, part])),
    CLOSE,
  ]);
}

/**
 * The message in `bytes` with the object that `path` leads to written anew; objects missing on the way are made.
 * The bytes hold one message and nothing beside it.
 */
export function changeAt(
  bytes: Uint8Array,
  path: readonly string[],
  change: MemberChange,
): Uint8Array {
  const [key, ...rest] = path;
  if (key === undefined) return withMembers(bytes, change);
  const inner = valueAt(bytes, key);
  const isObject = inner !== undefined && bytes[inner.start] === OPEN_OBJECT;
  const value = isObject ? bytes.subarray(inner.start, inner.end) : EMPTY;
  return withMembers(bytes, { and: { [key]: changeAt(value, rest, change) } });
}

const OPEN = encoder.encode('{');
const CLOSE = encoder.encode('}');
const COMMA = encoder.encode(',');
const EMPTY = encoder.encode('{}');

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
