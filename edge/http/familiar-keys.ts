// Remembers which keys served before, within a bound, for longer than what they served for.

/** Keys remembered; the one that served longest ago is forgotten first. */
const MOST = 2_000;

export class FamiliarKeys {
  readonly #keys = new Set<string>();

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= MOST) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return;
    }
  }

  remove(key: string): void {
    this.#keys.delete(key);
  }
}
