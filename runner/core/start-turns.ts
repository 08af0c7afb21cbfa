// Decides whose process starts next. A start costs more processor time than anything else a runner does, so only as many run at
// once as there are processors. If others use the runner too, one principal gets less than half of them, so that the calls of
// others find room. Starts ahead of time come last: none begins while a session waits for its own.

/** A start counts for this long: one that takes longer waits for a download or a database, not for a processor. */
export const COUNTS_MS = 1_000;

/** After a start its principal's next one waits as long as it took, but no longer than this. */
export const REST_MS = 100;

/** The principal a start is for; undefined for a start ahead of time. */
type Principal = string | undefined;

interface Begun {
  readonly principal: Principal;
  readonly at: number;
  /** Its process has answered or is gone. */
  readonly isOver: boolean;
  /** When a begun start is forgotten. */
  readonly until: number;
}

/** The starts of a runner; `T` names one. Times are milliseconds of any one steady clock. */
export class StartTurns<T extends object> {
  readonly #most: number;
  /** In the order of their principals' turns, then of their arrival. */
  readonly #waiting = new Map<Principal, Set<T>>();
  readonly #begun = new Map<T, Begun>();

  /** `most`: starts that run at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** One more start waits for its turn. */
  ask(start: T, principal: Principal): void {
    const own = this.#waiting.get(principal) ?? new Set();
    this.#waiting.set(principal, own.add(start));
  }

  /** What was started ahead is for this principal now: it waits in its place, if it still waits. */
  claim(start: T, principal: Principal): void {
    const ahead = this.#waiting.get(undefined);
    if (principal === undefined || !ahead?.delete(start)) return;
    if (ahead.size === 0) this.#waiting.delete(undefined);
    this.ask(start, principal);
  }

  /** A start is over: its process has answered or is gone, or nobody wants it any more. */
  over(start: T, now: number): void {
    const begun = this.#begun.get(start);
    if (begun) {
      const until = now + Math.min(now - begun.at, REST_MS);
      this.#begun.set(start, { ...begun, isOver: true, until });
    }
    for (const [principal, own] of this.#waiting) {
      if (own.delete(start) && own.size === 0) this.#waiting.delete(principal);
    }
  }

  /** The starts whose turn it is now. `isShared`: whether others than the principal use the runner. */
  next(now: number, isShared: (principal: Principal) => boolean): T[] {
    for (const [start, { until }] of this.#begun) if (until <= now) this.#begun.delete(start);
    const turns: T[] = [];
    for (let start = this.#take(now, isShared); start; start = this.#take(now, isShared)) {
      turns.push(start);
    }
    return turns;
  }

  /** When {@link next} may return more without any other call; undefined if nothing waits. */
  wakeAt(): number | undefined {
    if (this.#waiting.size === 0) return undefined;
    return Math.min(...[...this.#begun.values()].map(({ until }) => until));
  }

  #take(now: number, isShared: (principal: Principal) => boolean): T | undefined {
    const begun = [...this.#begun.values()];
    if (begun.filter(({ isOver }) => !isOver).length >= this.#most) return undefined;
    for (const [principal, own] of this.#waiting) {
      const isBehind = principal === undefined && this.#waiting.size > 1;
      const isHeldBack = isBehind || (isShared(principal) && this.#hasItsShare(principal, begun));
      const [start] = own;
      if (isHeldBack || !start) continue;
      own.delete(start);
      // The others' turns come first then.
      this.#waiting.delete(principal);
      if (own.size > 0) this.#waiting.set(principal, own);
      this.#begun.set(start, { principal, at: now, isOver: false, until: now + COUNTS_MS });
      return start;
    }
    return undefined;
  }

  #hasItsShare(principal: Principal, begun: readonly Begun[]): boolean {
    const own = begun.filter((start) => start.principal === principal).length;
    return own >= Math.max(1, Math.floor(this.#most / 2));
  }
}
