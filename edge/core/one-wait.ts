// One wait at a time for what is to be collected. Its end may never come: a platform may cut off what a request still does some time after
// its answer. So a wait that is long over counts as ended. Pure.

/** How late a timer may be. */
const LATE_MS = 10_000;

export class OneWait {
  #began: { readonly at: number; readonly ms: number } | undefined;

  /** Whether a wait of so many milliseconds is to begin: none is under way. */
  begins(ms: number, now: number): boolean {
    // The wall clock may be set back meanwhile.
    if (this.#began && Math.abs(now - this.#began.at) <= this.#began.ms + LATE_MS) return false;
    this.#began = { at: now, ms };
    return true;
  }

  ended(): void {
    this.#began = undefined;
  }
}
