// The two forms in which the sides hold frames, and what sending and receiving parts needs of each (PROTOCOL.md LP3). The edge
// works on text, the runner on UTF-8 bytes. Lengths are in the form's own units: UTF-16 units, or bytes.
import { joinBytes, wholeOf, type Bytes } from '../bytes.ts';
import { FRAME_BYTES } from './sizes.ts';

/** What a socket carries. */
export interface Form<T extends string | Uint8Array> {
  /** Most units of a slice, so that its message stays within 256 KiB whatever its characters are. */
  readonly maxSlice: number;
  /** The text as a message of this form. */
  of(text: string): T;
  /** The first line, without its end. */
  firstLine(frame: T): string;
  /** What follows the first line. */
  afterFirstLine(frame: T): T;
  join(chunks: readonly T[]): T;
  startsWith(frame: T, prefix: string): boolean;
}

/** A form and its frames before they are sent. */
export interface SendForm<
  T extends string | Uint8Array,
  F extends { readonly length: number },
> extends Form<T> {
  /** The units from `at` on, at most `room` of them, cut between characters. */
  slice(frame: F, at: number, room: number): T;
  /** A frame as one message. */
  whole(frame: F): T;
}

/** Room for the header of a part. */
const HEADER_BYTES = 512;
const NEWLINE = 0x0a;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const textForm: SendForm<string, string> = {
  // At most three bytes for each UTF-16 unit.
  maxSlice: Math.floor((FRAME_BYTES - HEADER_BYTES) / 3),
  of: (text) => text,
  firstLine(frame) {
    const end = frame.indexOf('\n');
    return end === -1 ? frame : frame.slice(0, end);
  },
  afterFirstLine(frame) {
    const end = frame.indexOf('\n');
    return end === -1 ? '' : frame.slice(end + 1);
  },
  slice(frame, at, room) {
    let end = Math.min(at + room, frame.length);
    if (end < frame.length && isHighSurrogate(frame.charCodeAt(end - 1))) end -= 1;
    return frame.slice(at, end);
  },
  whole: (frame) => frame,
  join: (chunks) => chunks.join(''),
  startsWith: (frame, prefix) => frame.startsWith(prefix),
};

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

export const bytesForm: SendForm<Uint8Array, Bytes> = {
  maxSlice: FRAME_BYTES - HEADER_BYTES,
  of: (text) => encoder.encode(text),
  firstLine(frame) {
    const end = frame.indexOf(NEWLINE);
    return decoder.decode(end === -1 ? frame : frame.subarray(0, end));
  },
  afterFirstLine(frame) {
    const end = frame.indexOf(NEWLINE);
    return end === -1 ? frame.subarray(frame.length) : frame.subarray(end + 1);
  },
  slice(frame, at, room) {
    return frame instanceof Uint8Array ? cut(frame, at, room) : cutPieces(frame.pieces, at, room);
  },
  whole: wholeOf,
  join: joinBytes,
  startsWith(frame, prefix) {
    if (frame.length < prefix.length) return false;
    for (let at = 0; at < prefix.length; at++) {
      if (frame[at] !== prefix.charCodeAt(at)) return false;
    }
    return true;
  },
};

function cutPieces(pieces: readonly Uint8Array[], at: number, room: number): Uint8Array {
  const found: Uint8Array[] = [];
  let [skipped, left] = [at, room];
  for (const piece of pieces) {
    const rest = cut(piece, skipped, left);
    if (rest.length > 0) found.push(rest);
    if (skipped + rest.length < piece.length && skipped < piece.length) break;
    skipped = Math.max(0, skipped - piece.length);
    left -= rest.length;
  }
  const [only, second] = found;
  return only && !second ? only : joinBytes(found);
}

function cut(bytes: Uint8Array, at: number, room: number): Uint8Array {
  let end = Math.min(at + room, bytes.length);
  while (end < bytes.length && isContinuation(bytes[end])) end -= 1;
  return bytes.subarray(at, end);
}

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && (byte & 0xc0) === 0x80;
