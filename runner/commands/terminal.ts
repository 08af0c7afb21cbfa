// Asks the person at the terminal. Questions go to stderr: stdout may be read by a program.
import { createInterface } from 'node:readline/promises';

/** The answer, without spaces around it; undefined if the person gives none. */
export type Ask = (question: string) => Promise<string | undefined>;

/** The terminal is there for the questions of `work`, and let go behind them. */
export async function atTerminal<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => {
    asking.once('close', () => resolve(undefined));
  });
  try {
    return await work(async (question) => {
      const answer = asking.question(question).catch(() => undefined);
      return (await Promise.race([answer, closed]))?.trim();
    });
  } finally {
    asking.close();
  }
}
