// Keeps what a pass over a large text has found (skim.ts), so that later passes over the same bytes jump over it (json-cursor.ts)
// and copies take it along (splice.ts, members.ts). It is kept by buffer, as offsets, so views and callers need not know of it. The
// bytes of such a buffer must not be changed.
import type { Span } from './span.ts';

/** Smaller containers are passed at once. */
export const KNOWN_BYTES = 64 * 1024;

/**
 * Strings, numbers and the outer containers from here on are known as well: so deep, a message of a batch and the members of its parts are
 * walked through one by one, and there may be a thousand of them.
 */
export const OUTER_KNOWN_BYTES = 2 * 1024;
export const OUTER_DEPTH = 4;

/** A value that was passed: an array, an object, a string or a number. */
export interface KnownValue extends Span {
  /** It holds CR or LF between its tokens. */
  readonly hasBreaks: boolean;
  /** It holds bytes that are no ASCII, and no UTF-8 either; of valid UTF-8 nothing need be known. */
  readonly isDoubtful: boolean;
  /** It ends too early or breaks off: what every pass finds that goes on to the same end. */
  readonly fault?: KnownFault;
}

/** A fault within a value, with its place in the buffer. */
export interface KnownFault {
  readonly at: number;
  readonly reason: string;
  readonly isInString: boolean;
}

/** By where they begin; one lies within another or apart from it. */
const known = new WeakMap<ArrayBufferLike, readonly KnownValue[]>();

const NONE: readonly KnownValue[] = [];

/** What is known of values that begin in `bytes`; offsets are those of the buffer that they lie in. */
export function knownOf(bytes: Uint8Array): readonly KnownValue[] {
  if (bytes.length < OUTER_KNOWN_BYTES) return NONE;
  const values = known.get(bytes.buffer);
  if (!values) return NONE;
  const from = countBefore(values, bytes.byteOffset);
  const until = countBefore(values, bytes.byteOffset + bytes.length);
  return until - from === values.length ? values : values.slice(from, until);
}

/** How many of the values begin before a place. */
function countBefore(values: readonly KnownValue[], at: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle]?.start ?? at) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Remembers what was found in the buffer of `bytes`, in the place of what was known of it. */
export function remember(bytes: Uint8Array, values: readonly KnownValue[]): void {
  // An outer value begins before those in it.
  if (values.length > 0)
    known.set(
      bytes.buffer,
      values.toSorted((a, b) => a.start - b.start),
    );
}

/** The values within `part` as they lie in a buffer to which `part` was copied at `to`. */
export function carried(part: Uint8Array, to: number): KnownValue[] {
  const from = part.byteOffset;
  const until = from + part.length;
  return knownOf(part)
    .filter(({ start, end, fault }) => fault === undefined && start >= from && end <= until)
    .map((value) => ({ ...value, start: value.start - from + to, end: value.end - from + to }));
}
