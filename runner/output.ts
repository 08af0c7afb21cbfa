// Writes this program's own output. Whoever reads stdout and stderr may be slow, stopped or gone, and a disk may be full. Then
// lines are dropped and counted, and nothing waits for them.
import { setTimeout as sleep } from 'node:timers/promises';

/** Characters that may wait for a slow reader, in addition to what is already on its way: minutes of an ordinary log. */
const MAX_WAITING_CHARS = 256 * 1024;

/** Before the end a reader that is only slow gets this long to take the last words. */
const LAST_WORDS_MS = 1_000;

/** Lines that can wait do so this long for others: a write for each call costs as much as the call itself. */
const BATCH_MS = 20;

/** One of our streams. The handle of a terminal is internal to Node, but there is no other way to keep it from blocking. */
type Stream = NodeJS.WriteStream & {
  readonly _handle?: { setBlocking?(isBlocking: boolean): void } | null;
};

/** While a runner serves, no reader may hold it up; a command that prints and ends waits for its reader, as all of them do. */
let isServing = false;

class Output {
  readonly #stream: () => Stream;
  #waiting = '';
  #waitingLines = 0;
  #lost = 0;
  #isWriting = false;
  #batch: NodeJS.Timeout | undefined;
  #isGuarded = false;
  #written = Promise.withResolvers<void>();

  constructor(stream: () => Stream) {
    this.#stream = stream;
  }

  /** Told of each write that came to nothing. */
  failed: (error: NodeJS.ErrnoException) => void = () => undefined;

  /** The line that says how many lines are missing, in their place. */
  lostLine: (lines: number) => string = () => '';

  /** Whole lines with their line breaks. `isUrgent`: without waiting for others. */
  write(text: string, isUrgent: boolean): void {
    if (isServing && this.#waiting.length + text.length > MAX_WAITING_CHARS) {
      this.#lost += 1;
      return;
    }
    this.#waiting += text;
    this.#waitingLines += 1;
    if (isUrgent) this.flush();
    else this.#batch ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  /** Gives what waits to the system, and the word about what is missing, unless it has yet to take the last. */
  flush(): void {
    clearTimeout(this.#batch);
    this.#batch = undefined;
    if (!this.#isWriting) this.#give();
  }

  /** The same at the very end: what the system cannot take at once is lost. */
  flushLast(): void {
    if (this.#waiting !== '') this.#guarded().write(this.#waiting);
    this.#waiting = '';
  }

  #give(): void {
    const lines = this.#waitingLines;
    const told = this.#lost;
    const text = (told > 0 ? this.lostLine(told) : '') + this.#waiting;
    this.#waiting = '';
    this.#waitingLines = 0;
    if (text === '') return;
    this.#isWriting = true;
    this.#guarded().write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      this.#isWriting = false;
      this.#lost += error ? lines : -told;
      if (error) this.failed(error);
      // What failed is tried again with the next line, not at once.
      else this.#give();
      if (!this.#isWriting) this.#written.resolve();
    });
  }

  /** Resolves when all is written or cannot be. */
  async written(): Promise<void> {
    this.flush();
    if (!this.#isWriting) return;
    this.#written = Promise.withResolvers();
    await this.#written.promise;
  }

  unblock(): void {
    const stream = this.#guarded();
    // Node writes to terminals synchronously, so that one Ctrl-S would stop everything.
    if (stream.isTTY) stream._handle?.setBlocking?.(false);
  }

  /** Every write hears of its own failure; the stream's `error` event would end the program if nobody took it. */
  #guarded(): Stream {
    const stream = this.#stream();
    if (!this.#isGuarded) stream.on('error', () => undefined);
    this.#isGuarded = true;
    return stream;
  }
}

const stdout = new Output(() => process.stdout);
const stderr = new Output(() => process.stderr);

/** Prints what a command was asked for. */
export const print = (text: string): void => stdout.write(text, true);

/** Prints what went wrong, or is of use to a person. */
export const printError = (text: string): void => stderr.write(text, true);

/** Writes one line of the log to stderr. `lostLine` makes the line that replaces dropped ones. */
export function writeLogLine(
  line: string,
  isUrgent: boolean,
  lostLine: (lines: number) => string,
): void {
  stderr.lostLine = (lines) => `${lostLine(lines)}\n`;
  stderr.write(`${line}\n`, isUrgent);
}

/** Has the program ended with `end`, as commands end that print and are done, when stdout cannot be written. */
export function endWithoutReader(end: (error: NodeJS.ErrnoException) => void): void {
  stdout.failed = (error) => {
    if (!isServing) end(error);
  };
}

/** From now on nobody who reads the output can hold this program up. */
export function serveOutput(): void {
  isServing = true;
  for (const output of [stdout, stderr]) output.unblock();
}

/** Resolves when the last words are written; a runner does not wait long for a reader even of those. */
export async function outputWritten(): Promise<void> {
  const written = Promise.all([stdout.written(), stderr.written()]);
  await (isServing ? Promise.race([written, sleep(LAST_WORDS_MS)]) : written);
}

process.on('exit', () => {
  for (const output of [stdout, stderr]) output.flushLast();
});
