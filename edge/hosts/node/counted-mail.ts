// Brings what the HTTP layer has counted to the fleet's actor, some seconds' worth at a time, so that a call costs no step of the actor.
import { EdgeTally } from '../../core/tally.ts';
import type { Figure } from '../../../shared/figures.ts';

const COLLECT_MS = 5_000;

export class CountedMail {
  readonly tally = new EdgeTally(() => this.#collect());
  readonly #tell: (figures: readonly Figure[]) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `tell` throws if it could not be told, which is tried again. */
  constructor(tell: (figures: readonly Figure[]) => void) {
    this.#tell = tell;
  }

  /** Tells what there is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const figures = this.tally.take();
    if (figures.length === 0) return;
    try {
      this.#tell(figures);
    } catch {
      this.tally.add(figures);
    }
  }

  #collect(): void {
    this.#timer ??= setTimeout(() => this.flush(), COLLECT_MS).unref();
  }
}
