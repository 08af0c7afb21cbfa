// Frame ⇄ WebSocket text, and the splitting of large frames (PROTOCOL.md LP1–LP3). The edge works on strings, the runner on
// bytes: each keeps messages in the form its sockets give, so that a payload is never converted on the way.
import * as v from 'valibot';
import { FRAME_BYTES, REASSEMBLED_BYTES } from '../limits.ts';

const NEWLINE = 0x0a;
/** Of a reading's reason: an issue quotes what came, which may be megabytes. */
const MAX_REASON_CHARS = 200;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A frame as it was read: its header, and its message in the form of the source. */
export interface Frame<H, M> {
  readonly header: H;
  readonly message: M | undefined;
}

export type Reading<H, M> =
  | { readonly ok: true; readonly frame: Frame<H, M> }
  | { readonly ok: false; readonly reason: string };

/** Header and optional message as one frame's text. */
export function encodeText(header: object, message?: string): string {
  const head = JSON.stringify(header);
  return message === undefined ? head : `${head}\n${message}`;
}

/** Header and optional message as one frame's UTF-8 bytes. */
export function encodeBytes(header: object, message?: Uint8Array): Uint8Array {
  const head = encoder.encode(JSON.stringify(header));
  if (message === undefined) return head;
  const bytes = new Uint8Array(head.length + 1 + message.length);
  bytes.set(head);
  bytes[head.length] = NEWLINE;
  bytes.set(message, head.length + 1);
  return bytes;
}

/** Reads a whole frame from text. Never throws; `reason` says what broke LP2, with a piece of what came: it is for a log, no close reason. */
export function decodeText<S extends v.GenericSchema>(
  schema: S,
  text: string,
): Reading<v.InferOutput<S>, string> {
  const end = text.indexOf('\n');
  const header = readHeader(schema, end === -1 ? text : text.slice(0, end));
  if (!header.ok) return header;
  return {
    ok: true,
    frame: { header: header.value, message: end === -1 ? undefined : text.slice(end + 1) },
  };
}

/** Reads a whole frame from UTF-8 bytes. The message is a view, not a copy. */
export function decodeBytes<S extends v.GenericSchema>(
  schema: S,
  bytes: Uint8Array,
): Reading<v.InferOutput<S>, Uint8Array> {
  const end = bytes.indexOf(NEWLINE);
  const header = readHeader(schema, decoder.decode(end === -1 ? bytes : bytes.subarray(0, end)));
  if (!header.ok) return header;
  return {
    ok: true,
    frame: { header: header.value, message: end === -1 ? undefined : bytes.subarray(end + 1) },
  };
}

function readHeader<S extends v.GenericSchema>(
  schema: S,
  text: string,
): { ok: true; value: v.InferOutput<S> } | { ok: false; reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'the frame header is not JSON' };
  }
  // The first issue says enough; an array of 100,000 wrong entries would have as many.
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (parsed.success) return { ok: true, value: parsed.output };
  const [issue] = parsed.issues;
  return { ok: false, reason: `frame header: ${issue.message}`.slice(0, MAX_REASON_CHARS) };
}

const PART = '{"type":"part","last":false}\n';
const LAST_PART = '{"type":"part","last":true}\n';
/** What a part counts beside its slice, so that parts with nothing in them can not go on for ever. */
const PART_OVERHEAD_BYTES = 256;
const PART_BYTES = encoder.encode(PART);
const LAST_PART_BYTES = encoder.encode(LAST_PART);

/** The WebSocket messages that carry one frame's text: itself, or its parts. */
export function splitText(text: string): readonly string[] {
  if (text.length * 3 <= FRAME_BYTES || encoder.encode(text).length <= FRAME_BYTES) return [text];
  const slices: string[] = [];
  // Three bytes at most a UTF-16 unit: a third of the limit always fits.
  const units = Math.floor((FRAME_BYTES - PART.length) / 3);
  let at = 0;
  while (at < text.length) {
    let end = Math.min(at + units, text.length);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    slices.push((end === text.length ? LAST_PART : PART) + text.slice(at, end));
    at = end;
  }
  return slices;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** The WebSocket messages that carry one frame's bytes: itself, or its parts. */
export function splitBytes(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length <= FRAME_BYTES) return [bytes];
  const slices: Uint8Array[] = [];
  const room = FRAME_BYTES - PART_BYTES.length;
  let at = 0;
  while (at < bytes.length) {
    let end = Math.min(at + room, bytes.length);
    while (end < bytes.length && isContinuation(bytes[end])) end -= 1;
    slices.push(
      join([end === bytes.length ? LAST_PART_BYTES : PART_BYTES, bytes.subarray(at, end)]),
    );
    at = end;
  }
  return slices;
}

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && (byte & 0xc0) === 0x80;

function join(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** What a WebSocket message gave: a whole frame's text, nothing yet, or a breach of LP3. */
export type Assembled<T> =
  | { readonly state: 'whole'; readonly frame: T }
  | { readonly state: 'partial' }
  | { readonly state: 'too_large' };

/** Stands for parts that another frame interrupted: no schema accepts it, so the socket is closed as LP3 wants. */
const NO_FRAME = '';

/** Puts the parts of large frames together again, on the edge. */
export class TextAssembler {
  #parts: string[] = [];
  #length = 0;

  /** Takes one WebSocket message. Parts whose beginning was lost, or that were interrupted, yield what no schema accepts (LP3). */
  push(text: string): Assembled<string> {
    const last = text.startsWith(LAST_PART);
    if (!last && !text.startsWith(PART)) {
      if (text.length > REASSEMBLED_BYTES) return { state: 'too_large' };
      if (this.#parts.length === 0) return { state: 'whole', frame: text };
      this.#take();
      return { state: 'whole', frame: NO_FRAME };
    }
    const slice = text.slice(last ? LAST_PART.length : PART.length);
    this.#length += slice.length + PART_OVERHEAD_BYTES;
    if (this.#length > REASSEMBLED_BYTES) return { state: 'too_large' };
    this.#parts.push(slice);
    return last ? { state: 'whole', frame: this.#take() } : { state: 'partial' };
  }

  #take(): string {
    const whole = this.#parts.join('');
    this.#parts = [];
    this.#length = 0;
    return whole;
  }
}

/** Puts the parts of large frames together again, on the runner. */
export class ByteAssembler {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Takes one WebSocket message. */
  push(bytes: Uint8Array): Assembled<Uint8Array> {
    const last = startsWith(bytes, LAST_PART_BYTES);
    if (!last && !startsWith(bytes, PART_BYTES)) {
      if (bytes.length > REASSEMBLED_BYTES) return { state: 'too_large' };
      if (this.#parts.length === 0) return { state: 'whole', frame: bytes };
      this.#take();
      return { state: 'whole', frame: encoder.encode(NO_FRAME) };
    }
    const slice = bytes.subarray(last ? LAST_PART_BYTES.length : PART_BYTES.length);
    this.#length += slice.length + PART_OVERHEAD_BYTES;
    if (this.#length > REASSEMBLED_BYTES) return { state: 'too_large' };
    this.#parts.push(slice);
    return last ? { state: 'whole', frame: this.#take() } : { state: 'partial' };
  }

  #take(): Uint8Array {
    const whole = join(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return whole;
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length || bytes[8] !== prefix[8] || bytes[9] !== prefix[9])
    return false;
  return prefix.every((byte, index) => bytes[index] === byte);
}
