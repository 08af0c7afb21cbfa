// The first pass over a large line of a process, in steps short enough that others get their turn in between. Later passes jump
// over what it finds (known.ts), so they cost little however large the line is. Pure.
import { joinBytes } from '../bytes.ts';
import { GistSteps } from './gist.ts';
import { JsonCursor, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './json-cursor.ts';
import { LONGEST_JUNK_BYTES, skipJunk } from './junk.ts';
import { remember, type KnownValue } from './known.ts';
import { compactLine } from './splice.ts';
import { shownFrom } from './utf8.ts';

/** Lines from here on are worth it: a smaller one is passed in some milliseconds, however it is made. */
export const SKIMMED_BYTES = 256 * 1024;

/** A step: of what costs most, five tokens in sixteen bytes, some hundred microseconds. */
const STEP_BYTES = 8 * 1024;

/** A step of what costs a tenth. */
const DECODED_BYTES = 64 * 1024;

/** Where a text begins that stands behind others on its line: so far it is searched for. */
const SEARCHED_BYTES = 64 * 1024;

/** So many texts of a line are looked at. */
const MAX_TEXTS = 256;

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;

interface Rewriting {
  readonly shown: ReturnType<typeof shownFrom> | undefined;
  /** How far the line is written. */
  at: number;
  readonly pieces: Uint8Array[];
  bytes: number;
}

export class Skim {
  #line: Uint8Array;
  #texts: { readonly start: number; readonly cursor: JsonCursor }[] = [];
  /** The text that is passed now; undefined when all are. */
  #cursor: JsonCursor | undefined;
  /** How far the check for UTF-8 is, if one is needed. */
  #decodedTo = 0;
  #decoder: TextDecoder | undefined;
  /** The reading of what was meant by a text that is no JSON. */
  #gist: GistSteps | undefined;
  /** The writing of what is passed on in place of a text. */
  #rewriting: Rewriting | undefined;
  #isRewritten = false;
  readonly #mostBytes: number;
  #overlongBytes: number | undefined;

  /** `mostBytes`: a byte that is no UTF-8 is shown by three, and no more is kept of a line that grows so. */
  constructor(line: Uint8Array, mostBytes = Infinity) {
    this.#mostBytes = mostBytes;
    this.#line = line;
    this.#begin(line);
  }

  /** The line. Once {@link step} has nothing left to do: if it is JSON, as UTF-8 and without line breaks between tokens. */
  get line(): Uint8Array {
    return this.#line;
  }

  /** How much of the line was rewritten before it was more than it may be; undefined: it was not. */
  get overlongBytes(): number | undefined {
    return this.#overlongBytes;
  }

  /** Does one step; false when nothing was left to do. */
  step(): boolean {
    if (this.#rewriting) this.#write(this.#rewriting);
    else if (this.#cursor) this.#pass(this.#cursor);
    else if (this.#decoder) this.#decode(this.#decoder);
    else if (!this.#gist?.step(STEP_BYTES)) return false;
    return true;
  }

  #begin(line: Uint8Array): void {
    this.#line = withoutBlanksBefore(line);
    this.#texts = [];
    this.#decodedTo = 0;
    const at = skipJunk(this.#line);
    // A string is passed here once, and then judged as no message.
    const start =
      isOpening(this.#line[at]) || this.#line[at] === QUOTE
        ? at
        : this.#line.subarray(0, at + SEARCHED_BYTES).indexOf(OPEN_OBJECT, at);
    if (start >= 0) this.#open(start);
  }

  #open(start: number): void {
    this.#cursor = new JsonCursor(this.#line.subarray(start), Infinity, Infinity);
    this.#texts.push({ start, cursor: this.#cursor });
  }

  #pass(cursor: JsonCursor): void {
    const isPassed = cursor.stepValue(STEP_BYTES);
    if (isPassed === undefined) return;
    this.#cursor = undefined;
    const { start } = this.#texts.at(-1) ?? { start: 0 };
    const next = isPassed ? skipJunk(this.#line, start + cursor.at) : this.#line.length;
    if (isOpening(this.#line[next]) && this.#texts.length < MAX_TEXTS) this.#open(next);
    else if (this.#texts.some(({ cursor: { nonAscii } }) => nonAscii !== undefined))
      this.#decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    else this.#end(true);
  }

  /** In pieces the same comes out as at once. */
  #decode(decoder: TextDecoder): void {
    const until = this.#decodedTo + DECODED_BYTES;
    const isLast = until >= this.#line.length;
    try {
      decoder.decode(this.#line.subarray(this.#decodedTo, until), { stream: !isLast });
    } catch {
      this.#end(false);
      return;
    }
    this.#decodedTo = until;
    if (isLast) this.#end(true);
  }

  #end(isUtf8: boolean): void {
    this.#decoder = undefined;
    const base = this.#line.byteOffset;
    remember(
      this.#line,
      this.#texts.flatMap(({ start, cursor: { noted } }) =>
        noted.map((value) => moved(value, base + start, isUtf8)),
      ),
    );
    const last = this.#texts.at(-1);
    if (!last) return;
    const { bytes, fault, at } = last.cursor;
    // JSON may be no message, and is then judged as well.
    if (fault !== undefined) this.#gist = new GistSteps(bytes);
    else if (!this.#rewrite(isUtf8)) this.#gist = new GistSteps(bytes.subarray(0, at));
  }

  /** The line would have to be rewritten before it is passed on, and nothing would be known of the result. */
  #rewrite(isUtf8: boolean): boolean {
    const [only, second] = this.#texts;
    if (this.#isRewritten || !only || second) return false;
    const { start, cursor } = only;
    const end = start + cursor.at;
    const isWhole = start === 0 && end === this.#line.length;
    if (!isWhole || (isUtf8 && !cursor.hasLineBreaks)) return false;
    this.#isRewritten = true;
    this.#rewriting = { shown: isUtf8 ? undefined : shownFrom(), at: 0, pieces: [], bytes: 0 };
    return true;
  }

  #write(rewriting: Rewriting): void {
    const { shown, at, pieces } = rewriting;
    const until = at + DECODED_BYTES;
    const isLast = until >= this.#line.length;
    const piece = this.#line.subarray(at, until);
    const written = compactLine(shown ? shown(piece, isLast) : piece);
    pieces.push(written);
    rewriting.at = until;
    rewriting.bytes += written.length;
    if (rewriting.bytes > this.#mostBytes) this.#overlongBytes = rewriting.bytes;
    else if (!isLast) return;
    else this.#begin(joinBytes(pieces));
    this.#rewriting = undefined;
  }
}

/** Many blanks before a text: each later pass would pass them again. */
function withoutBlanksBefore(line: Uint8Array): Uint8Array {
  let at = 0;
  while (isBlank(line[at])) at++;
  return at > LONGEST_JUNK_BYTES ? line.subarray(at) : line;
}

/** In JSON. A line holds no LF. */
const isBlank = (byte: number | undefined): boolean =>
  byte === SPACE || byte === TAB || byte === CR;

const isOpening = (byte: number | undefined): boolean =>
  byte === OPEN_OBJECT || byte === OPEN_ARRAY;

/** A value in offsets of the buffer that its text begins in at `by`. */
function moved(value: KnownValue, by: number, isUtf8: boolean): KnownValue {
  const { start, end, hasBreaks, fault } = value;
  return {
    start: start + by,
    end: end + by,
    hasBreaks,
    isDoubtful: value.isDoubtful && !isUtf8,
    ...(fault && { fault: { ...fault, at: fault.at + by } }),
  };
}
