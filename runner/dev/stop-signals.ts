// The two things a person at a terminal can ask of a running program: to stop and, asked again, to stop now.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopSignals {
  /** The first signal. */
  readonly stop: Promise<void>;
  /** The second. */
  readonly stopNow: Promise<void>;
  /** Gives the signals back to Node, which then ends the process at the next one. */
  release(): void;
}

/** Takes over SIGINT, SIGTERM and SIGHUP until released. */
export function takeStopSignals(): StopSignals {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let isFirst = true;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isFirst) first.resolve();
    // A closing terminal sends it twice, by itself and by its shell, and nobody is there to be in a hurry.
    else if (signal !== 'SIGHUP') second.resolve();
    isFirst = false;
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    stop: first.promise,
    stopNow: second.promise,
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
