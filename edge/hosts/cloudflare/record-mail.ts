// Brings what a worker recorded and counted to the fleet actor, some seconds' worth at a time: a call costs no call to the actor.
import { waitUntil } from 'cloudflare:workers';
import type { LogLine } from '../../core/log.ts';
import type { Figure } from '../../../shared/figures.ts';

const COLLECT_MS = 5_000;

/** More than comes in that time is told at once. */
const MOST_LINES = 200;

interface Mailbox {
  /** What was counted since this was asked last. */
  readonly counted: () => readonly Figure[];
  readonly tell: (lines: readonly LogLine[], figures: readonly Figure[]) => Promise<void>;
  /** What could not be told is counted again. */
  readonly untold: (figures: readonly Figure[]) => void;
}

export class RecordMail {
  readonly #box: Mailbox;
  #lines: LogLine[] = [];
  #isCollecting = false;

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

  async #later(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, COLLECT_MS));
    this.#isCollecting = false;
    await this.#flush();
  }

  /** Lines that the actor does not hear are on the console all the same. */
  async #flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    const figures = this.#box.counted();
    if (lines.length + figures.length === 0) return;
    await this.#box.tell(lines, figures).catch(() => this.#box.untold(figures));
  }
}
