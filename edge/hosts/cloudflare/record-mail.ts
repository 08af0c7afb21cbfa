// Brings what a worker recorded to the fleet actor, some seconds' worth at a time: a call costs no call to the actor.
import { waitUntil } from 'cloudflare:workers';
import type { LogLine } from '../../core/log.ts';

const COLLECT_MS = 5_000;

/** More than comes in that time is told at once. */
const MOST_LINES = 200;

export class RecordMail {
  readonly #tell: (lines: readonly LogLine[]) => Promise<void>;
  #lines: LogLine[] = [];
  #isCollecting = false;

  constructor(tell: (lines: readonly LogLine[]) => Promise<void>) {
    this.#tell = tell;
  }

  add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length >= MOST_LINES) waitUntil(this.#flush());
    else if (!this.#isCollecting) {
      this.#isCollecting = true;
      waitUntil(this.#later());
    }
  }

  async #later(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, COLLECT_MS));
    this.#isCollecting = false;
    await this.#flush();
  }

  /** What the actor does not hear is on the console all the same. */
  async #flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length > 0) await this.#tell(lines).catch(() => undefined);
  }
}
