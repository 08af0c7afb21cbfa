// How many live streams a person has at the console. Each has the fleet looked at, which all share, so they are few. Pure.

/** Of one person at a time, in one worker: more pages than anybody looks at, with those whose end is not noticed yet. */
const MOST = 20;

/** One that is open. */
interface Open {
  readonly person: string;
  /** ms since the epoch: it is over then, also where nobody said so. */
  readonly until: number;
}

export class OpenStreams {
  readonly #open = new Set<Open>();

  /** One more of a person, to be given back with {@link over}; undefined if there are too many. */
  begin(person: string, until: number, now: number): Open | undefined {
    let count = 0;
    for (const open of this.#open) {
      if (open.until <= now) this.#open.delete(open);
      else if (open.person === person) count += 1;
    }
    if (count >= MOST) return undefined;
    const open = { person, until };
    this.#open.add(open);
    return open;
  }

  over(open: Open): void {
    this.#open.delete(open);
  }
}
