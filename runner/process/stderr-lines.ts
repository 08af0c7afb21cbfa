// A process's stderr as lines that are safe to log (F-45): whole UTF-8, bounded, without terminal controls or known secrets, and no
// more than a log can take. Stderr is always read, because a process stalls when that pipe is full.
import { joinBytes } from '../../shared/bytes.ts';
import { cleanText } from './clean-text.ts';
import type { Redaction } from './redaction.ts';

/** A longer line is cut: enough for a stack frame or a JSON log record. */
export const STDERR_LINE_BYTES = 8 * 1024;

/** Kept for the facts of an exit: a stack trace with its message. */
export const STDERR_TAIL_LINES = 20;

/** Bound of the kept tail: 20 full-length lines would be 160 KiB for each idle process. */
export const STDERR_TAIL_CHARS = 16 * 1024;

/** Passed on in one window: a long stack trace for each of many errors, or a verbose start. */
export const STDERR_WINDOW_CHARS = 128 * 1024;
export const STDERR_WINDOW_LINES = 1_000;

/** A window that was not enough doubles the next, so that a flood without end fills no disk in a day. */
export const STDERR_WINDOW_MS = 10_000;
export const STDERR_LONGEST_WINDOW_MS = 60_000;

const LINE_FEED = 0x0a;
const EMPTY = new Uint8Array(0);

/** A line of the tail. One that was withheld is cleaned only when somebody asks for it. */
type TailLine = string | { readonly raw: Uint8Array; readonly isCut: boolean };

/** Splits, cleans, keeps the tail and rations. Push a chunk, then take its lines one by one. */
export class StderrLines {
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isCut = false;
  #tail: TailLine[] = [];
  #tailSize = 0;
  #windowEndsAt = Number.NEGATIVE_INFINITY;
  #windowMs = STDERR_WINDOW_MS;
  #chars = 0;
  #lines = 0;
  #withheld = 0;
  /** A line that stands behind the report of those withheld before it. */
  #behind: string | undefined;
  readonly #redaction: Redaction | undefined;

  constructor(redaction?: Redaction) {
    this.#redaction = redaction;
  }

  /** The next chunk, once {@link next} has nothing more of the last. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next line to pass on; undefined when a further chunk is needed. `nowMs` is any steady clock. */
  next(nowMs: number): string | undefined {
    const behind = this.#behind;
    this.#behind = undefined;
    if (behind !== undefined) return behind;
    const chunk = this.#chunk;
    if (this.#isSpent(nowMs)) this.#skip();
    for (;;) {
      if (this.#heldBytes === 0) while (chunk[this.#at] === LINE_FEED) this.#at += 1;
      const end = chunk.indexOf(LINE_FEED, this.#at);
      if (end === -1) break;
      this.#hold(chunk.subarray(this.#at, end));
      this.#at = end + 1;
      const text = this.#finishLine(nowMs);
      if (text !== undefined) return text;
    }
    this.#hold(chunk.subarray(this.#at));
    this.#chunk = EMPTY;
    this.#at = 0;
    return undefined;
  }

  /** The unfinished last line, and how much was withheld, when the process is gone. */
  flush(nowMs: number): string[] {
    const text = this.#finishLine(nowMs);
    const lines = [text, this.#behind, this.#withheld > 0 ? this.#takeReport() : undefined];
    this.#behind = undefined;
    return lines.filter((line) => line !== undefined);
  }

  tail(): string[] {
    return this.#tail.flatMap((line) => {
      const text = typeof line === 'string' ? line : this.#clean(line.raw, line.isCut);
      return text === '' ? [] : [text];
    });
  }

  /** While nothing may pass, only the number of lines and the last of them matter. */
  #skip(): void {
    const chunk = this.#chunk;
    let from = chunk.length;
    for (let lines = 0; lines <= STDERR_TAIL_LINES && from > this.#at; lines += 1) {
      from = chunk.lastIndexOf(LINE_FEED, from - 1);
      if (from < this.#at) return;
    }
    // What is held, and the rest of its line, is skipped with the others.
    for (let at = this.#at; at < from; at += 1) if (chunk[at] === LINE_FEED) this.#withheld += 1;
    this.#withheld += 1;
    this.#drop();
    this.#at = from + 1;
  }

  #hold(part: Uint8Array): void {
    const room = STDERR_LINE_BYTES - this.#heldBytes;
    if (part.length > room) this.#isCut = true;
    if (part.length === 0 || room <= 0) return;
    // A copy, so that a held fragment does not keep the whole read buffer alive.
    const kept = new Uint8Array(part.subarray(0, room));
    this.#held.push(kept);
    this.#heldBytes += kept.length;
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#isCut = false;
  }

  #finishLine(nowMs: number): string | undefined {
    if (this.#heldBytes === 0) return undefined;
    const raw = joinBytes(this.#held);
    const isCut = this.#isCut;
    this.#drop();
    if (this.#isSpent(nowMs)) {
      this.#withheld += 1;
      this.#remember({ raw, isCut }, raw.length);
      return undefined;
    }
    const text = this.#clean(raw, isCut);
    if (text === '') return undefined;
    this.#remember(text, text.length);
    this.#chars += text.length;
    this.#lines += 1;
    if (this.#withheld === 0) return text;
    this.#behind = text;
    return this.#takeReport();
  }

  /** Whether nothing more may pass in this window; begins the next one when its time has come. */
  #isSpent(nowMs: number): boolean {
    const isSpent = this.#chars >= STDERR_WINDOW_CHARS || this.#lines >= STDERR_WINDOW_LINES;
    if (nowMs < this.#windowEndsAt) return isSpent;
    const doubled = Math.min(this.#windowMs * 2, STDERR_LONGEST_WINDOW_MS);
    this.#windowMs = isSpent ? doubled : STDERR_WINDOW_MS;
    this.#windowEndsAt = nowMs + this.#windowMs;
    this.#chars = 0;
    this.#lines = 0;
    return false;
  }

  #takeReport(): string {
    const report = `(${this.#withheld} lines of stderr withheld)`;
    this.#withheld = 0;
    return report;
  }

  #clean(raw: Uint8Array, isCut: boolean): string {
    // Streaming, and never finished: a character that the cut split is left out, not replaced.
    const clean = cleanText(new TextDecoder('utf-8').decode(raw, { stream: true }));
    return this.#redaction?.apply(clean, isCut) ?? clean;
  }

  #remember(line: TailLine, size: number): void {
    this.#tail.push(line);
    this.#tailSize += size;
    while (this.#tail.length > STDERR_TAIL_LINES || this.#tailSize > STDERR_TAIL_CHARS) {
      const oldest = this.#tail.shift();
      this.#tailSize -= (typeof oldest === 'string' ? oldest.length : oldest?.raw.length) ?? 0;
    }
  }
}
