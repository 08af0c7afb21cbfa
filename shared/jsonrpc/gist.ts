// Guesses what a text that is no message was meant to be: which keys of the envelope it has on its outermost level, and which id,
// read as loosely as a person would read it. The guess decides which call a broken answer ends. It never decides what is passed on.

import { KNOWN_BYTES, knownOf } from './known.ts';

/** What a text was meant to be. */
export interface Gist {
  /**
   * `answer`: the text has what only a response has. `other`: it names a method, or may be of any program (a log line in JSON).
   */
  readonly kind: 'answer' | 'other';
  /** The text of its id, as a number is written, or decoded no further than its quotes; undefined when it has none, or null. */
  readonly id: string | undefined;
  /** The id as JSON text; undefined when it is none, or none in JSON. */
  readonly rawId: string | undefined;
  /** Its keys are in double quotes, so that a JSON writer made it and no debugging aid of a language. */
  readonly isJson: boolean;
  /** Keys of the envelope have capitals, as some languages write the names of fields. */
  readonly isCapital: boolean;
}

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const SPACE = 0x20;

/** How much an opening or a closing bracket adds to the depth; 0 for all other bytes. */
const DEPTH_STEP = new Int8Array(256);
for (const opening of [0x7b, 0x5b, 0x28]) DEPTH_STEP[opening] = 1;
for (const closing of [0x7d, 0x5d, 0x29]) DEPTH_STEP[closing] = -1;

/** What may be a byte of a number, a literal or a key without quotes: 1. */
const IS_BARE = new Uint8Array(256).fill(1, SPACE + 1);
for (const other of [COMMA, COLON, EQUALS, QUOTE, APOSTROPHE]) IS_BARE[other] = 0;
for (const [byte, step] of DEPTH_STEP.entries()) if (step !== 0) IS_BARE[byte] = 0;

const ENVELOPE: ReadonlySet<string> = new Set([
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  'error',
]);
/** A key of another length need not be looked at. */
const KEY_LENGTHS: ReadonlySet<number> = new Set([...ENVELOPE].map((key) => key.length));

const OUTCOME: readonly string[] = ['result', 'error'];
const LONGEST_KEY_BYTES = 16;
/** Ids of calls are short; of a longer one there is no use. */
const LONGEST_ID_BYTES = 1_024;
const ABSENT = /^(?:null|None|nil|undefined)$/u;

const utf8 = new TextDecoder();

/** What was found of large texts in steps, by their buffer. */
const remembered = new WeakMap<
  ArrayBufferLike,
  { readonly start: number; readonly end: number; readonly reader: GistReader }
>();

/**
 * Reads the object that begins with the text. Linear in the text; of equal keys the last counts. Of a text that `isCut` what names the
 * version and the id may be missing.
 */
export function gistOf(bytes: Uint8Array, isCut = false): Gist {
  const found = bytes.length < KNOWN_BYTES ? undefined : remembered.get(bytes.buffer);
  const start = bytes.byteOffset;
  const isIt = found?.start === start && found.end === start + bytes.length;
  return (isIt ? found.reader : new GistReader(bytes)).read(isCut);
}

/** {@link gistOf} in steps, for a large text; what it finds, that remembers. */
export class GistSteps {
  readonly #bytes: Uint8Array;
  readonly #reader: GistReader;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#reader = new GistReader(bytes);
  }

  /** Reads some `units` bytes on; false when all is read. */
  step(units: number): boolean {
    if (this.#reader.walk(units)) return true;
    const { buffer, byteOffset: start, length } = this.#bytes;
    remembered.set(buffer, { start, end: start + length, reader: this.#reader });
    return false;
  }
}

class GistReader {
  readonly #bytes: Uint8Array;
  readonly #known: ReadonlyMap<number, number>;
  #at = 0;
  #depth = 0;
  #isKeyNext = false;
  #isAtEnd = false;
  /** Values of envelope keys as text, cut; of the other keys only that there are any. */
  readonly #values = new Map<string, string>();
  #rawId: string | undefined;
  #hasForeign = false;
  #isJson = true;
  #isCapital = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const base = bytes.byteOffset;
    // Whole JSON ends at the depth at which it began.
    const whole = knownOf(bytes).filter(({ fault }) => fault === undefined);
    this.#known = new Map(whole.map(({ start, end }) => [start - base, end - base]));
  }

  read(isCut: boolean): Gist {
    this.walk(Infinity);
    const has = (key: string): boolean => {
      const value = this.#values.get(key);
      return value !== undefined && !ABSENT.test(value);
    };
    const id = has('id') ? this.#values.get('id') : undefined;
    const isOutcome = OUTCOME.some((key) => has(key) || (this.#values.has(key) && !has('method')));
    // A log line may have an `id` and an `error` as well, but not those alone, and it names no version of JSON-RPC.
    const isOurs = this.#values.has('jsonrpc')
      ? (isOutcome || id !== undefined) && (isOutcome || !has('method'))
      : isOutcome && (id !== undefined || isCut) && !has('method') && !this.#hasForeign;
    const kind = isOurs ? 'answer' : 'other';
    const rawId = id === undefined ? undefined : this.#rawId;
    return { kind, id, rawId, isJson: this.#isJson, isCapital: this.#isCapital };
  }

  /** Goes on for some `units` bytes; false at the end of the object. */
  walk(units: number): boolean {
    const bytes = this.#bytes;
    const until = Math.min(bytes.length, this.#at + units);
    while (this.#at < until && !this.#isAtEnd) {
      const byte = bytes[this.#at] as number;
      const isBracket = DEPTH_STEP[byte] !== 0;
      const mayBeKey = this.#isKeyNext && byte > SPACE && byte !== COMMA && !isBracket;
      if (mayBeKey && this.#depth === 1) this.#isKeyNext = this.#key();
      else if (byte === QUOTE || byte === APOSTROPHE) this.#pastString(byte);
      else if (isBracket) this.#bracket(byte);
      else {
        if (byte === COMMA && this.#depth === 1) this.#isKeyNext = true;
        this.#at++;
      }
    }
    return this.#at < bytes.length && !this.#isAtEnd;
  }

  #bracket(byte: number): void {
    const end = this.#depth > 0 && this.#known.size > 0 ? this.#known.get(this.#at) : undefined;
    if (end === undefined) {
      this.#depth += DEPTH_STEP[byte] as number;
      this.#at++;
    } else this.#at = end;
    this.#isAtEnd = this.#depth <= 0;
    // Behind an inner value as well: somebody who writes JSON by hand forgets a comma.
    this.#isKeyNext = this.#depth === 1;
  }

  /** Reads a key up to its colon, and its value if that is a scalar of the envelope; true when a key may follow at once. */
  #key(): boolean {
    // Ruby writes its symbols so.
    if (this.#bytes[this.#at] === COLON) this.#at++;
    const written = this.#word(LONGEST_KEY_BYTES);
    const key = written.toLowerCase();
    this.#skipBlanks();
    if (!this.#pastSeparator()) return false;
    this.#skipBlanks();
    if (!ENVELOPE.has(key)) {
      this.#hasForeign = true;
      return false;
    }
    if (key !== written) this.#isCapital = true;
    const at = this.#at;
    const isScalar = DEPTH_STEP[this.#bytes[at] ?? 0] === 0;
    this.#values.set(key, this.#head());
    if (key === 'id') this.#rawId = jsonIn(this.#bytes, at, this.#at);
    if (!isScalar) this.#at = at;
    return isScalar;
  }

  /** `:` of JSON, `=>` and `=` of other languages. */
  #pastSeparator(): boolean {
    const separator = this.#bytes[this.#at];
    if (separator !== COLON && separator !== EQUALS) return false;
    this.#at++;
    if (separator === COLON) return true;
    this.#isJson = false;
    if (this.#bytes[this.#at] === GREATER) this.#at++;
    return true;
  }

  /** A scalar's text without its quotes; of anything else its first byte. */
  #head(): string {
    const byte = this.#bytes[this.#at];
    if (byte !== undefined && DEPTH_STEP[byte] !== 0) return String.fromCharCode(byte);
    const isJson = this.#isJson;
    const text = this.#word(LONGEST_ID_BYTES);
    // A string in a value says nothing of who wrote it.
    this.#isJson = isJson;
    return text;
  }

  /** A quoted or bare word, cut at `limit` bytes. */
  #word(limit: number): string {
    const bytes = this.#bytes;
    const start = this.#at;
    const quote = bytes[start];
    if (quote === QUOTE || quote === APOSTROPHE) {
      this.#pastString(quote);
      if (quote === APOSTROPHE) this.#isJson = false;
      if (limit === LONGEST_KEY_BYTES && !KEY_LENGTHS.has(this.#at - start - 2)) return '';
      return utf8.decode(bytes.subarray(start + 1, Math.min(this.#at - 1, start + 1 + limit)));
    }
    while (IS_BARE[bytes[this.#at] ?? SPACE] === 1) this.#at++;
    if (this.#at === start) this.#at++;
    this.#isJson = false;
    return utf8.decode(bytes.subarray(start, Math.min(this.#at, start + limit)));
  }

  #pastString(quote: number): void {
    const bytes = this.#bytes;
    const end = this.#known.size > 0 ? this.#known.get(this.#at) : undefined;
    if (end !== undefined) {
      this.#at = end;
      return;
    }
    this.#at++;
    while (this.#at < bytes.length && bytes[this.#at] !== quote) {
      this.#at += bytes[this.#at] === BACKSLASH ? 2 : 1;
    }
    this.#at = Math.min(this.#at + 1, bytes.length + 1);
  }

  #skipBlanks(): void {
    while (this.#at < this.#bytes.length && (this.#bytes[this.#at] as number) <= SPACE) this.#at++;
  }
}

/** The JSON text of a string or an integer that lies there; undefined for anything else, and for what is cut off. */
function jsonIn(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end > bytes.length || end - start > LONGEST_ID_BYTES) return undefined;
  const text = utf8.decode(bytes.subarray(start, end));
  if (/^-?\d+$/u.test(text)) return end < bytes.length ? text : undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}
