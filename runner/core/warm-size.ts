// Decides how many processes of a server are kept ready for sessions to come (`warm`): as many as were asked for within the time
// that one of them takes to start. A burst counts at once; it is forgotten one process at a time, after `holdMs` without another.
// Pure: the host starts and ends them.

export interface WarmBounds {
  readonly min: number;
  /** The same as `min`: a fixed number, whatever comes. */
  readonly max: number;
  /** For how long a number is kept that is not needed again. */
  readonly holdMs: number;
}

/** What a start is thought to take before one was seen. */
export const ASSUMED_START_MS = 2_000;

/** Sessions that are opened together come within this time, however fast a process starts. */
export const SHORTEST_START_MS = 1_000;

/** A start that takes longer downloads something, and the next one will not. */
export const LONGEST_START_MS = 30_000;

/** The share of a start that is not as those before it were. */
const NEWEST_SHARE = 0.25;

/** What was held is given up in so many steps to a time of `holdMs`. */
export const STEPS_OF_A_HOLD = 10;

/** The number of one server. Times are milliseconds of any one steady clock. */
export class WarmSize {
  readonly #bounds: WarmBounds;
  #size: number;
  #startMs: number | undefined;
  /** When processes were asked for, oldest first; no more of them than may count. */
  readonly #asked: number[] = [];
  /** When there may be one fewer; undefined at the least. */
  #fewerAt: number | undefined;

  constructor(bounds: WarmBounds) {
    this.#bounds = bounds;
    this.#size = bounds.min;
  }

  /** A process is asked for: a session opens. */
  asked(now: number): void {
    const { min, max, holdMs } = this.#bounds;
    if (min === max) return;
    this.#asked.push(now);
    const since = now - this.#windowMs;
    while (this.#asked.length > max || (this.#asked[0] ?? now) <= since) this.#asked.shift();
    const together = this.#asked.length;
    if (together < this.size(now) || together <= min) return;
    this.#size = together;
    this.#fewerAt = now + holdMs;
  }

  /** A process that somebody waited for has answered, so long after it was asked for. */
  started(tookMs: number): void {
    const before = this.#startMs ?? tookMs;
    this.#startMs = before + (tookMs - before) * NEWEST_SHARE;
  }

  /** How many are to be ready. */
  size(now: number): number {
    const { min, holdMs } = this.#bounds;
    while (this.#fewerAt !== undefined && this.#fewerAt <= now) {
      this.#size -= 1;
      this.#fewerAt = this.#size > min ? this.#fewerAt + holdMs / STEPS_OF_A_HOLD : undefined;
    }
    return this.#size;
  }

  /** When {@link size} is smaller without any other call; undefined if it stays. */
  wakeAt(): number | undefined {
    return this.#fewerAt;
  }

  get #windowMs(): number {
    const startMs = this.#startMs ?? ASSUMED_START_MS;
    return Math.min(Math.max(startMs, SHORTEST_START_MS), LONGEST_START_MS);
  }
}

/**
 * How many are to be ready where there is `room` for so many sessions more: one that no session can take is of no use. The least number
 * is kept all the same, as the config says it.
 */
export const readyWithin = ({ min }: WarmBounds, size: number, room: number): number =>
  Math.max(min, Math.min(size, room));
