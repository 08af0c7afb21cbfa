// What may be used once, until it is worth nothing any more: remembered in memory, within a bound.

/** More than any fleet of runners uses within minutes. */
const MOST = 10_000;

export class UsedOnce {
  readonly #until = new Map<string, number>();

  /** True for the first use of `id` before `until` (ms since the epoch). False for every later one, and while too many are remembered. */
  isFirst({ id, until }: { readonly id: string; readonly until: number }, now: number): boolean {
    for (const [known, end] of this.#until) {
      if (end > now) break;
      this.#until.delete(known);
    }
    if (until <= now || this.#until.has(id) || this.#until.size >= MOST) return false;
    this.#until.set(id, until);
    return true;
  }
}
