// The streams whose one answer was delivered in a body, until the runner is told: by the next post that can carry it, or after a
// while by a frame of its own (LP17). Pure.
import type { StreamId } from '../../shared/ids.ts';
import { DELIVERY_DELAY_MS } from '../../shared/link/timing.ts';

export class Deliveries {
  #streams: StreamId[] = [];
  #tellAt: number | undefined;

  /** When the runner is told, if no post could carry it by then. */
  get tellAt(): number | undefined {
    return this.#tellAt;
  }

  add(stream: StreamId, now: number): void {
    this.#streams.push(stream);
    this.#tellAt ??= now + DELIVERY_DELAY_MS;
  }

  /** Those that the runner is told of now. */
  take(): StreamId[] {
    const streams = this.#streams;
    this.#streams = [];
    this.#tellAt = undefined;
    return streams;
  }

  /** If the clock was set back, nobody waits until it is there again. */
  rebase(now: number): void {
    if (this.#tellAt !== undefined) this.#tellAt = Math.min(this.#tellAt, now + DELIVERY_DELAY_MS);
  }
}
