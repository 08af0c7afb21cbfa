// What can happen to a running program from outside: its terminal closes, or an exception is not caught.
import { isatty } from 'node:tty';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import { EXIT } from './arguments.ts';

const STANDARD_FDS = [0, 1, 2];

/**
 * Tells a closed terminal from a wish to reload, since both come as SIGHUP: returns whether a terminal that was stdin, stdout or stderr
 * at the start is no longer one. Under a supervisor, or behind nohup, there was none.
 */
export function watchTerminal(): () => boolean {
  const terminals = STANDARD_FDS.filter((fd) => isatty(fd));
  return () => terminals.some((fd) => !isatty(fd));
}

/** The last resort: after an uncaught exception the program is in an unknown state, so it ends and leaves no process. */
export function endOnException(log: Log, killAll: () => void): void {
  process.on('uncaughtException', (error) => {
    try {
      log.error('an unexpected fault ends the program', failureFields(error));
      killAll();
    } finally {
      process.exit(EXIT.failed);
    }
  });
}
