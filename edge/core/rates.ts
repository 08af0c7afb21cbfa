// How often something may happen: so many at once, and then as many in each period. One function for all limits of the edge. Pure, in
// memory: it is given the time.

export interface Rate {
  readonly count: number;
  readonly periodMs: number;
}

/**
 * When the last of what was counted is due at the permitted rate, after so many more, permitted or not. What is beyond the limit is
 * forgotten within a period. Times in ms since the epoch; `dueBy` undefined: nothing was counted.
 */
export const dueAfter = (
  dueBy: number | undefined,
  { count, periodMs }: Rate,
  now: number,
  units: number,
): number => Math.min(Math.max(now, dueBy ?? now) + (units * periodMs) / count, now + periodMs);

/** Keys remembered; the one that was counted longest ago is forgotten first. */
const KEYS = 10_000;

export class Rates {
  /** When the last of what was counted would be due at the permitted rate. */
  readonly #dueBy = new Map<string, number>();

  /** Milliseconds until one more is permitted; 0: it is now. Less than half a millisecond is an error of rounding. */
  wait(key: string, { count, periodMs }: Rate, now: number): number {
    const waitMs = this.#dueOf(key, periodMs, now) + periodMs / count - now - periodMs;
    return waitMs < 0.5 ? 0 : waitMs;
  }

  /** Counts so many, whether they were permitted or not: see {@link dueAfter}. */
  count(key: string, rate: Rate, now: number, units = 1): void {
    this.#set(key, dueAfter(this.#dueBy.get(key), rate, now, units));
  }

  /** Others have counted as well: for all together it is due by then. */
  raise(key: string, dueBy: number): void {
    this.#set(key, Math.max(dueBy, this.#dueBy.get(key) ?? dueBy));
  }

  #set(key: string, dueBy: number): void {
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

  /** No more than a period ahead, unless the clock was set back: nobody waits until it is there again. */
  #dueOf(key: string, periodMs: number, now: number): number {
    const dueBy = this.#dueBy.get(key) ?? now;
    if (dueBy <= now + periodMs) return Math.max(now, dueBy);
    this.#dueBy.set(key, now + periodMs);
    return now + periodMs;
  }
}
