// Finds which request a message answers. The edge needs it on HTTP+SSE, where all answers share one stream.
import { beginningOf, endingOf, wholeText, type Text } from '../../shared/bytes.ts';
import { JsonCursor } from '../../shared/jsonrpc/json-cursor.ts';
import { scanMessage } from '../../shared/jsonrpc/scan.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message of this size or more is not scanned whole if its two ends tell enough: a long scan delays everyone on this thread. */
const LARGE_CHARS = 64 * 1024;

/** How much of each end is read: room for the longest id and the other members of an envelope. */
const END_CHARS = 4 * 1024;

/**
 * The id is the last member of the object, or the last before the version. In valid JSON nothing else ends like this: inside a
 * string the quotes of the key would be escaped, and after an inner object a second bracket would follow.
 */
const ID_AT_END =
  /[,{]\s{0,8}"id"\s{0,8}:\s{0,8}("[^"\\]{0,1024}"|-?\d{1,32})\s{0,8}(?:,\s{0,8}"jsonrpc"\s{0,8}:\s{0,8}"2\.0"\s{0,8})?\}\s{0,8}$/u;

/** The id of the request that a message from the runner answers, as raw JSON text; undefined if it is not an answer. */
export function answeredId(message: Text): string | undefined {
  if (message.length >= LARGE_CHARS) {
    const told = toldByEnds(message);
    if (told.isKnown) return told.id;
  }
  const bytes = encoder.encode(wholeText(message));
  const scan = scanMessage(bytes, { depth: Infinity, tokens: Infinity });
  if (!scan.ok || scan.kind !== 'single' || !scan.envelope.id) return undefined;
  const { id, kind } = scan.envelope;
  if (kind !== 'result' && kind !== 'error') return undefined;
  return decoder.decode(bytes.subarray(id.start, id.end));
}

/** Reads the beginning and the end of a large message. It is valid JSON: the runner has parsed it. */
function toldByEnds(message: Text): { isKnown: false } | { isKnown: true; id?: string } {
  const bytes = encoder.encode(beginningOf(message, END_CHARS));
  const cursor = new JsonCursor(bytes, Infinity, Infinity);
  cursor.peek();
  if (!cursor.enter()) return { isKnown: false };
  let isAnswer = false;
  let id: string | undefined;
  while (cursor.nextMember()) {
    if (cursor.isKey('method')) return { isKnown: true };
    isAnswer ||= cursor.isKey('result') || cursor.isKey('error');
    const isId = cursor.isKey('id');
    cursor.peek();
    const start = cursor.at;
    // The value continues past the part that was read.
    if (!cursor.skipValue() || cursor.at === bytes.length) break;
    if (!isId) continue;
    id = decoder.decode(bytes.subarray(start, cursor.at));
    if (id === 'null') return { isKnown: true };
  }
  if (!isAnswer) return { isKnown: false };
  id ??= ID_AT_END.exec(endingOf(message, END_CHARS))?.[1];
  return id === undefined ? { isKnown: false } : { isKnown: true, id };
}
