// Completes the error of an answer so that every client can read it: an integer as its code, a text as its message (JSON-RPC 2.0,
// "Error object"). Everything else that the server said stays as it is.
import { QUOTE } from './json-cursor.ts';
import type { Span } from './span.ts';
import { isObjectAt, textAt, valueIn, withMembers } from './members.ts';
import { integerOf } from './numbers.ts';

/** For a failure whose server gave no code, or one that is no integer: "Internal error". */
const INTERNAL_ERROR = -32603;

const NO_WORDS = JSON.stringify('The server gave no message.');

/** JSON texts that say nothing. */
const NOTHING: ReadonlySet<string> = new Set(['null', '""', '{}', '[]', 'true', 'false']);

/** Of a message that is no text, so much is shown; a longer text is no number. */
const SHOWN_BYTES = 1_024;
const NUMBER_BYTES = 32;

const EMPTY = new TextEncoder().encode('{}');

/** The error at `error` with a code and a message, or undefined when it has both. `bytes` must hold scanned JSON. */
export function completedError(bytes: Uint8Array, error: Span): Uint8Array | undefined {
  const isObject = isObjectAt(bytes, error);
  // A text may be as long as the line: it is copied, and not decoded.
  const code = isObject ? valueIn(bytes, error, 'code') : error;
  const message = isObject ? valueIn(bytes, error, 'message') : error;
  const number = code && integerAt(bytes, code);
  const words = wordsAt(bytes, message);
  const and = { code: String(number ?? INTERNAL_ERROR), message: words };
  if (!isObject) return withMembers(EMPTY, { and });
  const isCoded = code && !isLong(code) && textAt(bytes, code) === and.code;
  if (isCoded && message && typeof words !== 'string') return undefined;
  const isCodeLost = code !== undefined && !isNothing(bytes, code) && number === undefined;
  const data =
    isCodeLost && !valueIn(bytes, error, 'data')
      ? { data: bytes.subarray(error.start, error.end) }
      : {};
  return withMembers(bytes, { and: { ...and, ...data } }, error);
}

const isLong = ({ start, end }: Span): boolean => end - start > NUMBER_BYTES;

const isNothing = (bytes: Uint8Array, span: Span): boolean =>
  !isLong(span) && NOTHING.has(textAt(bytes, span));

function integerAt(bytes: Uint8Array, span: Span): number | undefined {
  return isLong(span) ? undefined : integerOf(textAt(bytes, span));
}

/** The message as JSON text: the bytes of a text as it stands there, another as it is written for what does. */
function wordsAt(bytes: Uint8Array, span: Span | undefined): string | Uint8Array {
  if (!span || isNothing(bytes, span)) return NO_WORDS;
  if (bytes[span.start] === QUOTE) return bytes.subarray(span.start, span.end);
  const shown = textAt(bytes, {
    start: span.start,
    end: Math.min(span.end, span.start + SHOWN_BYTES),
  });
  return JSON.stringify(shown);
}
