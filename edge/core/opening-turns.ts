// Limits how fast a principal may open sessions. Opening costs more than any call: an actor, rows on disk, a process. Openings
// beyond a burst wait their turn; openings of other principals are not delayed. Pure: the fleet actor keeps it in memory.
import type { PrincipalName } from '../../shared/ids.ts';

/** Openings that a principal may make at once: enough for an application that starts with all its servers. */
export const OPENINGS_AT_ONCE = 20;

/** Openings per second after that. */
export const OPENINGS_PER_SECOND = 10;

/** An opening that would wait longer is refused: clients give up on `initialize` after some tens of seconds. */
export const LONGEST_TURN_MS = 10_000;

const EVERY_MS = 1_000 / OPENINGS_PER_SECOND;

/**
 * Openings of one principal that begin at the same time would follow each other without a pause on an edge that is one thread: some
 * ten milliseconds each, in which nobody else is served.
 */
export const APART_MS = 10;

/** Above this number, principals that have not opened a session for a while are forgotten. */
const MANY_PRINCIPALS = 1_000;

/** Has what each principal does begin some milliseconds apart. */
export class Apart {
  readonly #ms: number;
  /** For each principal, when the last begins. */
  readonly #beginsAt = new Map<PrincipalName, number>();

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Principals that are remembered. */
  get size(): number {
    return this.#beginsAt.size;
  }

  /** Milliseconds until the next may begin. */
  next(principal: PrincipalName, now: number): number {
    const freeAt = (this.#beginsAt.get(principal) ?? now - this.#ms) + this.#ms;
    // If the clock was set back, nobody waits until it is there again.
    const at = freeAt - now > LONGEST_TURN_MS ? now : Math.max(now, freeAt);
    this.#beginsAt.set(principal, at);
    if (this.#beginsAt.size > MANY_PRINCIPALS) forgetPast(this.#beginsAt, now);
    return at - now;
  }
}

function forgetPast(times: Map<PrincipalName, number>, now: number): void {
  for (const [principal, at] of times) if (at <= now) times.delete(principal);
}

export class OpeningTurns {
  /** For each principal, when its last opening would have begun at the permitted rate. */
  readonly #dueBy = new Map<PrincipalName, number>();
  readonly #apart = new Apart(APART_MS);

  /** Principals that are remembered. */
  get size(): number {
    return Math.max(this.#dueBy.size, this.#apart.size);
  }

  /** Milliseconds until an opening requested now may begin; undefined if too many wait already. */
  take(principal: PrincipalName, now: number): number | undefined {
    const dueBy = Math.max(now, this.#dueBy.get(principal) ?? now) + EVERY_MS;
    const afterMs = Math.max(0, dueBy - now - OPENINGS_AT_ONCE * EVERY_MS);
    if (afterMs > LONGEST_TURN_MS) return undefined;
    this.#dueBy.set(principal, dueBy);
    if (this.#dueBy.size > MANY_PRINCIPALS) forgetPast(this.#dueBy, now);
    return afterMs;
  }

  /** The same for an opening of a burst that makes a session from nothing: it begins apart from the others of its principal. */
  apart(principal: PrincipalName, now: number): number {
    return this.#apart.next(principal, now);
  }
}
