// What a running program does when an exception is not caught.
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import { EXIT } from './arguments.ts';

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
