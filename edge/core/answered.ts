// Which request a message answers, where the edge has to know it: on HTTP+SSE, where all answers share one stream.
import { JsonCursor } from '../../shared/jsonrpc/json-cursor.ts';
import { scanMessage } from '../../shared/jsonrpc/scan.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message from here on is not passed over as a whole where its ends tell enough: that would hold up all who share this thread. */
const LARGE_CHARS = 64 * 1024;

/** What is looked at of either end: the longest id, and the other members of an envelope. */
const END_CHARS = 4 * 1024;

/**
 * The last member of an object, or the last but the version, is its id. In valid JSON nothing else ends so: within a string the quotes
 * of the key would be escaped, and behind an inner object a second bracket would follow.
 */
const ID_AT_END =
  /[,{]\s{0,8}"id"\s{0,8}:\s{0,8}("[^"\\]{0,1024}"|-?\d{1,32})\s{0,8}(?:,\s{0,8}"jsonrpc"\s{0,8}:\s{0,8}"2\.0"\s{0,8})?\}\s{0,8}$/u;

/** The id of the request that a message of the runner's answers, as raw JSON text; undefined for what is no answer. */
export function answeredId(message: string): string | undefined {
  if (message.length >= LARGE_CHARS) {
    const told = toldByEnds(message);
    if (told.isKnown) return told.id;
  }
  const bytes = encoder.encode(message);
  const scan = scanMessage(bytes, { depth: Infinity, tokens: Infinity });
  if (!scan.ok || scan.shape !== 'single' || !scan.envelope.id) return undefined;
  const { id, kind } = scan.envelope;
  if (kind !== 'result' && kind !== 'error') return undefined;
  return decoder.decode(bytes.subarray(id.start, id.end));
}

/** What the beginning and the end of a large message say, which is valid: the runner has read it. */
function toldByEnds(message: string): { isKnown: false } | { isKnown: true; id?: string } {
  const bytes = encoder.encode(message.slice(0, END_CHARS));
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
    // The value goes on behind what is looked at.
    if (!cursor.skipValue() || cursor.at === bytes.length) break;
    if (!isId) continue;
    id = decoder.decode(bytes.subarray(start, cursor.at));
    if (id === 'null') return { isKnown: true };
  }
  if (!isAnswer) return { isKnown: false };
  id ??= ID_AT_END.exec(message.slice(-END_CHARS))?.[1];
  return id === undefined ? { isKnown: false } : { isKnown: true, id };
}
