// Values that come again with nearly every message, such as what a client of 2026-07-28 says of itself in each request. They are known
// again by their bytes, and parsed once.
import type { Span } from './span.ts';
import { textAt } from './members.ts';

/** A client sends three, and few clients call at a time. */
const KEPT = 16;
const LONGEST_BYTES = 512;

interface Kept {
  readonly bytes: Uint8Array;
  readonly value: unknown;
}

const kept: Kept[] = [];
let oldest = 0;

/** The small value at `span` of scanned JSON, parsed; often the same object as before, so nobody can change it. */
export function parsedAgain(bytes: Uint8Array, span: Span): unknown {
  const length = span.end - span.start;
  for (const each of kept)
    if (each.bytes.length === length && isAt(bytes, span.start, each.bytes)) return each.value;
  const value = frozen(JSON.parse(textAt(bytes, span)) as unknown);
  if (length > LONGEST_BYTES) return value;
  kept[oldest] = { bytes: bytes.slice(span.start, span.end), value };
  oldest = (oldest + 1) % KEPT;
  return value;
}

function isAt(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text[at]) return false;
  return true;
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner as unknown);
  return Object.freeze(value);
}
