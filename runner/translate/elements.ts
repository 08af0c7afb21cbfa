// Finds the elements of an array in scanned JSON.
import { JsonCursor, OPEN_ARRAY } from '../../shared/jsonrpc/json-cursor.ts';
import type { Span } from '../../shared/jsonrpc/scan.ts';
import { MESSAGE_DEPTH } from '../../shared/limits.ts';

/** Where the elements of the array at `span` lie; none when it is no array. */
export function elementsOf(bytes: Uint8Array, span: Span): Span[] {
  const cursor = new JsonCursor(bytes.subarray(span.start, span.end), MESSAGE_DEPTH, Infinity);
  const elements: Span[] = [];
  if (cursor.peek() !== OPEN_ARRAY || !cursor.enter()) return elements;
  while (cursor.nextElement()) {
    cursor.peek();
    const start = span.start + cursor.at;
    if (!cursor.skipValue()) break;
    elements.push({ start, end: span.start + cursor.at });
  }
  return elements;
}
