// Reads a line of a process that is no message by the letter (scan.ts). It finds the messages that every direct client of the
// process would still read in it, and mends each; answers that nobody could read; and noise. Client input never comes here. A line
// is looked at only when the strict scan has failed, so proper lines cost nothing.
import { completedError } from './completed-error.ts';
import { elementsOf } from './elements.ts';
import { gistOf } from './gist.ts';
import { JsonCursor, OPEN_ARRAY, OPEN_OBJECT, PARSE_ERROR, QUOTE } from './json-cursor.ts';
import { skipJunk, withoutSequences } from './junk.ts';
import { REQUEST_ID_BYTES } from '../limits.ts';
import { dropEdits, hasMoreMembers, membersOf, type Member } from './members.ts';
import { integerOf } from './numbers.ts';
import { LINE_MEMBERS, scanLine, type Envelope } from './scan.ts';
import { compactLine, splice, type Edit } from './splice.ts';
import { asShown } from './utf8.ts';

/** One thing that a line says. */
export type Said =
  /** A message; the envelope counts from the start of `bytes`, which hold no other. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly envelope: Envelope }
  | Broken
  /** JSON that the line ends in the middle of; the lines behind it may complete it. */
  | { readonly kind: 'open'; readonly bytes: Uint8Array; readonly broken: Broken | undefined }
  /** Nothing for a client. `reason` is for a person and quotes no payload. */
  | { readonly kind: 'noise'; readonly reason: string };

/** What was meant as an answer, and is none. */
export interface Broken {
  readonly kind: 'broken';
  readonly reason: string;
  /** The text of the id it has, as gist.ts reads it. */
  readonly id: string | undefined;
  /** How long the text is. */
  readonly bytes: number;
  /** False when it may as well be a debugging aid's picture of an answer that still comes. */
  readonly isSure: boolean;
}

type Value = Exclude<Said, { readonly kind: 'open' }>;

const CR = 0x0d;
const ESC = 0x1b;
const BRACE = 0x7b;

/** So many values are taken of a line, and so many members of an envelope are looked at: what has more is no message and costs no more. */
const MAX_VALUES = 256;
const MAX_MEMBERS = 256;
const MAX_ERROR_MEMBERS = LINE_MEMBERS;

/** What may stand before a message is searched for this far, and in so many places. */
const SEARCHED_BYTES = 64 * 1024;
const SEARCHED_PLACES = 64;

/** How an answer begins that stands behind other text. */
const ANSWER_HEAD = /^\{\s*["'](?:jsonrpc|id|result|error)["']\s*:/iu;
const ANSWER_HEAD_BYTES = 48;

/** The last sequence of those that take away from the terminal's line what was printed before: erase in line or display, go to a column. */
const ERASES = /[KJG]$/u;

/** UTF-16 has a zero beside each ASCII character. */
const UTF16_LOOKED_AT_BYTES = 64;

/** Of a larger text that is no JSON, no copy is made to judge it: that takes some 10 ms for each MiB, and all others would wait. */
const COPIED_BYTES = 512 * 1024;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** What is said by a line that {@link scanLine} refused, in order. Linear in its bytes. */
export function mend(line: Uint8Array): Said[] {
  if (isUtf16(line)) return [utf16(line)];
  const said: Said[] = [];
  let at = skipJunk(line);
  for (let values = 0; at < line.length; values++) {
    if (values >= MAX_VALUES) return [...said, noise('the line has too many values')];
    const rest = line.subarray(at);
    if (!isOpening(rest[0])) {
      const others = quoted(rest) ?? amid(line, at);
      return [...said.filter(isAnswerOrLess), ...others];
    }
    const cursor = new JsonCursor(rest, Infinity, Infinity);
    if (!cursor.skipValue()) {
      said.push(unfinished(rest, cursor));
      return said;
    }
    // The whole line has been scanned already.
    said.push(...valuesOf(rest.subarray(0, cursor.at), cursor, cursor.at === line.length));
    at = skipJunk(line, at + cursor.at);
  }
  return said.length > 0 ? said : [noise('the line is blank')];
}

const isOpening = (byte: number | undefined): boolean =>
  byte === OPEN_OBJECT || byte === OPEN_ARRAY;

/** Beside other text a request or a notification may be a quotation; an answer is one or is not waited for. */
const isAnswerOrLess = (said: Said): boolean => said.kind !== 'message' || isAnswer(said.envelope);

const isAnswer = ({ kind }: Envelope): boolean => kind === 'result' || kind === 'error';

const noise = (reason: string): Value => ({ kind: 'noise', reason });

function unfinished(rest: Uint8Array, cursor: JsonCursor): Said {
  const { reason } = cursor.fault ?? { reason: 'the text is not JSON' };
  const judged = judge(rest, reason, cursor.cut !== undefined);
  if (cursor.cut === undefined) return judged;
  const broken = judged.kind === 'broken' ? judged : undefined;
  // No client joins lines within a string, so nothing that follows can make it readable.
  if (cursor.cut === 'in string' && broken?.id !== undefined) return broken;
  return { kind: 'open', bytes: rest, broken };
}

/** What a text that begins with a brace and is no message was meant to be. `isCut`: it ends too early. */
export function judge(bytes: Uint8Array, reason: string, isCut = false): Value {
  if (bytes[0] !== OPEN_OBJECT) return noise(reason);
  const isColoured = bytes.includes(ESC);
  const { kind, id, isJson, isCapital } = gistOf(
    isColoured && bytes.length <= COPIED_BYTES ? withoutSequences(bytes) : bytes,
    isCut,
  );
  if (kind !== 'answer') return noise(reason);
  const why = isCapital ? CAPITALS : reason;
  // Such texts are what a log shows of an answer as well; and without an id, one that was cut off may be of any program.
  const isSure = isJson && !isCapital && !isColoured && !(isCut && id === undefined);
  return { kind: 'broken', reason: why, id, bytes: bytes.length, isSure };
}

const CAPITALS = 'its keys are written with capitals';

/** A whole value: one message, or the messages of a batch. */
function valuesOf(bytes: Uint8Array, passed: JsonCursor, isScanned: boolean): Value[] {
  const text = inUtf8(bytes, passed);
  if (text[0] === OPEN_OBJECT) return [messageIn(text, isScanned && text === bytes)];
  const elements = [...elementsOf(text, { start: 0, end: text.length }).take(MAX_VALUES)];
  if (elements.length === 0) return [noise('the batch is empty')];
  return elements.map(({ start, end }) =>
    text[start] === OPEN_OBJECT
      ? messageIn(text.subarray(start, end))
      : noise('a message must be a JSON object'),
  );
}

/** `passed` has passed them: what it knows to be ASCII is not looked at. */
function inUtf8(bytes: Uint8Array, { nonAscii }: JsonCursor): Uint8Array {
  if (nonAscii === undefined) return bytes;
  try {
    strictDecoder.decode(bytes.subarray(nonAscii.start, nonAscii.end));
    return bytes;
  } catch {
    return asShown(bytes);
  }
}

function messageIn(bytes: Uint8Array, isRefused = false): Value {
  const scan = isRefused ? undefined : scanLine(bytes);
  if (scan?.ok === true && scan.kind === 'single') return message(bytes, scan.envelope);
  const members = [...membersOf(bytes).take(MAX_MEMBERS + 1)];
  if (members.length > MAX_MEMBERS || !members.some(({ key }) => SPEAKING.has(key))) {
    return judge(bytes, 'the text is not a message');
  }
  const error = members.findLast(({ key }) => key === 'error');
  if (error && hasMoreMembers(bytes, error.value, MAX_ERROR_MEMBERS)) {
    return judge(bytes, 'its error has too many members');
  }
  const mended = mendedEnvelope(bytes, members);
  const again = scanLine(mended);
  if (again.ok && again.kind === 'single') return message(mended, again.envelope);
  return judge(
    bytes,
    again.ok || again.code === PARSE_ERROR ? 'the text is not a message' : again.reason,
  );
}

/** On one line, like all others. */
function message(bytes: Uint8Array, envelope: Envelope): Value {
  const line = compactLine(bytes);
  if (line.length === bytes.length) return { kind: 'message', bytes, envelope };
  const scan = scanLine(line);
  return scan.ok && scan.kind === 'single'
    ? { kind: 'message', bytes: line, envelope: scan.envelope }
    : noise('the text is not a message');
}

/** Every message has one of these. */
const SPEAKING: ReadonlySet<string> = new Set(['method', 'result', 'error']);

const ENVELOPE: readonly string[] = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];

/** What stands for "no error" beside a result. */
const NOTHING: ReadonlySet<string> = new Set(['null', 'false', '0', '""', '{}', '[]']);
const LONGEST_NOTHING_BYTES = 16;

/**
 * The object in `bytes` with its envelope put in order: of equal keys the last is kept, members that are null for "absent" go, so do
 * those that only look like envelope keys, an id that is a number is written as an integer, and an error gets a code and a message.
 */
function mendedEnvelope(bytes: Uint8Array, members: readonly Member[]): Uint8Array {
  const last = new Map(members.map((member) => [member.key, member]));
  const raw = (key: string): string => {
    const { start, end } = last.get(key)?.value ?? { start: 0, end: 0 };
    return end - start > LONGEST_NOTHING_BYTES
      ? ''
      : decoder.decode(bytes.subarray(start, end)).replaceAll(/\s/gu, '');
  };
  const isNull = (key: string): boolean => raw(key) === 'null';
  const is = (key: string): boolean => last.has(key) && !isNull(key);
  const absent = new Set<string>();
  if (isNull('params')) absent.add('params');
  if (isNull('method')) absent.add('method');
  if (isNull('error') && (last.has('result') || is('method'))) absent.add('error');
  // Languages differ in what they write for nothing.
  if (is('result') && NOTHING.has(raw('error'))) absent.add('error');
  if (isNull('result') && (is('error') || is('method'))) absent.add('result');
  // A notification whose writer prints what it has not.
  if (isNull('id') && is('method')) absent.add('id');
  const edits = dropEdits(members, (member) => {
    if (absent.has(member.key)) return true;
    if (ENVELOPE.includes(member.key)) return last.get(member.key) !== member;
    const folded = member.key.toUpperCase().toLowerCase();
    return member.key === '__proto__' || ENVELOPE.includes(folded);
  });
  const id = absent.has('id') ? undefined : last.get('id');
  const integer = id && integerId(bytes, id);
  if (integer) edits.push(integer);
  const error = absent.has('error') ? undefined : last.get('error')?.value;
  const completed = error && completedError(bytes, error);
  if (completed) edits.push({ ...error, with: completed });
  return splice(
    bytes,
    edits.toSorted((a, b) => a.start - b.start),
  );
}

/** A number that is an integer, however it is written; strings stay what they are. */
function integerId(bytes: Uint8Array, { value }: Member): Edit | undefined {
  // A longer one is refused.
  if (value.end - value.start > REQUEST_ID_BYTES) return undefined;
  const raw = decoder.decode(bytes.subarray(value.start, value.end));
  if (!/^-?\d/u.test(raw)) return undefined;
  const integer = integerOf(raw);
  return integer === undefined ? undefined : { ...value, with: encoder.encode(String(integer)) };
}

/** An answer within a JSON string: it was encoded twice. */
function quoted(rest: Uint8Array): Said[] | undefined {
  if (rest.length > COPIED_BYTES) return undefined;
  const cursor = new JsonCursor(rest, Infinity, Infinity);
  if (cursor.peek() !== QUOTE || !cursor.skipValue() || skipJunk(rest, cursor.at) < rest.length)
    return undefined;
  const inner = encoder.encode(cursor.text({ start: 0, end: cursor.at }));
  const said = judge(inner.subarray(skipJunk(inner)), 'it is JSON inside a quoted text');
  return said.kind === 'broken' ? [{ ...said, isSure: false }] : undefined;
}

/** What stands amid other text from `from` on: an answer is told, since somebody may wait for it. */
function amid(line: Uint8Array, from: number): Said[] {
  const searched = line.subarray(0, from + SEARCHED_BYTES);
  let at = from;
  for (let place = 0; place < SEARCHED_PLACES; place++) {
    at = searched.indexOf(BRACE, at);
    if (at < 0) break;
    const head = decoder.decode(line.subarray(at, at + ANSWER_HEAD_BYTES));
    if (ANSWER_HEAD.test(head)) return answerAmid(line, at);
    at++;
  }
  return [noise('the text is not JSON')];
}

function answerAmid(line: Uint8Array, at: number): Said[] {
  const rest = line.subarray(at);
  const cursor = new JsonCursor(rest, Infinity, Infinity);
  const reason = 'other text comes before it on its line';
  if (!cursor.skipValue()) {
    const judged = judge(rest, reason);
    return [judged.kind === 'broken' ? { ...judged, isSure: false } : judged];
  }
  const bytes = inUtf8(rest.subarray(0, cursor.at), cursor);
  const found = messageIn(bytes);
  if (found.kind === 'noise' || (found.kind === 'message' && !isAnswer(found.envelope))) {
    return [noise('the text is not JSON')];
  }
  if (found.kind === 'message' && isErasedBefore(line, at)) return [found];
  const { id } = gistOf(bytes);
  return [{ kind: 'broken', reason, id, bytes: bytes.length, isSure: false }];
}

/** Whether a terminal would show nothing of what stands before `at`: a spinner, a line of progress. */
function isErasedBefore(line: Uint8Array, at: number): boolean {
  const before = line.subarray(0, at);
  const cr = before.lastIndexOf(CR);
  if (cr >= 0 && skipJunk(line, cr) >= at) return true;
  const escape = before.lastIndexOf(ESC);
  if (escape < 0 || skipJunk(line, escape) < at) return false;
  return ERASES.test(decoder.decode(before.subarray(escape)).trimEnd());
}

function isUtf16(line: Uint8Array): boolean {
  const head = line.subarray(0, UTF16_LOOKED_AT_BYTES);
  let zeros = 0;
  for (const byte of head) if (byte === 0) zeros++;
  return head.length > 2 && zeros * 3 >= head.length;
}

function utf16(line: Uint8Array): Value {
  const head = line.subarray(0, COPIED_BYTES);
  const text = head.filter((byte) => byte !== 0);
  const start = text.indexOf(BRACE);
  const reason = 'it is UTF-16, and a server must print UTF-8';
  return start < 0 ? noise(reason) : judge(text.subarray(start), reason, head.length < line.length);
}
