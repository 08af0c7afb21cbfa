// Decides which starts of a server are held back: for everybody if its processes fail to start, and for one principal if
// they crash under that principal's calls.
import { Breaker, type StartVerdict } from './breaker.ts';
import type { PrincipalName } from '../../shared/ids.ts';

/** Beyond this number, principals without a recent failure are forgotten. */
const MANY_PRINCIPALS = 1_000;

export type HeldBack = StartVerdict & { readonly isOwnDoing: boolean };

/** The breakers of one server. Times are milliseconds of any one steady clock. */
export class Breakers {
  readonly #server = new Breaker();
  readonly #principals = new Map<string, Breaker>();

  /** Principals that are remembered. */
  get size(): number {
    return this.#principals.size;
  }

  /** No process of the server is started now. */
  isOpen(now: number): boolean {
    return this.#server.snapshot(now).state === 'open';
  }

  /** Asks for one process for a principal or, without one, ahead of time; `isStarted`: it is there already. */
  allow(principal: PrincipalName | undefined, isStarted: boolean, now: number): HeldBack {
    const verdict = this.wouldAllow(principal, isStarted, now);
    if (!verdict.ok) return verdict;
    this.#of(principal)?.allow(now);
    if (!isStarted) this.#server.allow(now);
    return verdict;
  }

  /** What {@link allow} would answer now; nothing is asked for. */
  wouldAllow(principal: PrincipalName | undefined, isStarted: boolean, now: number): HeldBack {
    const own = this.#of(principal)?.wouldAllow(now) ?? { ok: true };
    if (!own.ok) return { ...own, isOwnDoing: true };
    const ofServer = isStarted ? own : this.#server.wouldAllow(now);
    return { ...ofServer, isOwnDoing: false };
  }

  /** A process has answered a session's first request. `hadServed`: others before, so it says nothing of the start that is tried. */
  served(principal: PrincipalName | undefined, hadServed = false): void {
    if (!hadServed) this.#server.served();
    this.#of(principal)?.served();
  }

  /** A process failed. One that had served did so under its principal's calls. */
  failed(principal: PrincipalName | undefined, hasServed: boolean, now: number): void {
    if (!hasServed || principal === undefined) return this.#server.failed(now);
    const own = this.#of(principal) ?? new Breaker();
    own.failed(now);
    this.#principals.set(principal, own);
    if (this.#principals.size > MANY_PRINCIPALS) this.#forgetTheInnocent(now);
  }

  /** A start was given up before it showed anything. */
  withdrawn(principal: PrincipalName | undefined, now: number): void {
    this.#server.withdrawn(now);
    this.#of(principal)?.withdrawn(now);
  }

  #of(principal: PrincipalName | undefined): Breaker | undefined {
    return principal === undefined ? undefined : this.#principals.get(principal);
  }

  #forgetTheInnocent(now: number): void {
    for (const [principal, breaker] of this.#principals) {
      const { state, failures } = breaker.snapshot(now);
      if (state === 'closed' && failures === 0) this.#principals.delete(principal);
    }
  }
}
