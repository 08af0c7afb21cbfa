// The links of a runner that sleep until their next dial. When one link reaches the edge, those that sleep then are woken, each once a
// sleep: thousands come back together after an outage, and none of them looks at all the others.

interface Sleeper {
  edgeReached(): void;
}

export class Sleepers {
  readonly #asleep = new Set<Sleeper>();

  add(link: Sleeper): void {
    this.#asleep.add(link);
  }

  /** It dials now, or never again. */
  remove(link: Sleeper): void {
    this.#asleep.delete(link);
  }

  /** A link has reached the edge, so no other need sleep on. */
  edgeReached(): void {
    const woken = [...this.#asleep];
    this.#asleep.clear();
    for (const link of woken) link.edgeReached();
  }
}
