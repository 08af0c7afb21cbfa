// Bytes and texts that stand together or in pieces: a message of many MiB is not copied for the few bytes that are put before or into
// it, nor joined where nobody reads it as a whole. A copy takes a millisecond for each MiB or so, and all others on the thread wait.

export interface Pieces<T extends string | Uint8Array> {
  /** Each ends between characters. */
  readonly pieces: readonly T[];
  /** Of all of them together, in their own units. */
  readonly length: number;
}

/** Bytes, whole or in pieces. */
export type Bytes = Uint8Array | Pieces<Uint8Array>;

/** A text, whole or in pieces. */
export type Text = string | Pieces<string>;

/** In UTF-8 a unit of UTF-16 has three bytes at most; and the second half of a pair, which may be beyond those asked for, one. */
const mostBytesOf = (units: number): number => 3 * units + 1;

/** A BOM at the beginning of a piece is one within the text. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A text that came as UTF-8, in pieces that end between characters. Whoever passes it on as bytes gets those; it is decoded for whoever
 * reads it. Its length is in bytes.
 */
export class Utf8Text implements Pieces<string> {
  readonly bytes: Pieces<Uint8Array>;
  #pieces: readonly string[] | undefined;

  /** The bytes must not be changed. */
  constructor(bytes: Pieces<Uint8Array>) {
    this.bytes = bytes;
  }

  get length(): number {
    return this.bytes.length;
  }

  get pieces(): readonly string[] {
    return (this.#pieces ??= this.bytes.pieces.map((piece) => utf8.decode(piece)));
  }

  /** Only as much is decoded. */
  beginning(units: number): string {
    let head = '';
    for (const piece of this.bytes.pieces) {
      if (head.length >= units) break;
      const left = units - head.length;
      head += utf8.decode(piece.subarray(0, mostBytesOf(left))).slice(0, left);
    }
    return head;
  }
}

/** The bytes of a text that came as such. */
export const utf8Of = (text: Text): Pieces<Uint8Array> | undefined =>
  text instanceof Utf8Text ? text.bytes : undefined;

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Whether a view of so many bytes may be kept as it is: all of its buffer stays in memory with it, which counts as no more than the
 * view. To copy a large one to a buffer of its own makes all others wait.
 */
export const mayKeepBuffer = (viewBytes: number, bufferBytes: number): boolean =>
  2 * viewBytes >= bufferBytes;

/** Whether the other is there and the same, byte for byte. */
export const equalBytes = (one: Uint8Array, other: Uint8Array | undefined): boolean =>
  one.length === other?.length && one.every((byte, index) => byte === other[index]);

export const inPieces = <T extends string | Uint8Array>(pieces: readonly T[]): Pieces<T> => ({
  pieces,
  length: lengthOf(pieces),
});

export const piecesOf = <T extends string | Uint8Array>(value: T | Pieces<T>): readonly T[] =>
  isInPieces(value) ? value.pieces : [value];

export const isInPieces = <T extends string | Uint8Array>(
  value: T | Pieces<T>,
): value is Pieces<T> => typeof value === 'object' && 'pieces' in value;

/** Together; copied only if they are in pieces. */
export const wholeBytes = (bytes: Bytes): Uint8Array =>
  isInPieces(bytes) ? joinBytes(bytes.pieces) : bytes;

export const wholeText = (text: Text): string => (isInPieces(text) ? text.pieces.join('') : text);

/** The first units of a text, at most so many. */
export function beginningOf(text: Text, units: number): string {
  if (text instanceof Utf8Text) return text.beginning(units);
  let head = '';
  for (const piece of piecesOf(text)) {
    if (head.length >= units) break;
    head += piece.slice(0, units - head.length);
  }
  return head;
}

/** The last units of a text, at most so many. */
export function endingOf(text: Text, units: number): string {
  let tail = '';
  for (const piece of piecesOf(text).toReversed()) {
    if (tail.length >= units) break;
    tail = piece.slice(-(units - tail.length)) + tail;
  }
  return tail;
}

function lengthOf(parts: readonly { readonly length: number }[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
