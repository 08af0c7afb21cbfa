// The signals of a running program, and what each asks for: to stop, asked again to stop at once, or to read the config again.
import { isatty } from 'node:tty';

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** A closing terminal sends SIGHUP twice, by itself and by its shell, and nobody is there to be in a hurry. */
export type HurrySignal = Exclude<StopSignal, 'SIGHUP'>;

export interface Signals {
  /** The first that asks to stop. */
  readonly stop: Promise<StopSignal>;
  /** The second. */
  readonly stopNow: Promise<HurrySignal>;
  /** Gives the signals back to Node, which then ends the process at the next one. */
  release(): void;
}

/** Exit codes of a process ended by a signal, as shells report them (POSIX, "Exit Status for Commands"). */
export const EXIT_BY = { SIGINT: 130, SIGTERM: 143 } as const satisfies Record<HurrySignal, number>;

const STANDARD_FDS = [0, 1, 2];

/**
 * Takes over SIGINT, SIGTERM and SIGHUP until released. With `reload` SIGHUP calls it, unless the program's terminal is closed: both
 * come as this signal.
 */
export function takeSignals({ reload }: { readonly reload?: () => void } = {}): Signals {
  const stop = Promise.withResolvers<StopSignal>();
  const stopNow = Promise.withResolvers<HurrySignal>();
  const isTerminalGone = watchTerminal();
  let isStopping = false;
  const ask = (signal: StopSignal): void => {
    if (!isStopping) stop.resolve(signal);
    else if (signal !== 'SIGHUP') stopNow.resolve(signal);
    isStopping = true;
  };
  const hangUp = (): void => {
    if (reload === undefined || isTerminalGone()) ask('SIGHUP');
    else if (!isStopping) reload();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  process.on('SIGHUP', hangUp);
  return {
    stop: stop.promise,
    stopNow: stopNow.promise,
    release() {
      process.off('SIGINT', ask);
      process.off('SIGTERM', ask);
      process.off('SIGHUP', hangUp);
    },
  };
}

/** Whether a terminal that was stdin, stdout or stderr at the start is no longer one. Under a supervisor, or behind nohup, there was none. */
export function watchTerminal(platform: NodeJS.Platform = process.platform): () => boolean {
  // Windows sends it for a closed window only.
  if (platform === 'win32') return () => true;
  const terminals = STANDARD_FDS.filter((fd) => isatty(fd));
  return () => terminals.some((fd) => !isatty(fd));
}
