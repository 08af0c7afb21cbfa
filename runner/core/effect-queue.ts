// One queue for the effects of a session and of its translator. Effects that arise while one is performed are added at the end, so
// that neither machine gets an input in the middle of the other's work.
import { Queue } from './queue.ts';

interface Batch {
  /** Performs what is left of the batch. */
  perform(): void;
  settled(): void;
}

export class EffectQueue {
  readonly #batches = new Queue<Batch>();
  #isDraining = false;

  /**
   * Performs the effects of one input, at once or after those that are being performed, and then calls `settled`. An exception
   * reaches the first caller; the remaining effects are performed at the next call.
   */
  add<Effect>(
    effects: readonly Effect[],
    perform: (effect: Effect) => void,
    settled: () => void,
  ): void {
    const left = effects.values();
    this.#batches.push({
      perform: () => {
        for (let next = left.next(); next.done !== true; next = left.next()) perform(next.value);
      },
      settled,
    });
    if (!this.#isDraining) this.#drain();
  }

  #drain(): void {
    this.#isDraining = true;
    try {
      for (let batch = this.#batches.first; batch; batch = this.#batches.first) {
        batch.perform();
        this.#batches.shift();
        batch.settled();
      }
    } finally {
      this.#isDraining = false;
    }
  }
}
