// Shows on stderr that something goes on which takes longer than a person waits for without a word.
import { printError } from './output.ts';

/** From then on a person wonders. */
const PATIENCE_MS = 1_000;

/** Erases the line (ECMA-48, EL). */
const ERASE = '\r\u001B[K';

export interface Progress {
  /** Takes the line away, for others to print; it comes back. */
  clear(): void;
  /** For good. */
  end(): void;
}

/** `words` says what goes on now, in less than a line. On a terminal the seconds count up; elsewhere it is one line. */
export function startProgress(words: () => string): Progress {
  const isTerminal = process.stderr.isTTY;
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += 1;
    if (isTerminal) printError(`${ERASE}${words()} (${seconds} s)`);
    else if (seconds === 1) printError(`${words()} …\n`);
  }, PATIENCE_MS);
  timer.unref();
  const clear = (): void => {
    if (isTerminal && seconds > 0) printError(ERASE);
  };
  return {
    clear,
    end() {
      clearInterval(timer);
      clear();
    },
  };
}
