// Rewrites a scanned message by its bytes: it puts other ids and tokens at known offsets and removes line breaks between tokens.
// Every other byte stays, so numbers, duplicate keys and spacing reach the other side as they were sent.

import { inPieces, type Bytes } from '../bytes.ts';
import type { Span } from './span.ts';
import { carried, knownOf, OUTER_KNOWN_BYTES, remember, type KnownValue } from './known.ts';

/** What stands at start…end is replaced by `with`. */
export interface Edit extends Span {
  readonly with: Uint8Array;
}

const LF = 0x0a;
const CR = 0x0d;

/** Runs shorter than this are copied by a loop: a call to `set` costs more than it saves. */
const BULK_COPY_FROM_BYTES = 128;

/**
 * The bytes with the edits applied. Edits must lie within them, not overlap, and come in order. Without edits nothing is copied.
 *
 * @throws RangeError when the edits break these rules.
 */
export function splice(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  if (edits.length === 0) return bytes;
  const target = new Uint8Array(splicedLength(bytes, edits));
  let from = 0;
  let to = 0;
  for (const edit of edits) {
    to = copyRun(bytes, from, edit.start, target, to);
    to = copyRun(edit.with, 0, edit.with.length, target, to);
    from = edit.end;
  }
  copyRun(bytes, from, bytes.length, target, to);
  carryKnown(bytes, edits, target);
  return target;
}

/** Bytes from here on are not copied for an edit: that takes a millisecond for each MiB or so, and others have to wait. */
const APART_BYTES = 256 * 1024;

/** As {@link splice}; large bytes are left where they are, with what replaces parts of them between. */
export function spliceApart(bytes: Uint8Array, edits: readonly Edit[]): Bytes {
  if (edits.length === 0 || bytes.length < APART_BYTES) return splice(bytes, edits);
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const edit of edits) {
    pieces.push(bytes.subarray(from, edit.start), edit.with);
    from = edit.end;
  }
  return inPieces([...pieces, bytes.subarray(from)]);
}

/**
 * The bytes without CR and LF. They must be scanned JSON: there the strings hold no raw CR or LF, so all that go are white space
 * between tokens. The same bytes when there are none.
 */
export function compactLine(bytes: Uint8Array): Uint8Array {
  return hasBreaks(bytes) ? withoutBreaks(bytes) : bytes;
}

/** Of what an earlier pass knows, that is not looked at again. */
function hasBreaks(bytes: Uint8Array): boolean {
  const base = bytes.byteOffset;
  let at = 0;
  for (const { start, end, hasBreaks: isBroken, fault } of knownOf(bytes)) {
    if (start < base + at || end > base + bytes.length || fault !== undefined) continue;
    if (isBroken || holdsBreak(bytes.subarray(at, start - base))) return true;
    at = end - base;
  }
  return holdsBreak(bytes.subarray(at));
}

const holdsBreak = (bytes: Uint8Array): boolean => bytes.includes(LF) || bytes.includes(CR);

/** What is known of the runs between edits is known of their copies. */
function carryKnown(bytes: Uint8Array, edits: readonly Edit[], target: Uint8Array): void {
  if (target.length < OUTER_KNOWN_BYTES || knownOf(bytes).length === 0) return;
  const values: KnownValue[] = [];
  let from = 0;
  let to = 0;
  for (const edit of [...edits, { start: bytes.length, end: bytes.length, with: NO_BYTES }]) {
    values.push(...carried(bytes.subarray(from, edit.start), to));
    to += edit.start - from;
    values.push(...carried(edit.with, to));
    to += edit.with.length;
    from = edit.end;
  }
  remember(target, values);
}

const NO_BYTES = new Uint8Array(0);

function splicedLength({ length: end }: Uint8Array, edits: readonly Edit[]): number {
  let length = end;
  let free = 0;
  for (const edit of edits) {
    if (edit.start < free || edit.end < edit.start || edit.end > end) {
      throw new RangeError('edits must be in order, apart, and within the bytes');
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

/** By bytes: pretty-printed texts have a break every few words, so that to search for each costs more. */
function withoutBreaks(bytes: Uint8Array): Uint8Array {
  const line = new Uint8Array(bytes.length);
  let to = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte !== LF && byte !== CR) line[to++] = byte;
  }
  return line.subarray(0, to);
}
