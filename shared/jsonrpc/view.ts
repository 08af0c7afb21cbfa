// The view of one message: its bytes, and the places of the members that anybody reads, as the scan noted them. The view is handed
// on from where the scan was made, so reading or changing the message needs no other pass over it.
import { mayKeepBuffer } from '../bytes.ts';
import { appended, changesIn, made } from './changes.ts';
import { JsonCursor, OPEN_OBJECT } from './json-cursor.ts';
import {
  isParsable,
  membersOf,
  stringIn,
  textAt,
  valueIn,
  type Member,
  type MemberChange,
} from './members.ts';
import { moved, movedParts } from './moved.ts';
import {
  noteMembers,
  NOTED_MEMBERS,
  type OnMember,
  PARTS,
  type Noted,
  type NotedMember,
  type PartName,
  type Parts,
} from './noted.ts';
import {
  scanLine,
  type Envelope,
  type Scanned,
  type ScanFault,
  type ScanResult,
  type TextFacts,
} from './scan.ts';
import type { Span } from './span.ts';
import { compactLine, splice, type Edit } from './splice.ts';

/** Where a value lies: a part of the message, and keys from there on. */
export type Path = readonly [part: PartName, ...keys: readonly string[]];

/** What an envelope tells of a message, in offsets of the message. */
interface Head extends Pick<Envelope, 'kind'> {
  readonly method?: string | undefined;
  readonly id?: Span | undefined;
  readonly progressToken?: Span | undefined;
  readonly requestId?: Span | undefined;
}

/** In a smaller message a member is found in some milliseconds, whatever it holds. */
const SEARCHED_BYTES = 256 * 1024;

export class MessageView {
  /** Only the message; all spans count from its start. */
  readonly bytes: Uint8Array;
  readonly #head: Head;
  readonly #facts: TextFacts;
  #id: string | undefined;
  #parts: Parts | (() => Parts);

  /** `facts`: of the text that the message came in. */
  constructor(bytes: Uint8Array, head: Head, facts: TextFacts, parts: Parts | (() => Parts)) {
    this.bytes = bytes;
    this.#head = head;
    this.#facts = facts;
    this.#parts = parts;
  }

  get kind(): Envelope['kind'] {
    return this.#head.kind;
  }

  get isAnswer(): boolean {
    return this.kind === 'result' || this.kind === 'error';
  }

  /** Empty in answers. */
  get method(): string {
    return this.#head.method ?? '';
  }

  get idAt(): Span | undefined {
    return this.#head.id;
  }

  /** Raw JSON text. */
  get id(): string | undefined {
    return (this.#id ??= this.#textOf(this.#head.id));
  }

  /** Of `params._meta` in a request, of `params` in a progress notification. */
  get progressTokenAt(): Span | undefined {
    return this.#head.progressToken;
  }

  /** Raw JSON text. */
  get progressToken(): string | undefined {
    return this.#textOf(this.#head.progressToken);
  }

  /** `params.requestId` of a cancelled notification. */
  get requestIdAt(): Span | undefined {
    return this.#head.requestId;
  }

  /** Raw JSON text. */
  get requestId(): string | undefined {
    return this.#textOf(this.#head.requestId);
  }

  /** The bytes without CR and LF between tokens. */
  get line(): Uint8Array {
    return this.#facts.compact ? this.bytes : compactLine(this.bytes);
  }

  /** False: no value in it is null. */
  get mayHoldNulls(): boolean {
    return this.#facts.mayHoldNulls;
  }

  /** Where the value lies that the path leads to; of equal keys, the last, as `JSON.parse` reads it. */
  at(...path: Path): Span | undefined {
    const part = this.#part(path[0]);
    let value: Span | undefined = part;
    let members = part?.members;
    for (let depth = 1; depth < path.length; depth++) {
      if (!members && depth === 1 && path[0] === 'result' && this.#isTooMuch(part))
        return undefined;
      if (!members) return value && valueIn(this.bytes, value, ...path.slice(depth));
      const member = lastOf(members, path[depth]);
      value = member?.value;
      members = member?.members;
    }
    return value;
  }

  has(...path: Path): boolean {
    return this.at(...path) !== undefined;
  }

  /** The JSON text of a value. */
  text(...path: Path): string | undefined {
    return this.#textOf(this.at(...path));
  }

  /** The string there; undefined when there is none. */
  string(...path: Path): string | undefined {
    const span = this.at(...path);
    return span && stringIn(this.bytes, span);
  }

  /** The value, parsed; undefined where there is none, or one that is too large to be parsed ({@link isParsable}). */
  parsed(...path: Path): unknown {
    const span = this.at(...path);
    return span && isParsable(this.bytes, span)
      ? (JSON.parse(textAt(this.bytes, span)) as unknown)
      : undefined;
  }

  /** The members of an object, in order, one by one; none when it is no object. */
  members(...path: Path): Iterable<Member & Partial<NotedMember>> {
    let members = this.#part(path[0])?.members;
    for (let depth = 1; members && depth < path.length; depth++)
      members = lastOf(members, path[depth])?.members;
    if (members) return members;
    const span = this.at(...path);
    return span ? membersOf(this.bytes, span) : [];
  }

  /**
   * The edits that change the object at `path`; objects missing on the way are made. A member named in `and` replaces those of its
   * name, and comes behind what is kept.
   */
  changes([part, ...keys]: Path, change: MemberChange): Edit[] {
    const value = this.#part(part);
    if (value) return changesIn(this.bytes, value, keys, change);
    const isAdding = Object.keys(change.and ?? {}).length > 0;
    const and = isAdding ? { [part]: made(keys, change) } : {};
    return appended(this.bytes.length - 1, false, and);
  }

  /** The message with the edits applied, in any order, at the cost of one copy. What they leave is known without a pass. */
  edited(edits: readonly Edit[]): MessageView {
    if (edits.length === 0) return this;
    const sorted = inOrder(edits);
    const bytes = splice(this.bytes, sorted);
    const isGrown = (sorted.at(-1)?.start ?? 0) >= this.bytes.length - 1;
    const facts = { compact: this.#facts.compact, mayHoldNulls: true };
    const parts = this.#parts;
    const head = movedHead(this.#head, sorted);
    const edited = new MessageView(bytes, head, facts, () =>
      isGrown ? partsOf(bytes) : movedParts(known(parts), sorted),
    );
    const token = this.#head.progressToken;
    // It lay in what was written anew, and may be in that.
    if (!token || head.progressToken || !isWrittenOver(token, sorted)) return edited;
    const path: Path = head.id ? ['params', '_meta', 'progressToken'] : ['params', 'progressToken'];
    return new MessageView(
      bytes,
      { ...head, progressToken: edited.at(...path) },
      facts,
      edited.#parts,
    );
  }

  /** The bytes of {@link edited}, for those who read no more of it. */
  spliced(edits: readonly Edit[]): Uint8Array {
    return splice(this.bytes, inOrder(edits));
  }

  /** With bytes that may be kept: those of a short line keep the whole chunk of stdout in memory. */
  kept(): MessageView {
    const { bytes } = this;
    if (mayKeepBuffer(bytes.byteLength, bytes.buffer.byteLength)) return this;
    return new MessageView(bytes.slice(), this.#head, this.#facts, this.#parts);
  }

  /** Of a large result with more members than are noted nobody reads any: to look for one takes some 100 ms. */
  #isTooMuch(result: Noted | undefined): boolean {
    return result?.isRead === true && this.bytes.length > SEARCHED_BYTES;
  }

  #textOf(span: Span | undefined): string | undefined {
    return span && textAt(this.bytes, span);
  }

  /** Members that the scan jumped over are noted when somebody asks. */
  #part(name: PartName): Noted | undefined {
    const parts = known(this.#parts);
    this.#parts = parts;
    const part = parts[name];
    if (!part || part.isRead || this.bytes[part.start] !== OPEN_OBJECT) return part;
    const { start, end } = part;
    const cursor = new JsonCursor(this.bytes.subarray(start, end), Infinity, Infinity);
    cursor.peek();
    const noted = { start, end, members: noteMembers(cursor, start, untilTooMany()), isRead: true };
    this.#parts = { ...parts, [name]: noted };
    return noted;
  }
}

/** Passes no more members than are noted, of an object or of its `_meta`. */
function untilTooMany(): OnMember {
  const counts = [0, 0];
  return (_key, _value, _first, depth) => {
    counts[depth] = (counts[depth] ?? 0) + 1;
    return counts[depth] <= NOTED_MEMBERS;
  };
}

const inOrder = (edits: readonly Edit[]): readonly Edit[] =>
  edits.length < 2 ? edits : edits.toSorted((one, other) => one.start - other.start);

const known = (parts: Parts | (() => Parts)): Parts =>
  typeof parts === 'function' ? parts() : parts;

function lastOf(members: readonly NotedMember[], key: string | undefined): NotedMember | undefined {
  for (let at = members.length - 1; at >= 0; at--) if (members[at]?.key === key) return members[at];
  return undefined;
}

/** The parts of a message whose outermost object has got another one. */
function partsOf(bytes: Uint8Array): Parts {
  const found: { -readonly [Name in PartName]?: Noted } = {};
  for (const { key, value } of membersOf(bytes)) {
    const name = PARTS.find((part) => part === key);
    if (name) found[name] = { ...value, members: undefined, isRead: false };
  }
  return found;
}

const isWrittenOver = ({ start, end }: Span, edits: readonly Edit[]): boolean =>
  edits.some((edit) => edit.start <= start && edit.end >= end && edit.with.length > 0);

const movedHead = (head: Head, edits: readonly Edit[]): Head => ({
  kind: head.kind,
  method: head.method,
  id: head.id && moved(head.id, edits),
  progressToken: head.progressToken && moved(head.progressToken, edits),
  requestId: head.requestId && moved(head.requestId, edits),
});

/** The message at `envelope` in a text that was scanned. */
export function viewOf(
  text: Uint8Array,
  envelope: Envelope,
  facts: TextFacts = { compact: true, mayHoldNulls: true },
): MessageView {
  const { start, end, parts } = envelope;
  if (start === 0 && end === text.length) return new MessageView(text, envelope, facts, parts);
  const cut = [{ start: 0, end: start, with: NOTHING }];
  return new MessageView(text.subarray(start, end), movedHead(envelope, cut), facts, () =>
    movedParts(parts, cut),
  );
}

const NOTHING = new Uint8Array(0);

/** The messages of a text that was scanned: one, or those of a batch. */
export function viewsIn(text: Uint8Array, scanned: Scanned): readonly MessageView[] {
  const envelopes = scanned.kind === 'single' ? [scanned.envelope] : scanned.messages;
  return envelopes.map((envelope) => viewOf(text, envelope, scanned));
}

export type ReadLine =
  | { readonly ok: true; readonly isBatch: boolean; readonly messages: readonly MessageView[] }
  | ScanFault;

/** The messages of a text, each without CR and LF between its tokens. Only a text with such breaks is scanned twice. */
export function readMessages(text: Uint8Array, scan: (text: Uint8Array) => ScanResult): ReadLine {
  const scanned = scan(text);
  if (!scanned.ok) return scanned;
  if (!scanned.compact) return readMessages(compactLine(text), scan);
  return { ok: true, isBatch: scanned.kind === 'batch', messages: viewsIn(text, scanned) };
}

/** The one message of a line; undefined for a batch, and for anything that is not JSON-RPC. */
export function onlyMessageIn(line: Uint8Array): MessageView | undefined {
  const read = readMessages(line, scanLine);
  return read.ok && !read.isBatch ? read.messages[0] : undefined;
}
