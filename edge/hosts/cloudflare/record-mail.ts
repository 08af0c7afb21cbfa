// Brings what a worker recorded and counted to the fleet actor, some seconds' worth at a time: a call costs no call to the actor.
// While somebody watches, it comes soon.
import { waitUntil } from 'cloudflare:workers';
import type { LogLine } from '../../core/log.ts';
import type { Figure } from '../../../shared/figures.ts';

const COLLECT_MS = 5_000;

/** While somebody watches, who is to see a call within a second. */
const WATCHED_COLLECT_MS = 200;

/** After each look of whoever watches, or after word of the actor that somebody does. */
const WATCHED_MS = 5_000;

/** More than comes in that time is told at once. */
const MOST_LINES = 200;

interface Mailbox {
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
  #isCollecting = false;
  #watchedUntil = 0;

  constructor(box: Mailbox) {
    this.#box = box;
  }

  add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length >= MOST_LINES) waitUntil(this.#flush());
    else this.collect();
  }

  /** There is something to tell. */
  collect(): void {
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    waitUntil(this.#later());
  }

  /** Somebody looks. */
  watched(): void {
    const isNew = Date.now() >= this.#watchedUntil;
    this.#watchedUntil = Date.now() + WATCHED_MS;
    if (isNew && this.#lines.length > 0) waitUntil(this.#flush());
  }

  async #later(): Promise<void> {
    const isWatched = Date.now() < this.#watchedUntil;
    await new Promise((resolve) =>
      setTimeout(resolve, isWatched ? WATCHED_COLLECT_MS : COLLECT_MS),
    );
    this.#isCollecting = false;
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
