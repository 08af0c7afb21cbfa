// Tells the edge what runs here while its owner looks (PROTOCOL.md LP34): a clock for core/told-running.
import { ToldRunning, type Living } from './core/told-running.ts';
import { WakeTimer } from './wake-timer.ts';
import type { RunningFrame } from '../shared/link/control-frames.ts';

export class RunningNews {
  readonly #look: () => Living;
  readonly #say: (frame: RunningFrame) => void;
  readonly #told = new ToldRunning();
  readonly #timer = new WakeTimer(() => this.#tell(), { keepsAlive: false });

  /** `look`: what there is now, by the clock of `performance.now()`. */
  constructor(look: () => Living, say: (frame: RunningFrame) => void) {
    this.#look = look;
    this.#say = say;
  }

  watched(): void {
    this.#told.watched(performance.now());
    this.#tell();
  }

  unlinked(): void {
    this.#told.unlinked();
    this.#timer.clear();
  }

  #tell(): void {
    const frame = this.#told.news(this.#look, performance.now());
    if (frame) this.#say(frame);
    this.#timer.arm(this.#told.wakeAt);
  }
}
