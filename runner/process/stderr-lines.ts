// A process's stderr as lines that are safe to log (F-45): whole UTF-8, bounded, without terminal
// controls or known secrets, and no more a second than a log can take. It is always read, or the
// process would stall.
import { cleanText } from './clean-text.ts';
import type { Redaction } from './redaction.ts';

/** A longer line is cut: enough for a stack frame or a JSON log record. */
export const STDERR_LINE_BYTES = 8 * 1024;

/** Kept for the facts of an exit: a stack trace with its message. */
export const STDERR_TAIL_LINES = 20;

/** Bound of the kept tail: 20 full-length lines would be 160 KiB for each idle process. */
export const STDERR_TAIL_CHARS = 16 * 1024;

/** Passed on in one second: far above honest logging, far below what fills a disk. */
export const STDERR_CHARS_PER_SECOND = 256 * 1024;

const LINE_FEED = 0x0a;

/** Splits, cleans, keeps the tail and rations. `feed` returns the lines to pass on. */
export class StderrLines {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isCut = false;
  #tail: string[] = [];
  #tailChars = 0;
  #secondStartedAt = Number.NEGATIVE_INFINITY;
  #charsThisSecond = 0;
  #withheld = 0;
  readonly #redaction: Redaction | undefined;

  constructor(redaction?: Redaction) {
    this.#redaction = redaction;
  }

  /** Takes bytes as they were read; `nowMs` is any steady clock. */
  feed(chunk: Uint8Array, nowMs: number): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#hold(chunk.subarray(start, end));
      this.#finishLine(lines, nowMs);
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return lines;
  }

  /** The unfinished last line, and how much was withheld, when the process is gone. */
  flush(nowMs: number): string[] {
    const lines: string[] = [];
    this.#finishLine(lines, nowMs);
    this.#reportWithheld(lines);
    return lines;
  }

  tail(): string[] {
    return [...this.#tail];
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

  #finishLine(lines: string[], nowMs: number): void {
    if (this.#heldBytes === 0) return;
    const clean = cleanText(decode(this.#held, this.#heldBytes));
    const text = this.#redaction?.apply(clean, this.#isCut) ?? clean;
    this.#held = [];
    this.#heldBytes = 0;
    this.#isCut = false;
    if (text === '') return;
    this.#remember(text);
    if (nowMs - this.#secondStartedAt >= 1000) {
      this.#reportWithheld(lines);
      this.#secondStartedAt = nowMs;
      this.#charsThisSecond = 0;
    }
    this.#charsThisSecond += text.length;
    if (this.#charsThisSecond > STDERR_CHARS_PER_SECOND) this.#withheld += 1;
    else lines.push(text);
  }

  #reportWithheld(lines: string[]): void {
    if (this.#withheld > 0) lines.push(`(${this.#withheld} lines of stderr withheld)`);
    this.#withheld = 0;
  }

  #remember(text: string): void {
    this.#tail.push(text);
    this.#tailChars += text.length;
    while (this.#tail.length > STDERR_TAIL_LINES || this.#tailChars > STDERR_TAIL_CHARS) {
      this.#tailChars -= this.#tail.shift()?.length ?? 0;
    }
  }
}

function decode(parts: readonly Uint8Array[], totalBytes: number): string {
  const bytes = new Uint8Array(totalBytes);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  // Streaming, and never finished: a character that the cut split is left out, not replaced.
  return new TextDecoder('utf-8').decode(bytes, { stream: true });
}
