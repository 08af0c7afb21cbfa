// Owns the bytes of server-sent events (WHATWG HTML §9.2) and the form of our event ids. Text from outside cannot
// forge a field or an event: data is split at every line break the standard knows, other fields refuse them.
import { inPieces, isInPieces, type Text } from '../bytes.ts';
import type { StreamId } from '../ids.ts';

/** One event. Without `event` the type is "message". */
export interface SseEvent<Data extends Text = string> {
  readonly id?: string;
  readonly event?: string;
  readonly data: Data;
  readonly retryMs?: number;
}

/** A cursor: the event `seq` of the stream `stream`. */
export interface EventId {
  readonly stream: StreamId;
  readonly seq: number;
}

/** Longest text {@link parseEventId} looks at: it comes in a request header, from anyone. */
const MAX_EVENT_ID_CHARS = 96;
const EVENT_ID = /^([\w-]{1,64})\.(0|[1-9]\d{0,15})$/u;

/**
 * The text of one event, with the empty line that dispatches it.
 *
 * @throws TypeError when `id` or `event` holds CR, LF or NUL, or `retryMs` is not a non-negative integer.
 */
export function encodeEvent(event: SseEvent): string;
/** Data in pieces stays in pieces. */
export function encodeEvent(event: SseEvent<Text>): Text;
export function encodeEvent(event: SseEvent<Text>): Text {
  let text = '';
  if (event.id !== undefined) text += `id: ${oneLine(event.id, 'id')}\n`;
  if (event.event !== undefined) text += `event: ${oneLine(event.event, 'event')}\n`;
  if (event.retryMs !== undefined) {
    if (!Number.isSafeInteger(event.retryMs) || event.retryMs < 0) {
      throw new TypeError('retryMs must be a non-negative integer');
    }
    text += `retry: ${event.retryMs}\n`;
  }
  const { data } = event;
  if (!isInPieces(data)) return `${text}${prefixLines('data: ', data)}\n`;
  return inPieces([`${text}data: `, ...data.pieces.map(withPrefixes), '\n\n']);
}

/** As {@link prefixLines} for what goes on within the data. */
const withPrefixes = (piece: string): string =>
  piece.includes('\n') || piece.includes('\r')
    ? piece.replaceAll(/\r\n|\r|\n/gu, '\ndata: ')
    : piece;

/** A comment: keeps a connection alive, and is not an event. */
export function encodeComment(text: string): string {
  return `${prefixLines(': ', text)}\n`;
}

/** The text of a cursor. */
export function eventId(stream: StreamId, seq: number): string {
  return `${stream}.${seq}`;
}

/** Reads what {@link eventId} wrote; undefined for every other text. */
export function parseEventId(text: string): EventId | undefined {
  if (text.length > MAX_EVENT_ID_CHARS) return undefined;
  const [, stream, digits] = EVENT_ID.exec(text) ?? [];
  const seq = Number(digits);
  return stream === undefined || !Number.isSafeInteger(seq) ? undefined : { stream, seq };
}

function oneLine(text: string, field: string): string {
  if (text.includes('\n') || text.includes('\r') || text.includes('\0')) {
    throw new TypeError(`an SSE ${field} must not hold CR, LF or NUL`);
  }
  return text;
}

function prefixLines(prefix: string, text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`;
  return text
    .split(/\r\n|\r|\n/u)
    .map((line) => `${prefix}${line}\n`)
    .join('');
}
