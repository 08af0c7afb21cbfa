// The one timer of a machine that says when it is next due: one that fires early looks again, so only an earlier need replaces it.

/** What wakes a machine; see {@link WakeTimer}. */
export interface Timer {
  arm(at: number | undefined): void;
  clear(): void;
}

/** `keepsAlive`: the program does not end while it is armed; by default it is so. */
export interface TimerOptions {
  readonly keepsAlive?: boolean;
}

/** The time a host lives by: the program's, or one that is only played. */
export interface Time {
  /** Milliseconds on a clock that is never set. */
  now(): number;
  timer(wake: () => void, options?: TimerOptions): Timer;
}

/** The time of a host that tells some things after the call that brought them about. */
export interface LaterTime extends Time {
  soon(run: () => void): void;
}

export class WakeTimer implements Timer {
  readonly #wake: () => void;
  readonly #keepsAlive: boolean;
  #armed: { readonly at: number; readonly id: NodeJS.Timeout } | undefined;

  constructor(wake: () => void, { keepsAlive = true }: TimerOptions = {}) {
    this.#wake = wake;
    this.#keepsAlive = keepsAlive;
  }

  /** Wakes at `at`, on the clock of `performance.now()`, or sooner; undefined: nothing is due. */
  arm(at: number | undefined): void {
    if (at === undefined || (this.#armed && this.#armed.at <= at)) return;
    this.clear();
    const fire = (): void => {
      this.#armed = undefined;
      this.#wake();
    };
    const id = setTimeout(fire, Math.max(0, at - performance.now()));
    if (!this.#keepsAlive) id.unref();
    this.#armed = { at, id };
  }

  clear(): void {
    clearTimeout(this.#armed?.id);
    this.#armed = undefined;
  }
}

export const PROGRAM_TIME: LaterTime = {
  now: () => performance.now(),
  timer: (wake, options) => new WakeTimer(wake, options),
  soon: (run) => process.nextTick(run),
};
