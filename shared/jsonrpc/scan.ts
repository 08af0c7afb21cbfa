// Decides what a text is as JSON-RPC. One pass over the bytes tells whether it is a message that the bridge accepts, of which kind,
// where the few fields are that the bridge reads, and which members params, result and error have (noted.ts). Payloads are
// validated and otherwise not read, so everything inside those passes byte for byte. Keys of the envelope must have one spelling
// and appear once, because a process may ignore case, or take the first of two where the bridge takes the last.
// One file above 300 lines: what each key means and what refuses it belong to the same pass.

import {
  INVALID_REQUEST,
  JsonCursor,
  OPEN_ARRAY,
  OPEN_OBJECT,
  PARSE_ERROR,
  QUOTE,
} from './json-cursor.ts';
import { noteMembers, type OnMember, type PartName, type Parts } from './noted.ts';
import { MESSAGE_DEPTH, MESSAGE_TOKENS, REQUEST_ID_BYTES } from '../limits.ts';
import { keepShapes } from '../kept-shapes.ts';
import type { Span } from './span.ts';

/** What a message may cost; see {@link SCAN_LIMITS}. */
export interface ScanLimits {
  readonly depth: number;
  readonly tokens: number;
  readonly idBytes: number;
  /** Of a message's outermost object and of its error, and messages of a batch. */
  readonly members: number;
  /** Whether the inside of answers is held to what every client needs: a result is an object, an error has a code and a message. */
  readonly areAnswersRead: boolean;
}

/** Kind and place of one message, and of what routing reads in it; spans are raw JSON text, strings with quotes. */
export interface Envelope extends Span {
  readonly kind: 'request' | 'notification' | 'result' | 'error';
  /** Absent in notifications, and in error responses that name no request (absent or null there). */
  readonly id?: Span;
  /** Decoded. */
  readonly method?: string;
  /** `params._meta.progressToken` of a request, `params.progressToken` of a progress notification. */
  readonly progressToken?: Span;
  /** `params.requestId` of a cancelled notification. */
  readonly requestId?: Span;
  readonly parts: Parts;
}

/** What is true of a whole text. */
export interface TextFacts {
  /** No CR or LF outside strings, so the text can stand on one line as it is. */
  readonly compact: boolean;
  /** False: no value in it is null. */
  readonly mayHoldNulls: boolean;
}

export type ScanResult = Scanned | ScanFault;

export type Scanned =
  | (TextFacts & { readonly ok: true; readonly kind: 'single'; readonly envelope: Envelope })
  | (TextFacts & {
      readonly ok: true;
      readonly kind: 'batch';
      readonly messages: readonly Envelope[];
    });

/** A refusal with its JSON-RPC code; `reason` is for a person and quotes no payload. */
export interface ScanFault {
  readonly ok: false;
  readonly code: typeof PARSE_ERROR | typeof INVALID_REQUEST;
  readonly reason: string;
}

export const SCAN_LIMITS: ScanLimits = {
  depth: MESSAGE_DEPTH,
  tokens: MESSAGE_TOKENS,
  idBytes: REQUEST_ID_BYTES,
  members: Infinity,
  areAnswersRead: false,
};

/** The envelope keys, each with its bit in {@link MessageReader}'s record of what was seen. */
const KEY_BITS = { jsonrpc: 1, id: 2, method: 4, params: 8, result: 16, error: 32 } as const;
type EnvelopeKey = keyof typeof KEY_BITS;
const KEYS = Object.keys(KEY_BITS) as readonly EnvelopeKey[];
const LONGEST_REFUSED_KEY_CHARS = '__proto__'.length;

/** Of `"2.0"`, were each character an escape. */
const LONGEST_VERSION_BYTES = 20;

/** Longer numbers are no integers that every reader takes. */
const LONGEST_CODE_CHARS = 16;

const PROGRESS = 'notifications/progress';
const CANCELLED = 'notifications/cancelled';
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const NULL_FIRST = 0x6e;

const NO_ERROR = '"error" must be an object with a "code" and a "message"';

/** Judges one HTTP body or one stdio line. Never throws; cost is linear in the bytes up to the first fault. */
export function scanMessage(
  bytes: Uint8Array,
  limits: Partial<ScanLimits> = SCAN_LIMITS,
): ScanResult {
  const idBytes = limits.idBytes ?? SCAN_LIMITS.idBytes;
  const members = limits.members ?? SCAN_LIMITS.members;
  const areAnswersRead = limits.areAnswersRead ?? SCAN_LIMITS.areAnswersRead;
  const cursor = cursorOver(bytes, limits);
  const first = cursor.peek();
  if (first === OPEN_ARRAY) return scanBatch(cursor, { idBytes, members, areAnswersRead });
  const message = new MessageReader(cursor, { idBytes, members, areAnswersRead });
  if (!message.read() || !cursor.finish()) return syntaxFault(cursor);
  const envelope = message.judge();
  if (typeof envelope === 'string') return envelopeFault(envelope);
  const { hasLineBreaks, mayHoldNulls } = cursor;
  return { ok: true, kind: 'single', envelope, compact: !hasLineBreaks, mayHoldNulls };
}

const cursorOver = (bytes: Uint8Array, { depth, tokens }: Partial<ScanLimits>): JsonCursor =>
  new JsonCursor(bytes, depth ?? SCAN_LIMITS.depth, tokens ?? SCAN_LIMITS.tokens);

/** No message has so many members, nor does an error. */
export const LINE_MEMBERS = 1_000;

/** What a process prints is bounded by its line; the other limits guard readers of client input, whose bytes a process parses. */
const LINE_LIMITS: Partial<ScanLimits> = {
  depth: Infinity,
  tokens: Infinity,
  members: LINE_MEMBERS,
  areAnswersRead: true,
};

/** Judges one line of a process: as strictly, but results may be as deep and as large as a line holds. What fails here, mend.ts may still read. */
export const scanLine = (bytes: Uint8Array): ScanResult => scanMessage(bytes, LINE_LIMITS);

function scanBatch(
  cursor: JsonCursor,
  limits: Pick<ScanLimits, 'idBytes' | 'members' | 'areAnswersRead'>,
): ScanResult {
  const messages: Envelope[] = [];
  let refusal: string | undefined;
  let count = 0;
  cursor.enter();
  while (cursor.nextElement()) {
    if (++count > limits.members) return envelopeFault('the batch has too many messages');
    const message = new MessageReader(cursor, limits);
    if (!message.read()) break;
    const envelope = message.judge();
    if (typeof envelope !== 'string') messages.push(envelope);
    else refusal ??= `message ${messages.length + 1} of the batch: ${envelope}`;
  }
  if (cursor.fault !== undefined || !cursor.finish()) return syntaxFault(cursor);
  if (refusal === undefined && messages.length === 0) refusal = 'the batch is empty';
  if (refusal !== undefined) return envelopeFault(refusal);
  const { hasLineBreaks, mayHoldNulls } = cursor;
  return { ok: true, kind: 'batch', messages, compact: !hasLineBreaks, mayHoldNulls };
}

function syntaxFault(cursor: JsonCursor): ScanFault {
  const { code, reason } = cursor.fault ?? { code: PARSE_ERROR, reason: 'the text is not JSON' };
  return { ok: false, code, reason };
}

function envelopeFault(reason: string): ScanFault {
  return { ok: false, code: INVALID_REQUEST, reason };
}

/** One key of interest in params: how often it came, and where its value lies if it is a string or a number. */
class Field {
  count = 0;
  span: Span | undefined = undefined;

  note(first: number, span: Span): void {
    this.count++;
    this.span = first === QUOTE || isNumberStart(first) ? span : undefined;
  }
}

/** Reads one message off the cursor, whatever is wrong with its envelope, and judges it afterwards. */
class MessageReader {
  readonly #cursor: JsonCursor;
  readonly #idBytes: number;
  readonly #areAnswersRead: boolean;
  #membersLeft: number;
  readonly #errorMembers: number;
  #refusal: string | undefined = undefined;
  #start = 0;
  #end = 0;
  #seen = 0;
  #isVersion2 = false;
  #id: Span | undefined = undefined;
  #method: string | undefined = undefined;
  #metaCount = 0;
  #metaToken: Field | undefined = undefined;
  #progressToken: Field | undefined = undefined;
  #requestId: Field | undefined = undefined;
  readonly #parts: { -readonly [Name in keyof Parts]: Parts[Name] } = {};

  constructor(
    cursor: JsonCursor,
    limits: Pick<ScanLimits, 'idBytes' | 'members' | 'areAnswersRead'>,
  ) {
    this.#cursor = cursor;
    this.#idBytes = limits.idBytes;
    this.#membersLeft = limits.members;
    this.#errorMembers = limits.members;
    this.#areAnswersRead = limits.areAnswersRead;
  }

  /** False when the text itself is at fault; the cursor knows why. */
  read(): boolean {
    const cursor = this.#cursor;
    const first = cursor.peek();
    this.#start = cursor.at;
    if (first !== OPEN_OBJECT) {
      this.#refuse('a message must be a JSON object');
      return cursor.skipValue();
    }
    if (!cursor.enter()) return false;
    while (cursor.nextMember()) {
      if (--this.#membersLeft < 0 || !this.#member(this.#key())) return false;
    }
    this.#end = cursor.at;
    return cursor.fault === undefined;
  }

  /** The envelope, or why there is none. */
  judge(): Envelope | string {
    const kind = this.#kind();
    if (this.#refusal !== undefined) return this.#refusal;
    const envelope: { -readonly [K in keyof Envelope]: Envelope[K] } = {
      kind,
      start: this.#start,
      end: this.#end,
      parts: this.#parts,
    };
    if (this.#id !== undefined) envelope.id = this.#id;
    if (this.#method !== undefined) envelope.method = this.#method;
    this.#readRouting(envelope);
    return this.#refusal ?? envelope;
  }

  #kind(): Envelope['kind'] {
    const hasMethod = this.#has('method');
    const hasResult = this.#has('result');
    const hasError = this.#has('error');
    if (!this.#isVersion2) this.#refuse('"jsonrpc" must be "2.0"');
    if (hasMethod) {
      if (hasResult || hasError) this.#refuse('"method" excludes "result" and "error"');
      if (!this.#has('id')) return 'notification';
      if (this.#id === undefined) this.#refuse('"id" of a request must not be null');
      return 'request';
    }
    if (hasResult) {
      if (hasError) this.#refuse('"result" excludes "error"');
      if (this.#id === undefined) this.#refuse('"id" of a result must be a string or an integer');
      return 'result';
    }
    if (!hasError) this.#refuse('a message must have "method", "result" or "error"');
    return 'error';
  }

  #readRouting(envelope: { progressToken?: Span; requestId?: Span }): void {
    if (this.#method === undefined) return;
    // Of two we would read the last, and a process may read the first.
    if (this.#metaCount > 1) this.#refuse('duplicate key params._meta');
    if (this.#has('id')) {
      const token = this.#only(this.#metaToken, 'params._meta.progressToken');
      if (token !== undefined) envelope.progressToken = token;
    } else if (this.#method === PROGRESS) {
      const token = this.#only(this.#progressToken, 'params.progressToken');
      if (token !== undefined) envelope.progressToken = token;
    } else if (this.#method === CANCELLED) {
      const id = this.#only(this.#requestId, 'params.requestId');
      if (id !== undefined) envelope.requestId = id;
    }
  }

  #only(field: Field | undefined, name: string): Span | undefined {
    if (field === undefined) return undefined;
    if (field.count > 1) this.#refuse(`duplicate key ${name}`);
    if (field.span !== undefined) this.#checkLength(field.span, name);
    return field.span;
  }

  /** Which envelope key the cursor has just read, if any; refuses what a laxer reader would take for one. */
  #key(): EnvelopeKey | undefined {
    const cursor = this.#cursor;
    const key = cursor.matchKey(KEYS);
    if (key !== undefined) {
      if (this.#has(key)) this.#refuse(`duplicate key "${key}"`);
      this.#seen |= KEY_BITS[key];
      return key;
    }
    const text = cursor.keyText(LONGEST_REFUSED_KEY_CHARS);
    if (text === undefined) return undefined;
    if (text === '__proto__') this.#refuse('the key "__proto__" is not allowed');
    const folded = foldCase(text);
    if (KEYS.some((name) => name === folded)) {
      this.#refuse(`a key differs from "${folded}" only in case`);
    }
    return undefined;
  }

  #member(key: EnvelopeKey | undefined): boolean {
    const cursor = this.#cursor;
    const first = cursor.peek();
    const start = cursor.at;
    switch (key) {
      case 'params':
        return this.#readParams(first);
      case 'result':
        return this.#readResult(first);
      case 'error':
        return this.#readError(first);
      default:
        break;
    }
    if (!cursor.skipValue()) return false;
    switch (key) {
      case 'jsonrpc':
        this.#isVersion2 =
          first === QUOTE &&
          cursor.at - start <= LONGEST_VERSION_BYTES &&
          cursor.text({ start, end: cursor.at }) === '2.0';
        break;
      case 'id':
        this.#noteId(first, { start, end: cursor.at });
        break;
      case 'method':
        if (first === QUOTE) this.#method = cursor.text({ start, end: cursor.at });
        else this.#refuse('"method" must be a string');
        break;
      default:
        break;
    }
    return true;
  }

  #noteId(first: number, span: Span): void {
    if (first === NULL_FIRST) return;
    if (first !== QUOTE && !isInteger(this.#cursor.bytes, span)) {
      this.#refuse('"id" must be a string or an integer');
      return;
    }
    this.#checkLength(span, '"id"');
    this.#id = span;
  }

  #readParams(first: number): boolean {
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY)
      this.#refuse('"params" must be an object or an array');
    return this.#note('params', first, this.#onParam);
  }

  readonly #onParam: OnMember = (key, value, first, depth) => {
    if (depth === 1) {
      if (key === 'progressToken') (this.#metaToken ??= new Field()).note(first, value);
    } else if (key === '_meta') this.#metaCount++;
    else if (key === 'progressToken') (this.#progressToken ??= new Field()).note(first, value);
    else if (key === 'requestId') (this.#requestId ??= new Field()).note(first, value);
    return true;
  };

  #readResult(first: number): boolean {
    if (this.#areAnswersRead && first !== OPEN_OBJECT) this.#refuse('"result" must be an object');
    return this.#note('result', first);
  }

  #readError(first: number): boolean {
    const { bytes } = this.#cursor;
    let isCoded = false;
    let isWorded = false;
    let left = this.#errorMembers;
    const isPassed = this.#note('error', first, (key, value, firstOfValue, depth) => {
      if (--left < 0) return false;
      if (depth === 1) return true;
      // Of two the last counts, as `JSON.parse` reads it.
      if (key === 'code')
        isCoded = value.end - value.start <= LONGEST_CODE_CHARS && isInteger(bytes, value);
      else if (key === 'message') isWorded = firstOfValue === QUOTE;
      return true;
    });
    if (left < 0) return false;
    if (this.#areAnswersRead && (!isCoded || !isWorded)) this.#refuse(NO_ERROR);
    return isPassed;
  }

  /** Passes a part. What is known of a large text is jumped over, and its members are noted when somebody asks. */
  #note(name: PartName, first: number, seen?: OnMember): boolean {
    const cursor = this.#cursor;
    const start = cursor.at;
    const isRead = first === OPEN_OBJECT && (seen !== undefined || !cursor.jumps);
    const members = isRead ? noteMembers(cursor, 0, seen) : undefined;
    if (!isRead) cursor.skipValue();
    const noted = { start, end: cursor.at, members, isRead };
    // To write under a name that changes takes long.
    if (name === 'params') this.#parts.params = noted;
    else if (name === 'result') this.#parts.result = noted;
    else this.#parts.error = noted;
    return cursor.fault === undefined;
  }

  #checkLength(span: Span, name: string): void {
    if (span.end - span.start > this.#idBytes) {
      this.#refuse(`${name} is longer than ${this.#idBytes} bytes`);
    }
  }

  #has(key: EnvelopeKey): boolean {
    return (this.#seen & KEY_BITS[key]) !== 0;
  }

  /** The first reason stands. */
  #refuse(reason: string): void {
    this.#refusal ??= reason;
  }
}

function isNumberStart(byte: number): boolean {
  return byte === MINUS || (byte >= ZERO && byte <= NINE);
}

/** Whether a valid JSON number is spelt without fraction and exponent; other values are not integers either. */
function isInteger(bytes: Uint8Array, span: Span): boolean {
  for (let at = span.start; at < span.end; at++) {
    if (!isNumberStart(bytes[at] as number)) return false;
  }
  return true;
}

/** Whether a key is not `name`, but what a reader without regard to case would take for it. */
export const isLookalike = (key: string, name: string): boolean =>
  // No folding makes a text shorter, and none makes ASCII longer.
  (key.length === name.length || (key.length < name.length && NOT_ASCII.test(key))) &&
  key !== name &&
  foldCase(key) === foldCase(name);

const NOT_ASCII = /[\u0080-\uffff]/u;

/** Folds as laxly as any known reader: by way of capitals, so that ſ and ı end as s and i. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}

const encoder = new TextEncoder();

// What a scan makes is dropped with it, but for the result.
for (const limits of [SCAN_LIMITS, LINE_LIMITS])
  for (const text of [
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"n","_meta":{"progressToken":1}}}',
    '{"jsonrpc":"2.0","method":"m","params":{"a":[]}}',
    '{"jsonrpc":"2.0","id":"1","result":{"content":[{}]}}',
  ]) {
    const bytes = encoder.encode(text);
    const cursor = cursorOver(bytes, limits);
    const reader = new MessageReader(cursor, { ...SCAN_LIMITS, ...limits });
    reader.read();
    keepShapes(cursor, reader, scanMessage(bytes, limits));
  }
