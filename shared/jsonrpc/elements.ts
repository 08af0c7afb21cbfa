// Finds the elements of arrays in a scanned message, as members.ts finds the members of objects.
import { JsonCursor, OPEN_ARRAY } from './json-cursor.ts';
import type { Span } from './span.ts';
import { LISTED_ELEMENTS } from '../limits.ts';

/** Where the elements of the array at `span` lie, in order, one by one; none when it is no array. `bytes` must hold scanned JSON. */
export function* elementsOf(bytes: Uint8Array, span: Span): Generator<Span, void> {
  const cursor = new JsonCursor(bytes.subarray(span.start, span.end), Infinity, Infinity);
  if (cursor.peek() !== OPEN_ARRAY || !cursor.enter()) return;
  while (cursor.nextElement()) {
    cursor.peek();
    const start = span.start + cursor.at;
    if (!cursor.skipValue()) return;
    yield { start, end: span.start + cursor.at };
  }
}

/** Whether the array at `span` has so many elements that it is not to be walked through one by one ({@link LISTED_ELEMENTS}). */
export function isOverlong(bytes: Uint8Array, span: Span | undefined): boolean {
  if (!span) return false;
  let count = 0;
  for (const _element of elementsOf(bytes, span)) if (++count > LISTED_ELEMENTS) return true;
  return false;
}
