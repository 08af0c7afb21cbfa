// Cuts a flow of bytes into lines. It decodes nothing, so it splits no code point; it joins each line once; and it never holds more
// than a constant factor of the longest line allowed.
import { inPieces, joinBytes, type Pieces } from '../bytes.ts';

/** A line without its line break, in one or in pieces, or the news that one grew too long; `bytes` of the latter is the count so far. */
export type LineItem =
  | { readonly type: 'line'; readonly bytes: Uint8Array }
  /** A large line, in the pieces in which it came: {@link LineJoin} puts them together. */
  | { readonly type: 'long'; readonly pieces: Pieces<Uint8Array> }
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

  /** `maxLineBytes` counts a line without its line break. `longBytes`: lines from there on come in pieces. */
  constructor(maxLineBytes: number, longBytes = Infinity) {
    this.#maxLineBytes = maxLineBytes;
    this.#longBytes = longBytes;
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
    if (this.#heldBytes > 0 && total >= this.#longBytes) return this.#endLong(rest);
    const joined = this.#heldBytes === 0 ? rest : this.#join(rest);
    const bytes = joined.at(-1) === CR ? joined.subarray(0, -1) : joined;
    if (bytes.length > this.#maxLineBytes) return { type: 'overlong', bytes: total };
    return bytes.length > 0 ? { type: 'line', bytes } : undefined;
  }

  #endLong(rest: Uint8Array): LineItem {
    const held = this.#heldPieces();
    if (rest.length > 0) held.push(rest);
    const last = held.pop() ?? EMPTY;
    const pieces = inPieces([...held, last.at(-1) === CR ? last.subarray(0, -1) : last]);
    return pieces.length > this.#maxLineBytes
      ? { type: 'overlong', bytes: pieces.length }
      : { type: 'long', pieces };
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
    if (piece.length < BLOCK_BYTES && this.#pieces.length >= UNPACKED_PIECES) {
      this.#pack(piece);
    } else {
      this.#closeBlock();
      this.#pieces.push(piece);
    }
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
  }
}

/** Copied in one step: a fraction of a millisecond. */
const JOIN_STEP_BYTES = 256 * 1024;

/** Joins the pieces of a large line, a step at a time. */
export class LineJoin {
  readonly #pieces: readonly Uint8Array[];
  readonly #line: Uint8Array;
  #next = 0;
  #at = 0;

  constructor({ pieces, length }: Pieces<Uint8Array>) {
    this.#pieces = pieces;
    this.#line = new Uint8Array(length);
  }

  /** Does a step; the line once it was the last. */
  step(): Uint8Array | undefined {
    const until = this.#at + JOIN_STEP_BYTES;
    for (let piece = this.#pieces[this.#next]; piece; piece = this.#pieces[this.#next]) {
      if (this.#at >= until) return undefined;
      this.#line.set(piece, this.#at);
      this.#at += piece.length;
      this.#next += 1;
    }
    return this.#line;
  }
}
