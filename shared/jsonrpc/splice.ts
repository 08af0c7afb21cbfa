// Owns rewriting a scanned message by its bytes: other ids and tokens at known offsets, line breaks between tokens
// dropped, and every other byte kept, so numbers, duplicate keys and spacing reach the other side as they were sent.

import type { Span } from './json-cursor.ts';

/** What stands at start…end is replaced by `with`. */
export interface Edit extends Span {
  readonly with: Uint8Array;
}

const LF = 0x0a;
const CR = 0x0d;

/** Runs shorter than this are copied by a loop: a call to `set` costs more than it saves. */
const BULK_COPY_FROM_BYTES = 128;

/**
 * The bytes of `range` (default: all) with the edits applied. Edits must lie within the range, not overlap, and come
 * in order. Without edits the result is a view, not a copy.
 *
 * @throws RangeError when the edits break these rules.
 */
export function splice(bytes: Uint8Array, edits: readonly Edit[], range?: Span): Uint8Array {
  return rewrite(bytes, edits, range, false);
}

/**
 * The bytes of `range` (default: all) without CR and LF. The range must hold scanned JSON: there the strings hold no
 * raw CR or LF, so all that go are white space between tokens. A view when there are none.
 */
export function compactLine(bytes: Uint8Array, range?: Span): Uint8Array {
  return rewrite(bytes, [], range, true);
}

/** {@link splice} and {@link compactLine} in one pass; the replacements themselves are copied as they are. */
export function spliceLine(bytes: Uint8Array, edits: readonly Edit[], range?: Span): Uint8Array {
  return rewrite(bytes, edits, range, true);
}

function rewrite(
  bytes: Uint8Array,
  edits: readonly Edit[],
  range: Span | undefined,
  dropBreaks: boolean,
): Uint8Array {
  const start = range?.start ?? 0;
  const end = range?.end ?? bytes.length;
  const drops = dropBreaks && hasBreaks(bytes.subarray(start, end));
  if (edits.length === 0 && !drops) return bytes.subarray(start, end);

  const target = new Uint8Array(splicedLength(edits, start, end));
  const copy = drops ? copyWithoutBreaks : copyRun;
  let from = start;
  let to = 0;
  for (const edit of edits) {
    to = copy(bytes, from, edit.start, target, to);
    to = copyRun(edit.with, 0, edit.with.length, target, to);
    from = edit.end;
  }
  to = copy(bytes, from, end, target, to);
  return to < target.length ? target.subarray(0, to) : target;
}

function hasBreaks(bytes: Uint8Array): boolean {
  return bytes.includes(LF) || bytes.includes(CR);
}

function splicedLength(edits: readonly Edit[], start: number, end: number): number {
  let length = end - start;
  let free = start;
  for (const edit of edits) {
    if (edit.start < free || edit.end < edit.start || edit.end > end) {
      throw new RangeError('edits must be in order, apart, and within the range');
    }
    length += edit.with.length - (edit.end - edit.start);
    free = edit.end;
  }
  return length;
}

/** Copies from…until of `source` to `target` at `to`; returns where the next byte goes. */
function copyRun(
  source: Uint8Array,
  from: number,
  until: number,
  target: Uint8Array,
  to: number,
): number {
  if (until - from >= BULK_COPY_FROM_BYTES) {
    target.set(source.subarray(from, until), to);
    return to + until - from;
  }
  let next = to;
  for (let at = from; at < until; at++) target[next++] = source[at] as number;
  return next;
}

function copyWithoutBreaks(
  source: Uint8Array,
  from: number,
  until: number,
  target: Uint8Array,
  to: number,
): number {
  // A view that ends at `until`, so that no search runs on through the rest of a batch.
  const part = source.subarray(0, until);
  let next = to;
  let at = from;
  let nextLf = find(part, LF, at);
  let nextCr = find(part, CR, at);
  while (at < until) {
    const stop = Math.min(nextLf, nextCr);
    next = copyRun(part, at, stop, target, next);
    at = stop + 1;
    if (stop === nextLf) nextLf = find(part, LF, at);
    else nextCr = find(part, CR, at);
  }
  return next;
}

function find(source: Uint8Array, byte: number, from: number): number {
  const at = source.indexOf(byte, from);
  return at < 0 ? source.length : at;
}
