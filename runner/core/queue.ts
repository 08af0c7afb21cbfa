// A first-in-first-out list that removes its front in constant time; `shift` of a long array moves all the rest.

/** Gone places are closed up once they are this many, and at least half of the array. */
const CLOSE_UP = 64;

export class Queue<T> implements Iterable<T> {
  /** A gone place is empty: what was in it may be many MiB, and is to be free. */
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  /** The item at `index`, 0 being the first. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const first = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.length === 0) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= CLOSE_UP && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at] as T;
  }
}
