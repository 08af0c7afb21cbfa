// Whether anyone is still there for a session, and when it is over if nothing happens (R-11, LP21).
import type { Transport } from '../../shared/link/control-frames.ts';
import type { SessionLimits } from './session-effects.ts';
import { WINDOW_MS } from './stream-log.ts';

/** How long an HTTP+SSE stream may be without its worker before its client counts as gone. */
const SSE_RETURN_MS = 10_000;

/**
 * How long a session may be without its worker that no client knows of yet: its `initialize` was not posted, or its answer, and with
 * it the session's name, not delivered. A worker whose actor broke away is back sooner, and so is a client that resumes.
 */
const OPENING_RETURN_MS = 5_000;

/** What the session knows of its streams and calls. */
interface Business {
  /** A client was told of the session, or showed that it knows it. */
  readonly isTold: boolean;
  readonly hasAttached: boolean;
  readonly hasUndelivered: boolean;
  readonly inFlight: number;
}

export class Presence {
  readonly #limits: SessionLimits;
  readonly #transport: Transport;
  #isLinked = false;
  #linkedAt: number;
  #unlinkedAt: number;
  /** A client held a standing stream once, so that its absence means something. */
  #wasPresent = false;
  #activeAt: number;

  constructor(limits: SessionLimits, transport: Transport, now: number) {
    this.#limits = limits;
    this.#transport = transport;
    this.#linkedAt = now;
    this.#unlinkedAt = now;
    this.#activeAt = now;
  }

  get isLinked(): boolean {
    return this.#isLinked;
  }

  /** When the client last did something, or was last given the outcome of a call. What a process says unasked does not count. */
  get activeAt(): number {
    return this.#activeAt;
  }

  linked(now: number): void {
    this.#isLinked = true;
    this.#linkedAt = now;
  }

  unlinked(now: number): void {
    if (this.#isLinked) this.#unlinkedAt = now;
    this.#isLinked = false;
  }

  active(now: number): void {
    this.#activeAt = now;
  }

  /** A client attached to the standing stream. */
  present(): void {
    this.#wasPresent = true;
  }

  /** When the session is over if nothing happens; undefined while something holds it. */
  endsAt({ hasAttached, hasUndelivered, inFlight, isTold }: Business): number | undefined {
    if (!this.#isLinked) return this.#unlinkedAt + WINDOW_MS;
    if (hasAttached) return undefined;
    const lastSignAt = Math.max(this.#activeAt, this.#linkedAt);
    if (this.#transport === 'sse') return lastSignAt + SSE_RETURN_MS;
    if (this.#transport === 'streamable' && !isTold) return lastSignAt + OPENING_RETURN_MS;
    if (inFlight > 0) return undefined;
    const { idleTimeoutMs, vanishTimeoutMs } = this.#limits;
    if (!this.#wasPresent) return this.#activeAt + idleTimeoutMs;
    // What waits for a client is kept for the window; a process that goes on talking does not prolong it.
    const keptMs = hasUndelivered ? Math.max(vanishTimeoutMs, WINDOW_MS) : vanishTimeoutMs;
    return this.#activeAt + Math.min(keptMs, idleTimeoutMs);
  }

  /** Why the session ended when {@link endsAt} was reached. */
  reason(isTold: boolean): string {
    if (!this.#isLinked) return 'The edge was out of reach for too long.';
    if (this.#transport === 'streamable' && !isTold)
      return 'The client left before it learned of the session.';
    return this.#wasPresent ? 'The client vanished.' : 'The session was idle for too long.';
  }
}
