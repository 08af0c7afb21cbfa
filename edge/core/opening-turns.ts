// How fast a principal may open sessions. Opening costs more than any call: an actor, rows on disk, a process. So openings
// beyond a burst wait for each other, and those of other principals do not wait with them. Pure: the fleet actor keeps it in
// memory.

/** Openings of a principal that nobody delays: an application that starts with all its servers. */
export const OPENINGS_AT_ONCE = 20;

/** Beyond those, so many begin in a second. */
export const OPENINGS_PER_SECOND = 10;

/** Whoever would wait longer is refused: clients give up on `initialize` after some tens of seconds. */
export const LONGEST_TURN_MS = 10_000;

const EVERY_MS = 1_000 / OPENINGS_PER_SECOND;

/** Beyond this those who have not opened for a while are forgotten. */
const MANY_PRINCIPALS = 1_000;

export class OpeningTurns {
  /** When all the openings of a principal would have begun, had they come no faster than they may. */
  readonly #dueBy = new Map<string, number>();

  /** Principals that are remembered. */
  get size(): number {
    return this.#dueBy.size;
  }

  /** Milliseconds until an opening that is asked for now may begin; undefined when too many wait already. */
  take(principal: string, now: number): number | undefined {
    const dueBy = Math.max(now, this.#dueBy.get(principal) ?? now) + EVERY_MS;
    const afterMs = Math.max(0, dueBy - now - OPENINGS_AT_ONCE * EVERY_MS);
    if (afterMs > LONGEST_TURN_MS) return undefined;
    this.#dueBy.set(principal, dueBy);
    if (this.#dueBy.size > MANY_PRINCIPALS) this.#forget(now);
    return afterMs;
  }

  #forget(now: number): void {
    for (const [principal, dueBy] of this.#dueBy) if (dueBy <= now) this.#dueBy.delete(principal);
  }
}
