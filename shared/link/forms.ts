// The two forms in which the sides hold frames, and what sending and receiving parts needs of each (PROTOCOL.md LP3). The edge
// works on text, the runner on UTF-8 bytes. Lengths are in the form's own units: UTF-16 units, or bytes.
import {
  inPieces,
  isInPieces,
  joinBytes,
  wholeBytes,
  wholeText,
  type Bytes,
  type Pieces,
  type Text,
} from '../bytes.ts';
import { FRAME_BYTES } from './sizes.ts';

/** `T`: what a socket carries. `R`: a frame that has come. */
export interface ReceivedForm<T extends string | Uint8Array, R> {
  /** The first line, without its end. */
  firstLine(message: T): string;
  /** What follows the first line. */
  afterFirstLine(message: T): T;
  startsWith(message: T, prefix: string): boolean;
  /** The frame that came in these slices. */
  received(slices: readonly T[]): R;
}

/** `T`: what a socket carries. `F`: a frame before it is sent. */
export interface SentForm<
  T extends string | Uint8Array,
  F extends { readonly length: number } = T,
> {
  /** Most units of a slice, so that its message stays within 256 KiB whatever its characters are. */
  readonly maxSlice: number;
  /** The text as a message of this form. */
  of(text: string): T;
  join(chunks: readonly T[]): T;
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

/** A text below this is joined when it has come in parts: all the later work is on one string. */
const JOINED_CHARS = 256 * 1024;

export const textForm: ReceivedForm<string, Text> & SentForm<string, Text> = {
  // At most three bytes for each UTF-16 unit.
  maxSlice: Math.floor((FRAME_BYTES - HEADER_BYTES) / 3),
  of: (text) => text,
  firstLine(message) {
    const end = message.indexOf('\n');
    return end === -1 ? message : message.slice(0, end);
  },
  afterFirstLine(message) {
    const end = message.indexOf('\n');
    return end === -1 ? '' : message.slice(end + 1);
  },
  slice: (frame, at, room) => cutFrame(cutText, textForm.join, frame, at, room),
  whole: wholeText,
  // Nothing is copied before somebody reads or sends the text.
  join: (chunks) => chunks.reduce((text, chunk) => text + chunk, ''),
  startsWith: (message, prefix) => message.startsWith(prefix),
  received(slices) {
    const frame = inPieces(slices);
    return frame.length < JOINED_CHARS ? slices.join('') : frame;
  },
};

export const bytesForm: ReceivedForm<Uint8Array, Uint8Array> & SentForm<Uint8Array, Bytes> = {
  maxSlice: FRAME_BYTES - HEADER_BYTES,
  of: (text) => encoder.encode(text),
  firstLine(message) {
    const end = message.indexOf(NEWLINE);
    return decoder.decode(end === -1 ? message : message.subarray(0, end));
  },
  afterFirstLine(message) {
    const end = message.indexOf(NEWLINE);
    return end === -1 ? message.subarray(message.length) : message.subarray(end + 1);
  },
  slice: (frame, at, room) => cutFrame(cutBytes, joinBytes, frame, at, room),
  whole: wholeBytes,
  join: joinBytes,
  startsWith(message, prefix) {
    if (message.length < prefix.length) return false;
    for (let at = 0; at < prefix.length; at++) {
      if (message[at] !== prefix.charCodeAt(at)) return false;
    }
    return true;
  },
  // A client's message is a few MiB at most, and the process gets it as one line.
  received: joinBytes,
};

function cutFrame<T extends string | Uint8Array>(
  cut: (piece: T, at: number, room: number) => T,
  join: (chunks: readonly T[]) => T,
  frame: T | Pieces<T>,
  at: number,
  room: number,
): T {
  if (!isInPieces(frame)) return cut(frame, at, room);
  const found: T[] = [];
  let [skipped, left] = [at, room];
  for (const piece of frame.pieces) {
    const rest = cut(piece, skipped, left);
    if (rest.length > 0) found.push(rest);
    if (skipped < piece.length && skipped + rest.length < piece.length) break;
    skipped = Math.max(0, skipped - piece.length);
    left -= rest.length;
  }
  const [only, second] = found;
  return only !== undefined && second === undefined ? only : join(found);
}

function cutText(text: string, at: number, room: number): string {
  let end = Math.min(at + room, text.length);
  if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(at, end);
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

function cutBytes(bytes: Uint8Array, at: number, room: number): Uint8Array {
  let end = Math.min(at + room, bytes.length);
  while (end < bytes.length && isContinuation(bytes[end])) end -= 1;
  return bytes.subarray(at, end);
}

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && (byte & 0xc0) === 0x80;
