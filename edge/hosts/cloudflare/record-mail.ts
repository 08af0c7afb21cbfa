// Brings what a worker recorded and counted to the fleet actor, some seconds' worth at a time: a call costs no call to the actor.
// While somebody watches, it comes soon.
import type { LogLine } from '../../core/log.ts';
import { OneWait } from '../../core/one-wait.ts';
import type { Figure } from '../../../shared/figures.ts';

const COLLECT_MS = 5_000;

/** While somebody watches, who is to see a call within a second. */
const WATCHED_COLLECT_MS = 200;

/** After each look of whoever watches, or after word of the actor that somebody does. */
const WATCHED_MS = 5_000;

/** More than comes in that time is told at once. */
const MOST_LINES = 200;

interface Mailbox {
  /** Lets work outlive the request that began it, for half a minute: what then is not done never is. */
  readonly outlive: (work: Promise<void>) => void;
  /** What was counted since this was asked last. */
  readonly counted: () => readonly Figure[];
  /** True: somebody watches. */
  readonly tell: (lines: readonly LogLine[], figures: readonly Figure[]) => Promise<boolean>;
  /** What could not be told is counted again. */
  readonly untold: (figures: readonly Figure[]) => void;
}

export class RecordMail {
  readonly #box: Mailbox;
  #lines: LogLine[] = [];
  readonly #wait = new OneWait();
  #watchedUntil = 0;

  constructor(box: Mailbox) {
    this.#box = box;
  }

  add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length >= MOST_LINES) this.#box.outlive(this.#flush());
    else this.collect();
  }

  /** There is something to tell. */
  collect(): void {
    const isWatched = Date.now() < this.#watchedUntil;
    const ms = isWatched ? WATCHED_COLLECT_MS : COLLECT_MS;
    if (this.#wait.begins(ms, Date.now())) this.#box.outlive(this.#later(ms));
  }

  /** Somebody looks. */
  watched(): void {
    const isNew = Date.now() >= this.#watchedUntil;
    this.#watchedUntil = Date.now() + WATCHED_MS;
    if (isNew && this.#lines.length > 0) this.#box.outlive(this.#flush());
  }

  async #later(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#wait.ended();
    await this.#flush();
  }

  /** Lines that the actor does not hear are on the console all the same. */
  async #flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    const figures = this.#box.counted();
    if (lines.length + figures.length === 0) return;
    const isWatched = await this.#box.tell(lines, figures).catch(() => {
      this.#box.untold(figures);
      return false;
    });
    if (isWatched) this.#watchedUntil = Date.now() + WATCHED_MS;
  }
}
