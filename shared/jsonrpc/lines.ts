// Cuts a flow of bytes into lines. It decodes nothing, so it splits no code point; it joins each line once; and it never holds more
// than a constant factor of the longest line allowed.
import { joinBytes, mayKeepBuffer } from '../bytes.ts';

/** A line without its line break, or the news that one grew too long; `bytes` of the latter is the count so far. */
export type LineItem =
  | { readonly type: 'line'; readonly bytes: Uint8Array }
  /** A large line, of which a last step of copying may be left. */
  | { readonly type: 'long'; readonly join: LineJoin }
  | { readonly type: 'overlong'; readonly bytes: number };

const EMPTY = new Uint8Array(0);

const LF = 0x0a;
const CR = 0x0d;

/**
 * Small pieces are packed together in blocks of this size, larger ones are kept as they came: so a line that drips in
 * by single bytes costs its length, not an object a byte.
 */
const BLOCK_BYTES = 16_384;

/** So many pieces of a line are kept as they came, whatever their size: most lines have one or two, and a block costs. */
const UNPACKED_PIECES = 8;

/** Four empty lines at once, in either order of bytes. */
const EMPTY_LINES = 0x0a0a0a0a;

/** Where empty lines end that begin at `from`: thousands of them may follow each other. */
function endOfEmptyLines(chunk: Uint8Array, from: number): number {
  const { buffer, byteOffset, length } = chunk;
  let at = from;
  while (chunk[at] === LF && (byteOffset + at) % 4 !== 0) at += 1;
  if (chunk[at] === LF && length - at >= 4) {
    const words = new Uint32Array(buffer, byteOffset + at, Math.floor((length - at) / 4));
    let word = 0;
    while (words[word] === EMPTY_LINES) word += 1;
    at += word * 4;
  }
  while (chunk[at] === LF) at += 1;
  return at;
}

/**
 * Push a chunk, then take its lines one by one: whoever reads decides how much is done at a time. A line is a view of
 * its chunk where it lies in one, so chunks must not be reused.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #longBytes: number;
  /** The chunk being split, and how far it is. */
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  #lineBreaks = 0;
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  /** The block being packed, always the last of the pieces; how much of it is used. */
  #block: Uint8Array | undefined = undefined;
  #blockUsed = 0;
  #skipsToBreak = false;
  readonly #allocate: Allocate;
  /** The line that is not complete yet, once it is large. */
  #long: LineJoin | undefined;
  /** Of the last large line: the next is often as large, and then is never moved to a larger place. */
  #lastLongBytes = 0;

  /** `maxLineBytes` counts a line without its line break. `longBytes`: lines from there on are put together as they come. */
  constructor(maxLineBytes: number, longBytes = Infinity, allocate: Allocate = zeroed) {
    this.#maxLineBytes = maxLineBytes;
    this.#longBytes = longBytes;
    this.#allocate = allocate;
  }

  /** What has come of the line that is not complete yet, if it is large. */
  get long(): LineJoin | undefined {
    return this.#long;
  }

  /** Bytes held for the line that is not complete yet. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Line breaks so far, those of empty lines too. */
  get lineBreaks(): number {
    return this.#lineBreaks;
  }

  /** The next chunk, once {@link next} has nothing more of the last. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next line; undefined when a further chunk is needed. Lines end at LF; one CR before it goes too; empty lines are skipped. */
  next(): LineItem | undefined {
    const chunk = this.#chunk;
    while (this.#at < chunk.length) {
      if (this.#heldBytes === 0 && !this.#skipsToBreak) this.#skipEmptyLines();
      const from = this.#at;
      if (from === chunk.length) break;
      const lf = chunk.indexOf(LF, from);
      this.#at = lf < 0 ? chunk.length : lf + 1;
      if (lf >= 0) this.#lineBreaks += 1;
      const item =
        lf < 0 ? this.#hold(chunk.subarray(from)) : this.#endLine(chunk.subarray(from, lf));
      if (item) return item;
    }
    this.#chunk = EMPTY;
    this.#at = 0;
    return undefined;
  }

  /** What is left when the flow has ended, as its last line; the splitter is empty afterwards. */
  flush(): LineItem | undefined {
    return this.#endLine(EMPTY);
  }

  /** A loop of its own: there may be nothing else. */
  #skipEmptyLines(): void {
    const at = endOfEmptyLines(this.#chunk, this.#at);
    this.#lineBreaks += at - this.#at;
    this.#at = at;
  }

  #endLine(rest: Uint8Array): LineItem | undefined {
    if (this.#skipsToBreak) {
      this.#skipsToBreak = false;
      return undefined;
    }
    const total = this.#heldBytes + rest.length;
    if (total > this.#maxLineBytes + 1) {
      this.#drop();
      return { type: 'overlong', bytes: total };
    }
    if (this.#heldBytes > 0 && total >= this.#longBytes) return this.#endLong(rest, total);
    const joined = this.#heldBytes === 0 ? rest : this.#join(rest);
    const bytes = joined.at(-1) === CR ? joined.subarray(0, -1) : joined;
    if (bytes.length > this.#maxLineBytes) return { type: 'overlong', bytes: total };
    return bytes.length > 0 ? { type: 'line', bytes } : undefined;
  }

  #endLong(rest: Uint8Array, total: number): LineItem {
    const join = this.#long ?? this.#newJoin(total);
    join.add(rest);
    join.end();
    this.#drop();
    if (join.length > this.#maxLineBytes) return { type: 'overlong', bytes: join.length };
    this.#lastLongBytes = join.length;
    return { type: 'long', join };
  }

  #newJoin(bytes: number): LineJoin {
    const most = this.#maxLineBytes + LINE_END_BYTES;
    const likely = Math.min(most, Math.max(bytes, this.#lastLongBytes + LINE_END_BYTES));
    const join = new LineJoin(likely, most, this.#allocate);
    this.#closeBlock();
    for (const piece of this.#pieces) join.add(piece);
    this.#pieces = [];
    return join;
  }

  #hold(piece: Uint8Array): LineItem | undefined {
    if (this.#skipsToBreak) return undefined;
    const heldBytes = this.#heldBytes + piece.length;
    // One byte more may yet be the CR that does not count.
    const spareBytes = piece.at(-1) === CR ? 1 : 0;
    if (heldBytes > this.#maxLineBytes + spareBytes) {
      this.#drop();
      this.#skipsToBreak = true;
      return { type: 'overlong', bytes: heldBytes };
    }
    this.#heldBytes = heldBytes;
    if (this.#long) {
      this.#long.add(piece);
    } else if (piece.length < BLOCK_BYTES && this.#pieces.length >= UNPACKED_PIECES) {
      this.#pack(piece);
    } else {
      this.#closeBlock();
      this.#pieces.push(piece);
    }
    if (heldBytes >= this.#longBytes) this.#long ??= this.#newJoin(2 * heldBytes);
    return undefined;
  }

  #pack(piece: Uint8Array): void {
    if (this.#block === undefined || this.#blockUsed + piece.length > BLOCK_BYTES) {
      this.#closeBlock();
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#pieces.push(this.#block);
    }
    this.#block.set(piece, this.#blockUsed);
    this.#blockUsed += piece.length;
  }

  #closeBlock(): void {
    if (this.#block === undefined) return;
    this.#pieces[this.#pieces.length - 1] = this.#block.subarray(0, this.#blockUsed);
    this.#block = undefined;
    this.#blockUsed = 0;
  }

  #join(rest: Uint8Array): Uint8Array {
    return joinBytes([...this.#heldPieces(), rest]);
  }

  #heldPieces(): Uint8Array[] {
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#drop();
    return pieces;
  }

  #drop(): void {
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#block = undefined;
    this.#blockUsed = 0;
    this.#long = undefined;
  }
}

/** Copied in one step: a fraction of a millisecond. */
const JOIN_STEP_BYTES = 256 * 1024;

/** Pieces that wait while a line moves. With more it moves at once: somebody gives pieces and takes no steps. */
const WAITING_PIECES = 16;

/** A line break of two bytes counts until it is known to be one. */
const LINE_END_BYTES = 2;

/** Bytes with any content. */
type Allocate = (bytes: number) => Uint8Array;

const zeroed: Allocate = (bytes) => new Uint8Array(bytes);

/**
 * Puts a large line together as its pieces come. A line that outgrows its place moves to a larger one, and one that leaves most of it
 * empty moves to one of its size in the end, a step at a time.
 */
export class LineJoin {
  readonly #allocate: Allocate;
  readonly #most: number;
  /** Holds the first `#joined` bytes of the line. */
  #line: Uint8Array;
  #joined = 0;
  /** Where the line moves to, and how much of it is there. */
  #next: Uint8Array | undefined;
  #moved = 0;
  /** What came while it moves. */
  readonly #waiting: Uint8Array[] = [];
  #length = 0;
  #last: number | undefined;

  /** The bytes that the line will probably have, and can have at most: it never has a larger place. */
  constructor(likely: number, most: number, allocate: Allocate) {
    this.#allocate = allocate;
    this.#most = most;
    this.#line = allocate(likely);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** The bytes that lie together already, from the line's beginning. */
  get joined(): Uint8Array {
    return this.#line.subarray(0, Math.min(this.#joined, this.#length));
  }

  /** The next bytes of the line, which may be used again afterwards unless {@link step} has something to do. */
  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    this.#last = piece.at(-1);
    this.#take(piece);
    if (this.#waiting.length >= WAITING_PIECES) while (this.step());
  }

  /** That was all: one CR at the end is not the line's. Whoever keeps the line keeps its whole place. */
  end(): void {
    if (this.#last === CR) this.#length -= 1;
    if (!this.#next && !mayKeepBuffer(this.#length, this.#line.length))
      this.#next = this.#allocate(this.#joined);
  }

  /** Moves some of a line whose place does not fit it; false when nothing is to be moved. */
  step(): boolean {
    const next = this.#next;
    if (!next) return false;
    const until = Math.min(this.#moved + JOIN_STEP_BYTES, this.#joined);
    next.set(this.#line.subarray(this.#moved, until), this.#moved);
    this.#moved = until;
    if (until < this.#joined) return true;
    this.#line = next;
    this.#next = undefined;
    this.#moved = 0;
    for (const piece of this.#waiting.splice(0)) this.#take(piece);
    return true;
  }

  /** The whole line. */
  whole(): Uint8Array {
    while (this.step());
    return this.joined;
  }

  #take(piece: Uint8Array): void {
    const needed = this.#joined + piece.length;
    if (!this.#next && needed > this.#line.length)
      this.#next = this.#allocate(Math.min(2 * needed, this.#most));
    if (this.#next) {
      this.#waiting.push(piece);
      return;
    }
    this.#line.set(piece, this.#joined);
    this.#joined = needed;
  }
}
