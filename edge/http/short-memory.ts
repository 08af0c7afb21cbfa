// Remembers answers for a short time, within a bound.

/** When so many are known they are all forgotten: the busy ones are soon back. */
const MOST = 1_000;

export class ShortMemory<Value> {
  readonly #known = new Map<string, { readonly value: Value; readonly until: number }>();
  #askedAt = 0;

  /** Undefined for what is not known, or no more. `now`: ms since the epoch. */
  get(key: string, now: number): Value | undefined {
    // The clock was set back, and would keep all for as long.
    if (now < this.#askedAt) this.#known.clear();
    this.#askedAt = now;
    const known = this.#known.get(key);
    if (known && now < known.until) return known.value;
    this.#known.delete(key);
    return undefined;
  }

  set(key: string, value: Value, until: number): void {
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(key, { value, until });
  }
}
