// Writes this program's own output. The reader of stdout and stderr may be slow, stopped or gone, and a disk may be full. Then
// lines are dropped and counted, and nothing waits for them.
import { write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Characters that may wait for a slow reader, in addition to what is already on its way: minutes of an ordinary log. */
const MAX_WAITING_CHARS = 256 * 1024;

/** At the end, a slow reader gets this long to take the last lines. */
const LAST_WORDS_MS = 1_000;

/** Lines that can wait are collected for this long: a write for each call costs as much as the call itself. */
const BATCH_MS = 50;

type Written = (error?: NodeJS.ErrnoException | null) => void;

/** One of our streams. The handle of a terminal is internal to Node, but there is no other way to keep it from blocking. */
interface Stream {
  write(text: Uint8Array, written?: Written): unknown;
  on?(event: 'error', listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly _handle?: { setBlocking?(isBlocking: boolean): void } | null;
}

/** While a runner serves, no reader may block it. A command that prints and ends waits for its reader, as all commands do. */
let isServing = false;

/** Makes the line that says how many lines are missing, in their place. */
export type LostLine = (lines: number) => string;

class Output {
  readonly #stream: () => Stream;
  readonly #writeLast: (text: Uint8Array) => void;
  readonly #waiting = new WaitingLines();
  #lost = 0;
  #isWriting = false;
  #batch: NodeJS.Timeout | undefined;
  #isGuarded = false;
  /** Somebody waits until all is written. */
  #written: PromiseWithResolvers<void> | undefined;

  /** `writeLast`: takes the last lines when the program ends, for a stream that does nothing at once. It may throw. */
  constructor(stream: () => Stream, writeLast?: (text: Uint8Array) => void) {
    this.#stream = stream;
    this.#writeLast = writeLast ?? ((text) => this.#guarded().write(text));
  }

  /** Called for each failed write. */
  failed: (error: NodeJS.ErrnoException) => void = () => undefined;

  /** Absent: nothing says that lines are missing. */
  lostLine: LostLine | undefined;

  /** Whole lines with their line breaks. `isUrgent`: without waiting for others. */
  write(text: string, isUrgent: boolean): void {
    if (isServing && this.#waiting.characters + text.length > MAX_WAITING_CHARS) {
      this.#lost += 1;
      return;
    }
    this.#waiting.add(text);
    if (isUrgent) this.flush();
    else this.#batch ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  /** Gives the waiting lines to the system, and the line about missing ones, unless the last write is not done yet. */
  flush(): void {
    clearTimeout(this.#batch);
    this.#batch = undefined;
    if (!this.#isWriting) this.#give();
  }

  /** The same at the very end: what the system cannot take at once is lost. */
  flushLast(): void {
    const { text } = this.#waiting.take();
    if (text.length === 0) return;
    try {
      this.#writeLast(text);
    } catch {
      // It is lost.
    }
  }

  #give(): void {
    const told = this.#lost;
    const lostLine = told > 0 ? this.lostLine?.(told) : undefined;
    const { text, lines } = this.#waiting.take(lostLine === undefined ? '' : `${lostLine}\n`);
    if (text.length === 0) return;
    this.#isWriting = true;
    this.#guarded().write(text, (error) => {
      this.#isWriting = false;
      this.#lost += error ? lines : -told;
      if (error) this.failed(error);
      // A failed write is tried again with the next line, not at once.
      else this.#give();
      if (!this.#isWriting) this.#allWritten();
    });
  }

  /** Resolves when all is written or cannot be. */
  async written(): Promise<void> {
    this.flush();
    if (!this.#isWriting) return;
    this.#written ??= Promise.withResolvers();
    await this.#written.promise;
  }

  #allWritten(): void {
    this.#written?.resolve();
    this.#written = undefined;
  }

  unblock(): void {
    const stream = this.#guarded();
    // Node writes to terminals synchronously, so that one Ctrl-S would stop everything.
    if (stream.isTTY) stream._handle?.setBlocking?.(false);
  }

  /** Every write learns of its own failure; an unhandled `error` event of the stream would end the program. */
  #guarded(): Stream {
    const stream = this.#stream();
    if (!this.#isGuarded) stream.on?.('error', () => undefined);
    this.#isGuarded = true;
    return stream;
  }
}

/** Bytes of a part in which lines wait: some dozens of them. */
const PART_BYTES = 16 * 1024;

/** Bytes of a UTF-16 unit in UTF-8, at most. */
const MOST_BYTES = 3;

/**
 * Lines that wait, as bytes from the moment on at which each was made. A text is made of many small ones, and V8 joins them only when
 * it is read: those of all waiting lines, read together, cost several times what it costs to make them.
 */
class WaitingLines {
  #full: Uint8Array[] = [];
  #part = Buffer.alloc(0);
  #used = 0;
  #lines = 0;
  characters = 0;

  add(text: string): void {
    this.characters += text.length;
    this.#lines += 1;
    const most = text.length * MOST_BYTES;
    if (this.#used + most > this.#part.length) {
      this.#closePart();
      this.#part = Buffer.allocUnsafeSlow(Math.max(PART_BYTES, most));
    }
    this.#used += this.#part.write(text, this.#used, 'utf8');
  }

  /** All of them, behind `first`, and how many they are. */
  take(first = ''): { readonly text: Uint8Array; readonly lines: number } {
    this.#closePart();
    const parts = first === '' ? this.#full : [Buffer.from(first), ...this.#full];
    const lines = this.#lines;
    this.#full = [];
    this.#lines = 0;
    this.characters = 0;
    return { text: Buffer.concat(parts), lines };
  }

  #closePart(): void {
    if (this.#used > 0) this.#full.push(this.#part.subarray(0, this.#used));
    this.#part = this.#part.subarray(this.#used);
    this.#used = 0;
  }
}

/**
 * An open file or FIFO as a stream. Node's own closes its descriptor at the first failed write. But a disk gets room again, and a FIFO
 * another reader; and what was written to the descriptor later would reach whatever has its number then.
 */
class OpenFile implements Stream {
  readonly #descriptor: number;
  /** A write broke off within a line. */
  #isAmidLine = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(text: Uint8Array, written: Written): void {
    this.#writeFrom(0, this.#begun(text), written);
  }

  /** Only as much as is taken at once. */
  writeLast(text: Uint8Array): void {
    writeSync(this.#descriptor, this.#begun(text));
  }

  #begun(text: Uint8Array): Uint8Array {
    return this.#isAmidLine ? Buffer.concat([LINE_BREAK, text]) : text;
  }

  #writeFrom(at: number, text: Uint8Array, written: Written): void {
    write(this.#descriptor, text, at, text.length - at, null, (error, bytes) => {
      // A full FIFO.
      if (error?.code === 'EAGAIN')
        return void setTimeout(() => this.#writeFrom(at, text, written), BATCH_MS);
      if (error) return written(error);
      const until = at + bytes;
      this.#isAmidLine = text[until - 1] !== LINE_BREAK[0];
      if (until < text.length) this.#writeFrom(until, text, written);
      else written();
    });
  }
}

const LINE_BREAK = Buffer.from('\n');

/** A file at the end of which lines are written, as to stdout: a disk that is full or slow blocks nobody. */
export function openOutput(descriptor: number): { line: LineWriter } {
  const file = new OpenFile(descriptor);
  const output = new Output(
    () => file,
    (text) => file.writeLast(text),
  );
  files.push(output);
  return { line: lineWriter(output) };
}

/** Writes one line that can wait for others. */
type LineWriter = (text: string, lostLine?: LostLine) => void;

const lineWriter =
  (output: Output): LineWriter =>
  (text, lostLine) => {
    output.lostLine = lostLine;
    output.write(`${text}\n`, false);
  };

const files: Output[] = [];

const stdout = new Output(() => process.stdout);
const stderr = new Output(() => process.stderr);

/** Prints one line that can wait for others. */
export const printLine = lineWriter(stdout);

/** Whether what is printed may have colours (no-color.org). */
export const hasColours = (): boolean =>
  process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

/** Prints what a command was asked for. */
export const print = (text: string): void => stdout.write(text, true);

/** Prints what went wrong, or is of use to a person. */
export const printError = (text: string): void => stderr.write(text, true);

/** Writes one line of the log to stderr. `lostLine` makes the line that replaces dropped ones. */
export function writeLogLine(line: string, isUrgent: boolean, lostLine: LostLine): void {
  stderr.lostLine = lostLine;
  stderr.write(`${line}\n`, isUrgent);
}

/** Ends the program with `end` when stdout cannot be written, as for commands that print and are done. */
export function endWithoutReader(end: (error: NodeJS.ErrnoException) => void): void {
  stdout.failed = (error) => {
    if (!isServing) end(error);
  };
}

/** From now on no reader of the output can block this program. */
export function serveOutput(): void {
  isServing = true;
  for (const output of [stdout, stderr]) output.unblock();
}

/** Resolves when the last lines are written; even for those a runner does not wait long. */
export async function outputWritten(): Promise<void> {
  const written = Promise.all([stdout, stderr, ...files].map((output) => output.written()));
  await (isServing ? Promise.race([written, sleep(LAST_WORDS_MS)]) : written);
}

process.on('exit', () => {
  for (const output of [stdout, stderr, ...files]) output.flushLast();
});
