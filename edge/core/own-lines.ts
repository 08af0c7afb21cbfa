// The record as one person may see it: their own calls, without what is the operator's alone, and numbered so that the numbers tell nothing of
// what others did in between. Pure.
import type { CallLine, LogLine, RefusalLine } from './log.ts';
import type { KeptLine } from './record.ts';

/** Numbers of one millisecond. */
const OF_A_MS = 1_000;

/** A line as its person may see it; undefined if it is not for them. */
function shownTo(person: string, line: LogLine): CallLine | RefusalLine | undefined {
  switch (line.message) {
    case 'call':
      return line.principal === person ? line : undefined;
    case 'request refused': {
      if (line.principal !== person) return undefined;
      // Which rule it was is the operator's business.
      const { by: _by, ...rest } = line;
      return rest;
    }
    default:
      return undefined;
  }
}

/** Follows the record for one person. */
export class OwnLines {
  readonly #person: string;
  #time = 0;
  #next = 0;

  constructor(person: string) {
    this.#person = person;
  }

  /** Takes the lines that came since the last time, oldest first: those of the person. */
  take(lines: readonly KeptLine[]): KeptLine[] {
    return lines.flatMap(({ time, line }): KeptLine[] => {
      const shown = shownTo(this.#person, line);
      if (!shown) return [];
      this.#next = time > this.#time ? time * OF_A_MS : this.#next + 1;
      this.#time = Math.max(time, this.#time);
      return [{ at: this.#next, time, line: shown }];
    });
  }

  /** The number of the newest. */
  get last(): number {
    return this.#next;
  }
}
