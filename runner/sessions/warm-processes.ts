// Keeps as many processes of a server ready as its machine says (core/warm-size): starts them, ends those too many, and tells when the
// number is another.
import { readyWithin, WarmSize, type WarmBounds } from '../core/warm-size.ts';
import { WakeTimer } from '../wake-timer.ts';

/**
 * A warm process is replaced this long after it served: a start holds up the runner, and the answer and the next requests of its new
 * session should not wait for that.
 */
const REPLACED_MS = 50;

export interface WarmParts {
  readonly bounds: WarmBounds;
  /** How many are ready. */
  ready(): number;
  /** For how many sessions more there is room beside them. */
  room(): number;
  /** Starts one; false: it may not now. */
  start(): boolean;
  /** Ends one of those that are ready. */
  end(): void;
  /** How many are wanted has changed. */
  changed(): void;
}

export class WarmProcesses {
  readonly #parts: WarmParts;
  readonly #size: WarmSize;
  readonly #timer = new WakeTimer(() => this.fit(), { keepsAlive: false });
  #wanted: number;
  #replacing: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: WarmParts) {
    this.#parts = parts;
    this.#size = new WarmSize(parts.bounds);
    this.#wanted = parts.bounds.min;
  }

  /** How many are to be ready. */
  get wanted(): number {
    return this.#wanted;
  }

  /** A session takes a process. */
  asked(): void {
    this.#size.asked(performance.now());
    this.#timer.arm(this.#size.wakeAt());
  }

  /** A process that a session waited for has answered, so long after it was asked for. */
  started(tookMs: number): void {
    this.#size.started(tookMs);
  }

  /** A process has served: what is missing is started. */
  served(): void {
    if (this.#isClosed) return;
    this.#replacing ??= setTimeout(() => {
      this.#replacing = undefined;
      this.fit();
    }, REPLACED_MS).unref();
  }

  /** Makes those that are ready as many as are wanted now. */
  fit(): void {
    if (this.#isClosed) return;
    const { bounds, ready, room, start, end, changed } = this.#parts;
    const size = this.#size.size(performance.now());
    // To tell the room, all sessions are counted. The least number is kept whatever it is.
    const wanted = size > bounds.min ? readyWithin(bounds, size, room()) : bounds.min;
    this.#timer.arm(this.#size.wakeAt());
    while (ready() > wanted) end();
    while (ready() < wanted && start());
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    changed();
  }

  /** No more is started. */
  close(): void {
    this.#isClosed = true;
    this.#timer.clear();
    clearTimeout(this.#replacing);
  }
}
