// The streams whose worker was told to follow and has not come yet, in order of time. Pure.
import type { StreamId } from '../../shared/ids.ts';
import { FOLLOW_WAIT_MS } from '../../shared/link/timing.ts';
import { RareMap } from '../../shared/rare-map.ts';

export class ExpectedFollowers {
  /** The time until which each is awaited. */
  readonly #until = new RareMap<StreamId, number>();

  get size(): number {
    return this.#until.size;
  }

  has(stream: StreamId): boolean {
    return this.#until.has(stream);
  }

  add(stream: StreamId, now: number): void {
    this.#until.set(stream, now + FOLLOW_WAIT_MS);
  }

  delete(stream: StreamId): void {
    this.#until.delete(stream);
  }

  clear(): void {
    this.#until.clear();
  }

  /** When the next one is given up. */
  get giveUpAt(): number | undefined {
    if (this.#until.size === 0) return undefined;
    // The first is due first.
    const [until] = this.#until.values();
    return until;
  }

  /** Those that are awaited no longer. */
  *giveUp(now: number): Generator<StreamId> {
    for (const [stream, until] of this.#until) {
      if (until > now) return;
      this.#until.delete(stream);
      yield stream;
    }
  }

  /** If the clock was set back, nobody waits until it is there again. */
  rebase(now: number): void {
    for (const [stream, until] of this.#until)
      if (until > now + FOLLOW_WAIT_MS) this.#until.set(stream, now + FOLLOW_WAIT_MS);
  }
}
