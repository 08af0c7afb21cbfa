// Reads and changes single members of a scanned message by their bytes. Everything else stays byte for byte, so numbers, escapes
// and order reach the other side as they were sent. The work grows with the bytes alone: members that are passed over build
// nothing, and only small values are parsed.
import { elementsOf } from './elements.ts';
import { BACKSLASH, JsonCursor, OPEN_OBJECT, QUOTE } from './json-cursor.ts';
import { shortText } from './short-text.ts';
import type { Span } from './span.ts';
import { carried, remember, type KnownValue } from './known.ts';
import type { Edit } from './splice.ts';
import { MESSAGE_DEPTH, MESSAGE_TOKENS } from '../limits.ts';

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

/** A cursor over scanned JSON, which was held to its limits when it was scanned. */
const cursorOver = (bytes: Uint8Array, span: Span): JsonCursor =>
  new JsonCursor(bytes.subarray(span.start, span.end), Infinity, Infinity);

/** The members of the object at `span` (default: all of `bytes`), in order, one by one; none when it is no object. `bytes` must hold scanned JSON. */
export function* membersOf(bytes: Uint8Array, span: Span = whole(bytes)): Generator<Member, void> {
  const cursor = cursorOver(bytes, span);
  if (cursor.peek() !== OPEN_OBJECT || !cursor.enter()) return;
  while (cursor.nextMember()) {
    const key = cursor.keySpan;
    cursor.peek();
    const start = span.start + cursor.at;
    if (!cursor.skipValue()) return;
    const end = span.start + cursor.at;
    yield { key: cursor.text(key), start: span.start + key.start, end, value: { start, end } };
  }
}

/** Whether the object at `span` has more than `most` members. Keys are not decoded. */
export function hasMoreMembers(bytes: Uint8Array, span: Span, most: number): boolean {
  const cursor = cursorOver(bytes, span);
  if (cursor.peek() !== OPEN_OBJECT || !cursor.enter()) return false;
  let count = 0;
  while (cursor.nextMember() && cursor.skipValue()) if (++count > most) return true;
  return false;
}

/** The keys of each object in `bytes`, which must hold scanned JSON, from outside in; arrays have none. `depth`: how many others it lies in. */
export function* keysByDepth(
  bytes: Uint8Array,
): Generator<{ readonly keys: readonly string[]; readonly depth: number }, void> {
  const found = [{ span: whole(bytes), depth: 0 }];
  // What is added while the list is gone through is gone through too.
  for (const { span, depth } of found) {
    const keys: string[] = [];
    for (const { key, value } of membersOf(bytes, span)) {
      keys.push(key);
      found.push({ span: value, depth: depth + 1 });
    }
    for (const element of elementsOf(bytes, span)) found.push({ span: element, depth: depth + 1 });
    yield { keys, depth };
  }
}

/** Where the value lies that `path` leads to from the outermost object; of equal keys, the last, as `JSON.parse` reads it. */
export function valueAt(bytes: Uint8Array, ...path: readonly string[]): Span | undefined {
  return valueIn(bytes, whole(bytes), ...path);
}

/** {@link valueAt} from the object at `span`. */
export function valueIn(
  bytes: Uint8Array,
  span: Span,
  ...path: readonly string[]
): Span | undefined {
  let found: Span | undefined = span;
  for (const key of path) found = found && memberValue(bytes, found, key);
  return found;
}

function memberValue(bytes: Uint8Array, span: Span, key: string): Span | undefined {
  const cursor = cursorOver(bytes, span);
  let found: Span | undefined;
  if (cursor.peek() !== OPEN_OBJECT || !cursor.enter()) return undefined;
  while (cursor.nextMember()) {
    const isIt = cursor.isKey(key);
    cursor.peek();
    const start = span.start + cursor.at;
    if (!cursor.skipValue()) return found;
    if (isIt) found = { start, end: span.start + cursor.at };
  }
  return found;
}

/** The value at `path`, parsed; undefined where there is none, or one that is too large to be parsed ({@link isParsable}). */
export function parsedAt(bytes: Uint8Array, ...path: readonly string[]): unknown {
  const span = valueAt(bytes, ...path);
  return span && isParsable(bytes, span) ? (JSON.parse(textAt(bytes, span)) as unknown) : undefined;
}

/** The string at `path`; undefined when there is none. */
export function stringAt(bytes: Uint8Array, ...path: readonly string[]): string | undefined {
  const span = valueAt(bytes, ...path);
  return span && stringIn(bytes, span);
}

/** The string at `span`; undefined when it is none. Nearly all have no escapes, and then stand there as they are. */
export function stringIn(bytes: Uint8Array, span: Span): string | undefined {
  const { start, end } = span;
  if (bytes[start] !== QUOTE) return undefined;
  const short = shortText(bytes, start + 1, end - 1);
  if (short !== undefined) return short;
  const inside = bytes.subarray(start + 1, end - 1);
  return inside.includes(BACKSLASH)
    ? (JSON.parse(textAt(bytes, span)) as string)
    : decoder.decode(inside);
}

/** Whether the value at `span` is one that may become objects in memory: a message's worth of depth and tokens. */
export function isParsable(bytes: Uint8Array, span: Span): boolean {
  // So few bytes are no more values, nor deeper.
  if (span.end - span.start <= MESSAGE_DEPTH) return true;
  const text = bytes.subarray(span.start, span.end);
  return new JsonCursor(text, MESSAGE_DEPTH, MESSAGE_TOKENS).skipValue();
}

/** Whether the value at `span` is an object. */
export const isObjectAt = (bytes: Uint8Array, span: Span | undefined): span is Span =>
  span !== undefined && bytes[span.start] === OPEN_OBJECT;

/** The JSON text at `span` (default: all of `bytes`). */
export const textAt = (bytes: Uint8Array, span: Span = whole(bytes)): string =>
  shortText(bytes, span.start, span.end) ?? decoder.decode(bytes.subarray(span.start, span.end));

/** The object at `span` (default: all of `bytes`) written anew with a change; a member named in `and` replaces one of that name. */
export function withMembers(
  bytes: Uint8Array,
  { without = [], and = {} }: MemberChange,
  span: Span = whole(bytes),
): Uint8Array {
  const added = Object.entries(and);
  const gone = [...without, ...added.map(([key]) => key)];
  const kept = keptRuns(bytes, span, gone);
  const parts: Uint8Array[] = kept.map(({ start, end }) => bytes.subarray(start, end));
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

/** Where members lie that stay, those that follow each other as one. */
function keptRuns(bytes: Uint8Array, span: Span, gone: readonly string[]): Span[] {
  const cursor = cursorOver(bytes, span);
  const runs: { start: number; end: number }[] = [];
  let run: { start: number; end: number } | undefined;
  if (cursor.peek() !== OPEN_OBJECT || !cursor.enter()) return runs;
  while (cursor.nextMember()) {
    const start = span.start + cursor.keyStart;
    const isGone = gone.some((key) => cursor.isKey(key));
    if (!cursor.skipValue()) break;
    const end = span.start + cursor.at;
    if (isGone) run = undefined;
    else if (run) run.end = end;
    else runs.push((run = { start, end }));
  }
  return runs;
}

/** The edits that take out those of an object's `members`, or of an array's elements, that `isDropped` picks: each goes with the comma before it, those at the head with the comma behind. */
export function dropEdits<Each extends Span>(
  members: readonly Each[],
  isDropped: (member: Each) => boolean,
): Edit[] {
  const edits: Edit[] = [];
  let hasKept = false;
  for (const [index, member] of members.entries()) {
    if (!isDropped(member)) {
      hasKept = true;
      continue;
    }
    const before = members[index - 1]?.end ?? member.start;
    const behind = members[index + 1]?.start ?? member.end;
    edits.push({
      start: hasKept ? before : member.start,
      end: hasKept ? member.end : behind,
      with: NOTHING,
    });
  }
  return edits;
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
  const value = isObjectAt(bytes, inner) ? bytes.subarray(inner.start, inner.end) : EMPTY;
  return withMembers(bytes, { and: { [key]: changeAt(value, rest, change) } });
}

const OPEN = encoder.encode('{');
const CLOSE = encoder.encode('}');
const COMMA = encoder.encode(',');
const EMPTY = encoder.encode('{}');
const NOTHING = new Uint8Array(0);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  const known: KnownValue[] = [];
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    known.push(...carried(part, at));
    at += part.length;
  }
  remember(joined, known);
  return joined;
}
