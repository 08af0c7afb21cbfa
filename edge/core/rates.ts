// How often something may happen: so many at once, and then as many in each period. One function for all limits of the edge. Pure, in
// memory: it is given the time.

export interface Rate {
  readonly count: number;
  readonly periodMs: number;
}

/** Keys remembered; the one that was counted longest ago is forgotten first. */
const KEYS = 10_000;

export class Rates {
  /** When the last of what was counted would be due at the permitted rate. */
  readonly #dueBy = new Map<string, number>();

  /** Milliseconds until one more is permitted; 0: it is now. Less than half a millisecond is an error of rounding. */
  wait(key: string, { count, periodMs }: Rate, now: number): number {
    const waitMs = this.#dueOf(key, now) + periodMs / count - now - periodMs;
    return waitMs < 0.5 ? 0 : waitMs;
  }

  /** Counts so many, whether they were permitted or not. What is beyond the limit is forgotten within a period. */
  count(key: string, { count, periodMs }: Rate, now: number, units = 1): void {
    const dueBy = Math.min(this.#dueOf(key, now) + (units * periodMs) / count, now + periodMs);
    this.#dueBy.delete(key);
    this.#dueBy.set(key, dueBy);
    if (this.#dueBy.size <= KEYS) return;
    for (const oldest of this.#dueBy.keys()) {
      this.#dueBy.delete(oldest);
      return;
    }
  }

  /** Counts one if it is permitted; else milliseconds until it is. */
  take(key: string, rate: Rate, now: number): number {
    const waitMs = this.wait(key, rate, now);
    if (waitMs === 0) this.count(key, rate, now);
    return waitMs;
  }

  #dueOf(key: string, now: number): number {
    return Math.max(now, this.#dueBy.get(key) ?? now);
  }
}
