// Time for deadlines on a platform whose only clock may be set. workerd has no other.

/**
 * Milliseconds that only go forward, made of readings of a wall clock. A reading that lies before the last one adds nothing, and
 * one that lies after it adds `maxStepMs` at most; so a caller that reads at least that often is wrong by at most one such step,
 * however far the clock was set.
 */
export class SteadyClock {
  readonly #maxStepMs: number;
  #reading: number | undefined;
  #time = 0;

  constructor(maxStepMs: number) {
    this.#maxStepMs = maxStepMs;
  }

  /** The time now, of which the wall clock shows `wall`. */
  at(wall: number): number {
    const stepMs = wall - (this.#reading ?? wall);
    this.#reading = wall;
    this.#time += Math.min(Math.max(0, stepMs), this.#maxStepMs);
    return this.#time;
  }
}
