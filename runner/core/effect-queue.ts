// One queue for the effects of a session and of its translator. Effects that arise while one is performed are added at the end, so
// that neither machine gets an input in the middle of the other's work.
import { Queue } from './queue.ts';

/** The effects of one input. */
class Batch<Effect = unknown> {
  readonly #effects: readonly Effect[];
  readonly #perform: (effect: Effect) => void;
  readonly settled: () => void;
  #at = 0;

  constructor(effects: readonly Effect[], perform: (effect: Effect) => void, settled: () => void) {
    this.#effects = effects;
    this.#perform = perform;
    this.settled = settled;
  }

  /** Performs what is left. */
  perform(): void {
    while (this.#at < this.#effects.length) {
      const effect = this.#effects[this.#at] as Effect;
      this.#at += 1;
      this.#perform(effect);
    }
  }
}

export class EffectQueue {
  readonly #batches = new Queue<Pick<Batch, 'perform' | 'settled'>>();
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
    this.#batches.push(new Batch(effects, perform, settled));
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
