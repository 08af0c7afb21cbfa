// How often the tools of one server are indexed anew. To index many takes the runner's one thread for a while, and a server may change its
// tools, or say so, as often as it likes. Pure.

/** Characters that may be indexed after a quiet time: several lists of any size. */
const MOST_CHARS = 2 * 1024 * 1024;

/** And in the long run, which takes a twentieth of the thread's time. */
const CHARS_PER_MS = 128;

export class IndexPace {
  #left = MOST_CHARS;
  #at = 0;

  /** Whether another index may be made now, of whatever size. */
  allows(now: number): boolean {
    this.#left = Math.min(MOST_CHARS, this.#left + Math.max(0, now - this.#at) * CHARS_PER_MS);
    this.#at = now;
    return this.#left > 0;
  }

  /** One of so many characters was made. */
  spent(chars: number): void {
    this.#left -= chars;
  }
}
