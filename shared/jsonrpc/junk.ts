// Passes over characters around a message that mean something to a terminal only: byte order marks, blanks, control characters and
// escape sequences (ECMA-48 §5.4, §8.3). Every step moves forward, so the work grows with the length of the text.

const ESC = 0x1b;
const BEL = 0x07;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;
const TILDE = 0x7e;
const OPEN_BRACKET = 0x5b;
/** CSI as one character, and what opens a string that runs to its terminator: DCS, SOS, OSC, PM, APC. */
const CSI = 0x9b;
const STRING_OPENERS: ReadonlySet<number> = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
/** String terminator as one character, which as a single byte is a part of many letters. */
const ST = 0x9c;
const C1_FIRST = 0x80;
const C1_LAST = 0x9f;
/** An escape and a letter stand for the control character this far above the letter. */
const C1_OFFSET = 0x40;
/** The first byte of U+0080 … U+00BF in UTF-8. */
const LATIN_LEAD = 0xc2;
const NO_BREAK_SPACE = 0xa0;

/** Characters of three bytes that show nothing: the byte order mark, zero-width space, joiners and directional marks. */
const INVISIBLE: readonly (readonly [number, number, number])[] = [
  [0xef, 0xbb, 0xbf],
  [0xe2, 0x80, 0x8b],
  [0xe2, 0x80, 0x8c],
  [0xe2, 0x80, 0x8d],
  [0xe2, 0x80, 0x8e],
  [0xe2, 0x80, 0x8f],
  [0xe2, 0x81, 0xa0],
];

/** No program prints more before a message: what does is none. */
export const LONGEST_JUNK_BYTES = 64 * 1024;

/**
 * The place of the first byte from `from` on that shows something; the length of `bytes` when there is none. What is longer than
 * {@link LONGEST_JUNK_BYTES} is left standing from there on.
 */
export function skipJunk(bytes: Uint8Array, from = 0): number {
  const junk = bytes.subarray(0, from + LONGEST_JUNK_BYTES);
  let at = from;
  for (;;) {
    // Blanks may be many, and cost the least so.
    while (junk[at] === SPACE) at++;
    const next = pastOne(junk, at);
    if (next === at) return at;
    at = next;
  }
}

/** The text without escape sequences, wherever they stand. */
export function withoutSequences(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(bytes.length);
  let length = 0;
  let at = 0;
  while (at < bytes.length) {
    const next = bytes[at] === ESC ? pastEscape(bytes, at + 1) : undefined;
    if (next === undefined) text[length++] = bytes[at++] as number;
    else at = next;
  }
  return text.subarray(0, length);
}

/** Past the blank, mark, control character or sequence at `at`; `at` itself when there is none. */
function pastOne(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) return at;
  if (byte === ESC) return pastEscape(bytes, at + 1) ?? at;
  if (byte <= SPACE || byte === DELETE) return at + 1;
  // Control characters beyond ASCII come as UTF-8, or as single bytes of an old encoding.
  if (byte >= C1_FIRST && byte <= C1_LAST) return pastControl(bytes, byte, at + 1) ?? at;
  const second = bytes[at + 1] ?? 0;
  if (byte === LATIN_LEAD && second >= C1_FIRST && second <= NO_BREAK_SPACE) {
    return pastControl(bytes, second, at + 2) ?? at;
  }
  const third = bytes[at + 2];
  const isInvisible = INVISIBLE.some(([a, b, c]) => a === byte && b === second && c === third);
  return isInvisible ? at + 3 : at;
}

/** Past what follows an escape character; undefined when it is no whole sequence. */
function pastEscape(bytes: Uint8Array, at: number): number | undefined {
  const letter = bytes[at] ?? 0;
  const control = letter + C1_OFFSET;
  if (letter === OPEN_BRACKET || STRING_OPENERS.has(control))
    return pastControl(bytes, control, at + 1);
  let end = at;
  while (isBetween(bytes[end], SPACE, 0x2f)) end++;
  return isBetween(bytes[end], 0x30, TILDE) ? end + 1 : undefined;
}

function pastControl(bytes: Uint8Array, control: number, at: number): number | undefined {
  if (control === CSI) return pastParameters(bytes, at);
  return STRING_OPENERS.has(control) ? pastString(bytes, at) : at;
}

function pastParameters(bytes: Uint8Array, at: number): number | undefined {
  let end = at;
  while (isBetween(bytes[end], 0x30, 0x3f)) end++;
  while (isBetween(bytes[end], SPACE, 0x2f)) end++;
  return isBetween(bytes[end], 0x40, TILDE) ? end + 1 : undefined;
}

function pastString(bytes: Uint8Array, at: number): number | undefined {
  for (let end = at; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === BEL || (byte === ST && bytes[end - 1] === LATIN_LEAD)) return end + 1;
    if (byte === ESC) return bytes[end + 1] === BACKSLASH ? end + 2 : undefined;
  }
  return undefined;
}

const isBetween = (byte: number | undefined, first: number, last: number): boolean =>
  byte !== undefined && byte >= first && byte <= last;
