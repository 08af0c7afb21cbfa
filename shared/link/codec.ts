// Frame ⇄ WebSocket text (PROTOCOL.md LP1, LP2). The edge works on strings, the runner on bytes. Each keeps messages in the
// form its sockets give, so that a payload is never converted on the way.
import * as v from 'valibot';
import {
  inPieces,
  isInPieces,
  piecesOf,
  wholeBytes,
  wholeText,
  type Bytes,
  type Pieces,
  type Text,
} from '../bytes.ts';

const NEWLINE = 0x0a;
/** Longest reason of a reading: an issue quotes what came, which may be megabytes. */
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

/** The same where the message may be in pieces, which stay apart. */
export const encodeFrame = (header: object, message: Text | undefined): Text =>
  message !== undefined && isInPieces(message)
    ? inPieces([`${JSON.stringify(header)}\n`, ...message.pieces])
    : encodeText(header, message);

/** Header and optional message as one frame's UTF-8 bytes. */
export function encodeBytes(header: object, message?: Uint8Array): Uint8Array {
  const text = JSON.stringify(header);
  if (message === undefined) return encoder.encode(text);
  // Nearly every header is of ASCII, a byte a unit, and needs no array of its own.
  const bytes = new Uint8Array(text.length + 1 + message.length);
  const { read, written } = encoder.encodeInto(text, bytes);
  if (read === text.length && written === read) return joined(bytes, text.length, message);
  const head = encoder.encode(text);
  const longer = new Uint8Array(head.length + 1 + message.length);
  longer.set(head);
  return joined(longer, head.length, message);
}

/** Puts the line break and the message behind the first `at` bytes. */
function joined(bytes: Uint8Array, at: number, message: Uint8Array): Uint8Array {
  bytes[at] = NEWLINE;
  bytes.set(message, at + 1);
  return bytes;
}

/** A larger message is not copied behind its header. */
const JOINED_BYTES = 16 * 1024;

/** Header and optional message as a frame that an outbox sends. */
export function frameOf(header: object, message?: Bytes): Bytes {
  if (message === undefined || message.length <= JOINED_BYTES)
    return encodeBytes(header, message && wholeBytes(message));
  return inPieces([encoder.encode(`${JSON.stringify(header)}\n`), ...piecesOf(message)]);
}

/**
 * Reads a header in the form that most frames of a link have; undefined for all others, which the schema reads (hot-frames.ts). It must
 * read nothing otherwise than the schema.
 */
type Hot<S extends v.GenericSchema> = (header: string) => v.InferOutput<S> | undefined;

/** Reads a whole frame from text. Never throws; `reason` says what broke LP2, with a piece of what came, so it is for the log and not a close reason. */
export function decodeText<S extends v.GenericSchema>(
  schema: S,
  text: string,
  hot?: Hot<S>,
): Reading<v.InferOutput<S>, string>;
/** A message in pieces stays in pieces. */
export function decodeText<S extends v.GenericSchema>(
  schema: S,
  text: Text,
  hot?: Hot<S>,
): Reading<v.InferOutput<S>, Text>;
export function decodeText<S extends v.GenericSchema>(
  schema: S,
  text: Text,
  hot?: Hot<S>,
): Reading<v.InferOutput<S>, Text> {
  return isInPieces(text) ? decodePieces(schema, text, hot) : decodeWhole(schema, text, hot);
}

function decodePieces<S extends v.GenericSchema>(
  schema: S,
  text: Pieces<string>,
  hot: Hot<S> | undefined,
): Reading<v.InferOutput<S>, Text> {
  const [first = '', ...rest] = text.pieces;
  // Only a header that is longer than a part goes on in the next.
  if (!first.includes('\n')) return decodeWhole(schema, wholeText(text), hot);
  const reading = decodeWhole(schema, first, hot);
  if (!reading.ok) return reading;
  const { header, message = '' } = reading.frame;
  return { ok: true, frame: { header, message: inPieces([message, ...rest]) } };
}

function decodeWhole<S extends v.GenericSchema>(
  schema: S,
  text: string,
  hot: Hot<S> | undefined,
): Reading<v.InferOutput<S>, string> {
  const end = text.indexOf('\n');
  const header = readHeader(schema, end === -1 ? text : text.slice(0, end), hot);
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
  hot?: Hot<S>,
): Reading<v.InferOutput<S>, Uint8Array> {
  const end = bytes.indexOf(NEWLINE);
  const header = readHeader(
    schema,
    decoder.decode(end === -1 ? bytes : bytes.subarray(0, end)),
    hot,
  );
  if (!header.ok) return header;
  return {
    ok: true,
    frame: { header: header.value, message: end === -1 ? undefined : bytes.subarray(end + 1) },
  };
}

function readHeader<S extends v.GenericSchema>(
  schema: S,
  text: string,
  hot: Hot<S> | undefined,
): { ok: true; value: v.InferOutput<S> } | { ok: false; reason: string } {
  const value = hot?.(text);
  if (value !== undefined) return { ok: true, value };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'the frame header is not JSON' };
  }
  // The first issue is enough; an array of 100,000 wrong entries would have as many issues.
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (parsed.success) return { ok: true, value: parsed.output };
  const [issue] = parsed.issues;
  return { ok: false, reason: `frame header: ${issue.message}`.slice(0, MAX_REASON_CHARS) };
}
