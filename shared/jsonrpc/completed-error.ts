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
  const code = isObject ? valueIn(bytes, error, 'code') : error;
  const message = isObject ? valueIn(bytes, error, 'message') : error;
  const number = code && integerAt(bytes, code);
  const words = wordsAt(bytes, message);
  const and = { code: String(number ?? INTERNAL_ERROR), message: words };
  if (!isObject) return withMembers(EMPTY, { and });
  if (code && message && textAt(bytes, code) === and.code && textAt(bytes, message) === words)
    return undefined;
  const isCodeLost =
    code !== undefined && !NOTHING.has(textAt(bytes, code)) && number === undefined;
  const data = isCodeLost && !valueIn(bytes, error, 'data') ? { data: textAt(bytes, error) } : {};
  return withMembers(bytes, { and: { ...and, ...data } }, error);
}

function integerAt(bytes: Uint8Array, span: Span): number | undefined {
  return span.end - span.start > NUMBER_BYTES ? undefined : integerOf(textAt(bytes, span));
}

/** The message as JSON text. */
function wordsAt(bytes: Uint8Array, span: Span | undefined): string {
  if (!span) return NO_WORDS;
  const shown = textAt(bytes, {
    start: span.start,
    end: Math.min(span.end, span.start + SHOWN_BYTES),
  });
  if (NOTHING.has(shown)) return NO_WORDS;
  return bytes[span.start] === QUOTE ? textAt(bytes, span) : JSON.stringify(shown);
}
