// How the openings of one principal follow each other in one program of the edge, so that a burst of them leaves room for those who call
// meanwhile. Openings of other principals are not delayed. What all programs of an edge do together is core/opening-turns'. Pure.
import { Apart, APART_MS } from './opening-turns.ts';
import type { PrincipalName } from '../../shared/ids.ts';

/** Openings that come at once ask the fleet so far apart: each costs a millisecond or two before its turn is known. */
export const ASK_APART_MS = 2;

/** A program whose timers are later than this has more to do than it can, and what waits in it waits as long. */
export const LATE_MS = 50;

/** An opening gives way for this long at most: it must come to its end on a machine that is always late. */
export const GIVES_WAY_MS = 2_000;

export class OpeningPace {
  readonly #asks = new Apart(ASK_APART_MS);
  readonly #again = new Apart(APART_MS);

  /** Milliseconds until an opening that has just come may ask for its turn. */
  first(principal: PrincipalName, now: number): number {
    return this.#asks.next(principal, now);
  }

  /**
   * Milliseconds for which an opening gives way whose wait ended `lateMs` late, behind others that do so; 0: it goes on. `gaveWayMs`: how
   * long it has done so.
   */
  again(
    principal: PrincipalName,
    { lateMs, gaveWayMs }: { readonly lateMs: number; readonly gaveWayMs: number },
    now: number,
  ): number {
    if (lateMs <= LATE_MS || gaveWayMs >= GIVES_WAY_MS) return 0;
    return Math.min(LATE_MS + this.#again.next(principal, now), GIVES_WAY_MS - gaveWayMs);
  }
}
