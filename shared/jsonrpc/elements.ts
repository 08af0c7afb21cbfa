// Owns finding the elements of arrays in a scanned message, as members.ts does the members of objects.
import { JsonCursor, OPEN_ARRAY } from './json-cursor.ts';
import type { Span } from './json-cursor.ts';
import { MESSAGE_DEPTH } from '../limits.ts';

/** Where the elements of the array at `span` lie, in order; none when it is no array. `bytes` must hold scanned JSON. */
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
