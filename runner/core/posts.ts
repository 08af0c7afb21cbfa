// The posts a session has seen, so that none is served twice, and those it still has to accept (LP12, LP13).

/** Posts remembered against resending: far more than can be in flight. */
const SEEN_POSTS = 4_096;

/** Without an event by then, a post that opened its stream is accepted explicitly. */
const ACCEPT_DELAY_MS = 100;

export class Posts {
  readonly #seen = new Set<string>();
  /** Posts that opened a stream and were not acknowledged by an event yet, with the time their `accepted` is due. */
  readonly #unaccepted = new Map<string, number>();

  isSeen(id: string): boolean {
    return this.#seen.has(id);
  }

  remember(id: string): void {
    this.#seen.add(id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= SEEN_POSTS) return;
      this.#seen.delete(oldest);
    }
  }

  /** The post's first event will accept it, or time. */
  acceptLater(id: string, now: number): void {
    this.#unaccepted.set(id, now + ACCEPT_DELAY_MS);
  }

  /** An event of the post's stream says enough. */
  accepted(id: string): void {
    this.#unaccepted.delete(id);
  }

  /** Takes the posts whose `accepted` is due. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (const [id, at] of this.#unaccepted) {
      if (at > now) break;
      due.push(id);
      this.#unaccepted.delete(id);
    }
    return due;
  }

  get nextDueAt(): number | undefined {
    const [first] = this.#unaccepted.values();
    return first;
  }

  forgetUnaccepted(): void {
    this.#unaccepted.clear();
  }
}
