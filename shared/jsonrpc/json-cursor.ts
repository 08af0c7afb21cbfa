// Strict JSON (RFC 8259) over bytes: one forward pass that validates, counts and reports offsets, and builds no values. It never
// throws and never recurses, so each level of nesting costs one byte. It passes over string interiors four bytes at a time, and
// jumps over what an earlier pass knows (known.ts). The meaning of a JSON-RPC message is known to scan.ts.
// One file above 300 lines: the hot loops share private fields, and a call between files would cost more than the byte it reads.
import { KNOWN_BYTES, knownOf, OUTER_DEPTH, OUTER_KNOWN_BYTES, type KnownValue } from './known.ts';
import { shortText } from './short-text.ts';
import type { Span } from './span.ts';

/** JSON-RPC code for text that is not JSON. */
export const PARSE_ERROR = -32700;
/** JSON-RPC code for JSON that is not a message this bridge takes. */
export const INVALID_REQUEST = -32600;

/** Why a text was refused; `reason` is for a person and quotes no payload. */
export interface CursorFault {
  readonly code: typeof PARSE_ERROR | typeof INVALID_REQUEST;
  readonly reason: string;
}

export const QUOTE = 0x22;
export const OPEN_OBJECT = 0x7b;
export const OPEN_ARRAY = 0x5b;
/** What {@link JsonCursor.peek} gives past the last byte. */
export const END = -1;

const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
export const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_U = 0x75;
/** Setting this bit turns an ASCII capital into its small letter. */
const CASE_BIT = 0x20;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const ASCII_MAX = 0x7f;
/** The first byte of a UTF-8 byte order mark. */
const BOM_START = 0xef;

/** The letters that may follow a backslash, `u` apart: " \ / b f n r t. */
const IS_SHORT_ESCAPE = new Uint8Array(256);
for (const letter of [0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]) IS_SHORT_ESCAPE[letter] = 1;
const LITERALS: ReadonlyMap<number, string> = new Map([
  [0x74, 'true'],
  [0x66, 'false'],
  [0x6e, 'null'],
]);

/** Strings shorter than this are walked by bytes: looking at whole words pays only beyond it, and in a short text, for which words cost more to have, later. */
const WORDWISE_FROM_BYTES = 16;
const WORDWISE_FROM_BYTES_OF_SHORT = 64;
const SHORT_TEXT_BYTES = 2_048;
/** After a word with a stop in it, this many bytes go singly: stops come in groups, as in escaped program text. */
const WORDWISE_AGAIN_BYTES = 8;
/**
 * What finds a byte in a 32-bit word by carry: subtracted from, a byte that is smaller gets its top bit set. With this bit turned, the
 * quote is one of the 0x21 smallest bytes together with all control characters, and no other byte is.
 */
const TOP_BITS = 0x80808080 | 0;
const ONES = 0x01010101;
const QUOTE_BITS = 0x02020202;
const BEYOND_QUOTE = 0x21212121;
const BACKSLASHES = 0x5c5c5c5c;

/** Containers are noted down to this depth: nobody looks for members deeper in a message. */
const NOTED_DEPTH = 8;

/** Where a pass in steps stands between two of them. */
const BEFORE_VALUE = 0;
const BEHIND_VALUE = 1;
const IN_STRING = 2;
const IN_KEY = 3;

/** Which kind of container is open at each depth. Only written and read within one synchronous call, so one serves all. */
const OPEN_CONTAINERS = new Uint8Array(4096);

/** An escape spells one UTF-16 unit in six bytes, so a longer text cannot equal a name of `length` units. */
const ESCAPE_BYTES = 6;

/** Keys longer than this, escaped, are not decoded to be matched. */
const LONGEST_MATCHED_KEY_UNITS = 32;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A forward cursor over one JSON text. After any `false`, `fault` says whether something was wrong. */
export class JsonCursor {
  readonly bytes: Uint8Array;
  readonly #end: number;
  readonly #depthLimit: number;
  #at = 0;
  #depth = 0;
  #tokensLeft: number;
  #fresh = false;
  #keyStart = 0;
  #keyEnd = 0;
  #escaped = false;
  /** Beyond ASCII_MAX when the words passed last held a byte that is not ASCII. */
  #wordsSeen = 0;
  /** How many bytes before the text its first aligned word begins. */
  readonly #wordShift: number;
  readonly #wordwiseFrom: number;
  #keyEscaped = false;
  #keyText: string | undefined = undefined;
  /** The last CR or LF outside strings. */
  #breakAt = -1;
  #hasNull = false;
  #nonAsciiStart = -1;
  #nonAsciiEnd = 0;
  #words: Int32Array | undefined = undefined;
  /** Grows for a text nested deeper than the shared stack; no deeper than it has bytes. */
  #open = OPEN_CONTAINERS;
  #isCut = false;
  /** The fault without the words for its place. */
  #faultAt: { readonly at: number; readonly reason: string } | undefined = undefined;
  #isInString = false;
  #fault: CursorFault | undefined = undefined;
  /** What may be jumped over, and where the next of it begins. */
  #known: readonly KnownValue[] = [];
  #knownNext = 0;
  #jumpAt = Infinity;
  /** A pass in steps ends its step here; strings are read up to `#stopAt`. */
  #pauseAt = Infinity;
  #stopAt: number;
  #pausedIn: number | undefined = undefined;
  #pausedDepth = 0;
  #stringStart = 0;
  /** What a pass in steps notes: containers down to a depth, where those begin that are open, and values of a size. */
  #notedDepth = 0;
  #notedBytes = Infinity;
  readonly #openedAt: number[] = [];
  readonly #noted: KnownValue[] = [];

  /** Where neither limit is set, what is known of the bytes is jumped over; else both are, and bound the work. */
  constructor(bytes: Uint8Array, depthLimit: number, tokenLimit: number) {
    this.bytes = bytes;
    this.#end = bytes.length;
    this.#stopAt = bytes.length;
    if (bytes.length >= OUTER_KNOWN_BYTES && depthLimit === Infinity && tokenLimit === Infinity) {
      this.#known = knownOf(bytes);
      if (this.#known.length > 0) this.#jumpAt = 0;
    }
    this.#depthLimit = depthLimit;
    this.#tokensLeft = tokenLimit;
    this.#wordShift = bytes.byteOffset & 3;
    this.#wordwiseFrom =
      bytes.length < SHORT_TEXT_BYTES ? WORDWISE_FROM_BYTES_OF_SHORT : WORDWISE_FROM_BYTES;
  }

  get fault(): CursorFault | undefined {
    return this.#fault;
  }

  /** How the text ended too early, if that is its fault: `in string`, where more lines cannot complete it, or `between`. */
  get cut(): 'in string' | 'between' | undefined {
    if (!this.#isCut) return undefined;
    return this.#isInString ? 'in string' : 'between';
  }

  /** Offset of the next unread byte. */
  get at(): number {
    return this.#at;
  }

  /** Whether a CR or LF was passed outside strings (in strings they are a fault). */
  get hasLineBreaks(): boolean {
    return this.#breakAt >= 0;
  }

  /** The part of the text passed so far outside of which all is ASCII; undefined when all of it is. */
  get nonAscii(): Span | undefined {
    if (this.#nonAsciiStart < 0) return undefined;
    return { start: this.#nonAsciiStart, end: this.#nonAsciiEnd };
  }

  /** Whether the text may hold only so many keys and values. */
  get isBounded(): boolean {
    return this.#tokensLeft !== Infinity;
  }

  /** Whether something is known of the text, so that values may be passed at once. */
  get jumps(): boolean {
    return this.#known.length > 0;
  }

  /** Whether a `null` was passed outside strings, or may be in what was jumped over. */
  get mayHoldNulls(): boolean {
    return this.#hasNull || this.jumps;
  }

  /** Skips white space; the next byte, unread, or {@link END}. */
  peek(): number {
    const { bytes } = this;
    const end = this.#end;
    let at = this.#at;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte > SPACE) {
        this.#at = at;
        return byte;
      }
      if (byte === LF || byte === CR) this.#breakAt = at;
      else if (byte !== SPACE && byte !== TAB) break;
      at++;
    }
    this.#at = at;
    return at < end ? (bytes[at] as number) : END;
  }

  /** Steps into the object or array that {@link peek} showed; read it on with nextMember or nextElement. */
  enter(): boolean {
    if (!this.#countToken() || !this.#fits(++this.#depth)) return false;
    this.#at++;
    this.#fresh = true;
    return true;
  }

  /** The next key of the entered object, read up to its value; false at the end of the object or on a fault. */
  nextMember(): boolean {
    return this.#separator(CLOSE_OBJECT) && this.#key();
  }

  /** Goes to the next element of the entered array; false at the end of the array or on a fault. */
  nextElement(): boolean {
    return this.#separator(CLOSE_ARRAY);
  }

  /** Which of `names` (ASCII) the key just read is, compared decoded; undefined when it is none of them. */
  matchKey<Name extends string>(names: readonly Name[]): Name | undefined {
    const start = this.#keyStart;
    const length = this.#keyEnd - start;
    if (this.#keyEscaped) {
      const text = this.keyText(LONGEST_MATCHED_KEY_UNITS);
      return names.find((name) => name === text);
    }
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as Name;
      if (name.length === length && this.#spells(start, name)) return name;
    }
    return undefined;
  }

  /** Whether the key just read is `name`, whatever characters either has. */
  isKey(name: string): boolean {
    if (this.#keyEscaped || !isAscii(name)) return this.keyText(name.length) === name;
    return this.#keyEnd - this.#keyStart === name.length && this.#spells(this.#keyStart, name);
  }

  /** The key just read, decoded; undefined when it surely has more than `maxUnits` UTF-16 units. */
  keyText(maxUnits: number): string | undefined {
    if (this.#keyEnd - this.#keyStart > maxUnits * ESCAPE_BYTES) return undefined;
    return (this.#keyText ??= this.text({ start: this.#keyStart - 1, end: this.#keyEnd + 1 }));
  }

  /** Where the key just read begins, with its quote. */
  get keyStart(): number {
    return this.#keyStart - 1;
  }

  /** Where the key just read lies, with its quotes. */
  get keySpan(): Span {
    return { start: this.#keyStart - 1, end: this.#keyEnd + 1 };
  }

  /** Decodes a string this cursor has passed; the span includes the quotes. */
  text(span: Span): string {
    const { bytes } = this;
    const { start, end } = span;
    const short = shortText(bytes, start + 1, end - 1);
    if (short !== undefined) return short;
    const inside = bytes.subarray(start + 1, end - 1);
    return inside.includes(BACKSLASH)
      ? (JSON.parse(lenientUtf8.decode(bytes.subarray(start, end))) as string)
      : lenientUtf8.decode(inside);
  }

  /** Passes one whole value of any kind. */
  skipValue(): boolean {
    return this.#pass(this.#depth, false);
  }

  /**
   * {@link skipValue} in steps, each of some `units` bytes; undefined while there is more to pass. What is found on the way is noted.
   * Nothing else may be done with the cursor before the value is passed.
   */
  stepValue(units: number): boolean | undefined {
    if (this.#notedDepth === 0) {
      this.#notedDepth = NOTED_DEPTH;
      this.#notedBytes = OUTER_KNOWN_BYTES;
      // The stack for all is another's between two steps.
      this.#open = new Uint8Array(OPEN_CONTAINERS.length);
    }
    const pausedIn = this.#pausedIn;
    this.#pausedIn = undefined;
    this.#pauseAt = this.#at + units;
    this.#stopAt = Math.min(this.#end, this.#pauseAt);
    const isPassed =
      pausedIn === undefined
        ? this.skipValue()
        : this.#isThrough(pausedIn) && this.#pass(this.#pausedDepth, isBehind(pausedIn));
    return this.#pausedIn === undefined ? isPassed : undefined;
  }

  /** What a pass in steps has found, in offsets of the text. Of a value with a fault, those that it lies in are told as well. */
  get noted(): readonly KnownValue[] {
    const fault = this.#faultAt;
    if (this.#fault === undefined || fault === undefined) return this.#noted;
    const { at, reason } = fault;
    const broken = this.#openedAt
      .slice(1, Math.min(this.#pausedDepth, this.#notedDepth) + 1)
      .map((start) => ({
        start,
        end: this.#end,
        hasBreaks: false,
        isDoubtful: false,
        fault: { at, reason, isInString: this.#isInString },
      }));
    return [...this.#noted, ...broken.filter(({ start, end }) => end - start >= KNOWN_BYTES)];
  }

  /** From `from`, the depth of the containers that are open, to the end of the value; `isEnded`: of an inner one at that. */
  #pass(from: number, isEnded: boolean): boolean {
    const floor = this.#depth;
    let depth = from;
    let isBehindValue = isEnded;
    for (;;) {
      if (!isBehindValue) {
        if (this.#at >= this.#pauseAt) return this.#pause(BEFORE_VALUE, depth);
        const byte = this.peek();
        if (!this.#countToken()) return false;
        if (this.#at >= this.#jumpAt && this.#jump()) {
          if (this.#fault !== undefined) return false;
        } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
          if (!this.#fits(++depth)) return false;
          this.#note(depth, byte);
          this.#at++;
          // In ASCII both closing brackets lie two after their opening ones.
          if (this.peek() !== byte + 2) {
            if (byte === OPEN_OBJECT && !this.#key()) return this.#stopped(depth);
            continue;
          }
          this.#at++;
          depth--;
        } else if (!this.#scalar(byte)) {
          return this.#stopped(depth);
        }
      }
      isBehindValue = false;
      // A value has ended: close what ends with it, up to the comma that leads to the next one.
      for (;;) {
        if (depth === floor) return true;
        if (this.#at >= this.#pauseAt) return this.#pause(BEHIND_VALUE, depth);
        const open = this.#open[depth] as number;
        const next = this.peek();
        if (next === COMMA) {
          this.#at++;
          if (open === OPEN_OBJECT && !this.#key()) return this.#stopped(depth);
          break;
        }
        if (next !== open + 2) {
          this.#refuseSeparator(open + 2);
          return this.#stopped(depth);
        }
        this.#at++;
        if (depth <= this.#notedDepth) this.#noteContainer(depth);
        depth--;
      }
    }
  }

  #pause(where: number, depth: number): false {
    this.#pausedIn = where;
    return this.#stopped(depth);
  }

  #stopped(depth: number): false {
    this.#pausedDepth = depth;
    return false;
  }

  /** Goes on with the string or key that a step ended in. */
  #isThrough(pausedIn: number): boolean {
    if (pausedIn === IN_STRING) return this.#restOfString(this.#at);
    return pausedIn !== IN_KEY || (this.#restOfKeyString(this.#at) && this.#endKey());
  }

  /** At a value: passes what is known of it, if anything is. */
  #jump(): boolean {
    const known = this.#known;
    const base = this.bytes.byteOffset;
    const at = base + this.#at;
    let value = known[this.#knownNext];
    while (value !== undefined && value.start < at) value = known[++this.#knownNext];
    this.#jumpAt = value === undefined ? Infinity : value.start - base;
    if (value?.start !== at) return false;
    const end = base + this.#end;
    const { fault } = value;
    if (fault !== undefined) {
      // It may be none where the text goes on, and another where it ends before.
      if (value.end !== end) return false;
      this.#isInString = fault.isInString;
      this.#refuseAt(fault.at - base, fault.reason);
      return true;
    }
    if (value.end > end) return false;
    if (value.hasBreaks) this.#breakAt = value.end - base - 1;
    if (value.isDoubtful) this.#noteNonAscii(this.#at, value.end - base);
    this.#at = value.end - base;
    return true;
  }

  /** The one at `depth`, which ends here. */
  #noteContainer(depth: number): void {
    const start = this.#openedAt[depth] as number;
    if (depth <= OUTER_DEPTH || this.#at - start >= KNOWN_BYTES) this.#noteValue(start, this.#at);
  }

  #noteValue(start: number, end: number): void {
    if (end - start < this.#notedBytes) return;
    const hasBreaks = this.#breakAt >= start;
    this.#noted.push({ start, end, hasBreaks, isDoubtful: this.#nonAsciiEnd > start });
  }

  /** Checks what only the whole text can tell: nothing but white space is left, and it is UTF-8. */
  finish(): boolean {
    if (this.peek() !== END) return this.#refuse('something follows the JSON value');
    if (this.#nonAsciiStart < 0) return true;
    try {
      // Outside this range all is ASCII, and both its ends are quotes.
      strictUtf8.decode(this.bytes.subarray(this.#nonAsciiStart, this.#nonAsciiEnd));
      return true;
    } catch {
      this.#fault = { code: PARSE_ERROR, reason: 'the text is not valid UTF-8' };
      return false;
    }
  }

  #note(depth: number, container: number): void {
    if (depth >= this.#open.length) {
      const deeper = new Uint8Array(this.#open.length * 2);
      deeper.set(this.#open);
      this.#open = deeper;
    }
    this.#open[depth] = container;
    if (depth <= this.#notedDepth) this.#openedAt[depth] = this.#at;
  }

  #spells(start: number, name: string): boolean {
    for (let i = 0; i < name.length; i++) {
      if (this.bytes[start + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  #separator(close: number): boolean {
    const byte = this.peek();
    const fresh = this.#fresh;
    this.#fresh = false;
    if (byte === close) {
      this.#at++;
      this.#depth--;
      return false;
    }
    if (fresh) return true;
    if (byte !== COMMA) return this.#refuseSeparator(close);
    this.#at++;
    return true;
  }

  #key(): boolean {
    if (this.peek() !== QUOTE) return this.#refuse('a key in double quotes was expected');
    this.#keyStart = this.#at + 1;
    if (!this.#countToken()) return false;
    if (this.#at >= this.#jumpAt && this.#jump()) {
      // It is not known whether it has escapes.
      this.#escaped = true;
      return this.#endKey();
    }
    if (this.#string()) return this.#endKey();
    if (this.#pausedIn === IN_STRING) this.#pausedIn = IN_KEY;
    return false;
  }

  #restOfKeyString(at: number): boolean {
    if (this.#restOfString(at)) return true;
    if (this.#pausedIn === IN_STRING) this.#pausedIn = IN_KEY;
    return false;
  }

  #endKey(): boolean {
    this.#keyEnd = this.#at - 1;
    this.#keyEscaped = this.#escaped;
    this.#keyText = undefined;
    if (this.peek() !== COLON) return this.#refuse('a colon was expected after a key');
    this.#at++;
    return true;
  }

  #scalar(byte: number): boolean {
    if (byte === QUOTE) return this.#string();
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return this.#number();
    if (byte === BOM_START && this.#at === 0) {
      return this.#refuse('a byte order mark stands before the value');
    }
    const literal = LITERALS.get(byte);
    return literal === undefined ? this.#refuse('a value was expected') : this.#literal(literal);
  }

  #literal(literal: string): boolean {
    for (let i = 1; i < literal.length; i++) {
      if (this.bytes[this.#at + i] !== literal.charCodeAt(i)) {
        return this.#refuse(`a value was expected, perhaps ${literal}`);
      }
    }
    if (literal === 'null') this.#hasNull = true;
    this.#at += literal.length;
    return true;
  }

  #number(): boolean {
    const { bytes } = this;
    let at = this.#at;
    if (bytes[at] === MINUS) at++;
    let end = bytes[at] === ZERO ? at + 1 : this.#digits(at);
    if (end === at) return this.#refuse('a minus sign without digits');
    if (bytes[end] === DOT) {
      at = end + 1;
      end = this.#digits(at);
      if (end === at) return this.#refuse('a decimal point without digits');
    }
    if (((bytes[end] ?? 0) | CASE_BIT) === LOWER_E) {
      at = end + 1;
      if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
      end = this.#digits(at);
      if (end === at) return this.#refuse('an exponent without digits');
    }
    const start = this.#at;
    this.#at = end;
    if (end - start >= this.#notedBytes) this.#noteValue(start, end);
    return true;
  }

  #digits(from: number): number {
    const { bytes } = this;
    const end = this.#end;
    let at = from;
    while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
    return at;
  }

  /** Passes a string from its opening quote on. */
  #string(): boolean {
    this.#stringStart = this.#at;
    this.#escaped = false;
    return this.#restOfString(this.#at + 1);
  }

  #restOfString(from: number): boolean {
    const { bytes } = this;
    const end = this.#stopAt;
    const shift = this.#wordShift;
    let at = from;
    let wordwiseAt = at + this.#wordwiseFrom;
    let seen = 0;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#at = at + 1;
        const start = this.#stringStart;
        if (seen > ASCII_MAX) this.#noteNonAscii(start, at + 1);
        if (at - start >= this.#notedBytes) this.#noteValue(start, at + 1);
        return true;
      }
      if (byte === BACKSLASH) {
        this.#escaped = true;
        at = this.#escape(at);
        if (at < 0) return false;
      } else if (byte < SPACE) {
        return this.#refuseAt(at, 'a string holds a raw control character');
      } else {
        seen |= byte;
        at++;
        if (at >= wordwiseAt && ((at + shift) & 3) === 0) {
          at = this.#plainWords(at);
          seen |= this.#wordsSeen;
          wordwiseAt = at + WORDWISE_AGAIN_BYTES;
        }
      }
    }
    if (at < this.#end) {
      if (seen > ASCII_MAX) this.#noteNonAscii(this.#stringStart, at);
      this.#at = at;
      this.#pausedIn = IN_STRING;
      return false;
    }
    this.#isInString = true;
    return this.#refuseAt(this.#end, 'the text ends inside a string');
  }

  /** Passes the words from `from` on, an aligned place, that hold no quote, backslash or control character; where to go on. */
  #plainWords(from: number): number {
    const shift = this.#wordShift;
    this.#wordsSeen = 0;
    const words = (this.#words ??= wordsOf(this.bytes));
    const end = (this.#stopAt + shift) >> 2;
    const first = (from + shift) >> 2;
    let seen = 0;
    let at = first;
    // Two at a time, which takes a third less.
    while (at < end - 1) {
      const one = words[at] as number;
      const two = words[at + 1] as number;
      const stops =
        ((((one ^ QUOTE_BITS) - BEYOND_QUOTE) | ((one ^ BACKSLASHES) - ONES)) & ~one) |
        ((((two ^ QUOTE_BITS) - BEYOND_QUOTE) | ((two ^ BACKSLASHES) - ONES)) & ~two);
      if (stops & TOP_BITS) break;
      seen |= one | two;
      at += 2;
    }
    while (at < end) {
      const word = words[at] as number;
      const stops = (((word ^ QUOTE_BITS) - BEYOND_QUOTE) | ((word ^ BACKSLASHES) - ONES)) & ~word;
      if (stops & TOP_BITS) break;
      seen |= word;
      at++;
    }
    if (seen & TOP_BITS) this.#wordsSeen = ASCII_MAX + 1;
    return at * 4 - shift;
  }

  /** From a backslash to past its escape, or -1 on a fault. Lone surrogates are legal JSON and pass. */
  #escape(at: number): number {
    const letter = this.bytes[at + 1] ?? 0;
    if (letter !== LOWER_U) {
      if (IS_SHORT_ESCAPE[letter] === 1) return at + 2;
      this.#refuseAt(at, 'a string holds an escape that JSON does not know');
      return -1;
    }
    for (let i = at + 2; i < at + ESCAPE_BYTES; i++) {
      const byte = this.bytes[i] ?? 0;
      const letterByte = byte | CASE_BIT;
      const isHex =
        (byte >= ZERO && byte <= NINE) || (letterByte >= LOWER_A && letterByte <= LOWER_F);
      if (!isHex) {
        this.#refuseAt(at, 'a \\u escape needs four hexadecimal digits');
        return -1;
      }
    }
    return at + ESCAPE_BYTES;
  }

  #noteNonAscii(start: number, end: number): void {
    if (this.#nonAsciiStart < 0) this.#nonAsciiStart = start;
    this.#nonAsciiEnd = end;
  }

  #countToken(): boolean {
    if (--this.#tokensLeft >= 0) return true;
    return this.#refuse('too many keys and values', INVALID_REQUEST);
  }

  #fits(depth: number): boolean {
    if (depth <= this.#depthLimit) return true;
    return this.#refuse(`nested deeper than ${this.#depthLimit} levels`, INVALID_REQUEST);
  }

  #refuseSeparator(close: number): false {
    return this.#refuse(`a comma or ${String.fromCharCode(close)} was expected`);
  }

  #refuse(reason: string, code: CursorFault['code'] = PARSE_ERROR): false {
    return this.#refuseAt(this.#at, reason, code);
  }

  #refuseAt(at: number, reason: string, code: CursorFault['code'] = PARSE_ERROR): false {
    this.#isCut = code === PARSE_ERROR && at >= this.#end;
    this.#faultAt = { at, reason };
    this.#fault = {
      code,
      reason: this.#isCut ? `byte ${at}: the text ends too early` : `byte ${at}: ${reason}`,
    };
    return false;
  }
}

/** The aligned 32-bit words that cover a text, from the word its first byte lies in. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const start = bytes.byteOffset - (bytes.byteOffset & 3);
  return new Int32Array(bytes.buffer, start, Math.floor((bytes.buffer.byteLength - start) / 4));
}

const isBehind = (pausedIn: number): boolean => pausedIn === BEHIND_VALUE || pausedIn === IN_STRING;

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > ASCII_MAX) return false;
  return true;
}
