// Decides whether anyone still uses a session, and when it ends if nothing happens (R-11, LP21).
import { WINDOW_MS } from '../../shared/link/timing.ts';
import type { ClientTraits } from './client-kinds.ts';
import type { SessionLimits } from './session-effects.ts';

/** What shows whether somebody still wants the session. */
export interface Attendance {
  /** A client knows of the session. */
  readonly isTold: boolean;
  /** A client listened to the standing stream once. */
  readonly wasPresent: boolean;
  readonly hasAttached: boolean;
  readonly hasUndelivered: boolean;
  readonly inFlight: number;
}

/** Of the link to the edge: whether it is there, and since when that is so. */
interface Link {
  readonly isUp: boolean;
  readonly since: number;
}

export class Presence {
  readonly #limits: SessionLimits;
  readonly #clients: ClientTraits;
  #link: Link;
  #activeAt: number;

  constructor(limits: SessionLimits, clients: ClientTraits, now: number) {
    this.#limits = limits;
    this.#clients = clients;
    this.#link = { isUp: false, since: now };
    this.#activeAt = now;
  }

  get isLinked(): boolean {
    return this.#link.isUp;
  }

  /** When the client last did something or last got the outcome of a call. What a process says unasked does not count. */
  get activeAt(): number {
    return this.#activeAt;
  }

  linked(now: number): void {
    this.#link = { isUp: true, since: now };
  }

  unlinked(now: number): void {
    if (this.isLinked) this.#link = { isUp: false, since: now };
  }

  active(now: number): void {
    this.#activeAt = now;
  }

  /** When the session is over if nothing happens; undefined while something holds it. */
  endsAt(attendance: Attendance): number | undefined {
    const { isTold, wasPresent, hasAttached, hasUndelivered, inFlight } = attendance;
    if (!this.isLinked) return this.#link.since + WINDOW_MS;
    if (hasAttached) return undefined;
    const { returnMs, untoldReturnMs } = this.#clients;
    const absenceMs = isTold ? returnMs : untoldReturnMs;
    if (absenceMs !== undefined) return Math.max(this.#activeAt, this.#link.since) + absenceMs;
    if (inFlight > 0) return undefined;
    const { idleTimeoutMs, vanishTimeoutMs } = this.#limits;
    if (!wasPresent) return this.#activeAt + idleTimeoutMs;
    // Events that wait for a client are kept for the window; a process that keeps talking does not prolong it.
    const keptMs = hasUndelivered ? Math.max(vanishTimeoutMs, WINDOW_MS) : vanishTimeoutMs;
    return this.#activeAt + Math.min(keptMs, idleTimeoutMs);
  }

  /** Why the session ended when {@link endsAt} was reached. */
  reason({ isTold, wasPresent }: Attendance): string {
    if (!this.isLinked) return 'The edge was out of reach for too long.';
    if (this.#clients.untoldReturnMs !== undefined && !isTold)
      return 'The client left before it learned of the session.';
    return wasPresent ? 'The client vanished.' : 'The session was idle for too long.';
  }
}
