// The runner's token or key as its links use it. It is read from its file for each dial, so a rotated token needs no restart.
import { setTimeout as sleep } from 'node:timers/promises';
import { readTokenFile, type TokenReading } from './credential.ts';
import type { Log } from './log.ts';
import { assertRunner, isRunnerKey } from './runner-key.ts';

/** A file system that hangs must not keep a runner from its edge: the token is old in the rarest of cases. */
const READ_MS = 2_000;

/** A token or a key that may change. */
export interface RunnerToken {
  /** The last good one. */
  readonly text: string;
  /** What to show now to the edge at this origin: the token, or a statement signed with the key. Never rejects. */
  forDial(edge: string): Promise<string>;
}

/** One that never changes. */
export const fixedToken = (text: string): RunnerToken => ({
  text,
  forDial: (edge) => shown(text, edge),
});

/** A key stays here: the edge gets a statement signed with it. */
const shown = async (text: string, edge: string): Promise<string> =>
  isRunnerKey(text) ? assertRunner(text, edge) : text;

/** The token in the file at `path`, of which `first` was read. A later one that is refused leaves the last good one in use. */
export function tokenInFile(path: string, first: string, log: Log): RunnerToken {
  let text = first;
  let complaint: string | undefined;
  let reading: Promise<void> | undefined;
  const take = (read: TokenReading): void => {
    if (read.ok && read.token !== text) log.info('token file read again: the token has changed');
    if (read.ok) text = read.token;
    // Once for each trouble, not for each dial.
    else if (read.problem.what !== complaint)
      log.warn('the token file cannot be used; the previous token stays in use', {
        file: path,
        ...read.problem,
      });
    complaint = read.ok ? undefined : read.problem.what;
  };
  const readAgain = async (): Promise<void> => {
    const late = sleep(READ_MS, undefined, { ref: false }).then((): TokenReading => ({
      ok: false,
      problem: {
        what: `could not be read within ${READ_MS / 1000} s`,
        fix: 'Check its disk, or the network that it is on.',
      },
    }));
    take(await Promise.race([readTokenFile(path), late]));
    reading = undefined;
  };
  return {
    get text() {
      return text;
    },
    async forDial(edge) {
      // A hundred links that dial at once read it once.
      await (reading ??= readAgain());
      return shown(text, edge);
    },
  };
}
