// Decides whose process starts next. A start costs more processor time than anything else a runner does, so only as many run at
// once as there are processors. If others use the runner too, one principal gets less than half of them, so that the calls of
// others find room, and even less if its processes come and go. Starts ahead of time come last: none begins while a session waits
// for its own, but for one that its principal's lost processes hold back.

/** A start counts for this long: one that takes longer waits for a download or a database, not for a processor. */
export const COUNTS_MS = 1_000;

/** After a start its principal's next one waits as long as it took, but no longer than this. */
export const REST_MS = 100;

/** If others use the runner too, a principal's next start comes this long after one of its processes is gone. */
export const GONE_MS = 500;

/** So many may be gone without that. One is forgotten in each {@link GONE_MS}. */
export const FREE_GONE = 5;

/** The principal a start is for; undefined for a start ahead of time. */
type Principal = string | undefined;

/** Whether others than the principal use the runner. */
type IsShared = (principal: Principal) => boolean;

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
  /** Whose each start is that began. */
  readonly #whose = new WeakMap<T, string>();
  /** When all processes of a principal that are gone are forgotten. */
  readonly #forgottenAt = new Map<Principal, number>();

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
    if (principal === undefined) return;
    const ahead = this.#waiting.get(undefined);
    if (!ahead?.delete(start)) {
      this.#whose.set(start, principal);
      return;
    }
    if (ahead.size === 0) this.#waiting.delete(undefined);
    this.ask(start, principal);
  }

  /** This principal waits for it too, which another has asked for: it comes with the first turn of either, if it still waits. */
  join(start: T, principal: Principal): void {
    const waits = [...this.#waiting.values()].some((own) => own.has(start));
    if (waits && principal !== undefined) this.ask(start, principal);
  }

  /** A start is over: its process has answered or is gone, or nobody wants it any more. */
  over(start: T, now: number): void {
    const begun = this.#begun.get(start);
    if (begun) {
      const until = now + Math.min(now - begun.at, REST_MS);
      this.#begun.set(start, { ...begun, isOver: true, until });
    }
    this.#waitsNoMore(start);
  }

  #waitsNoMore(start: T): void {
    for (const [principal, own] of this.#waiting) {
      if (own.delete(start) && own.size === 0) this.#waiting.delete(principal);
    }
  }

  /** The process of a start is gone, whenever that is. */
  gone(start: T, now: number): void {
    const principal = this.#whose.get(start);
    if (principal === undefined) return;
    const forgottenAt = Math.max(now, this.#forgottenAt.get(principal) ?? now) + GONE_MS;
    // Those that go together do not add up.
    this.#forgottenAt.set(principal, Math.min(forgottenAt, now + (FREE_GONE + 1) * GONE_MS));
  }

  /** Whether a principal's next start waits because processes of it are gone. Until then it is given none that was started ahead. */
  holdsBack(principal: Principal, now: number, isShared: IsShared): boolean {
    return now < this.#heldUntil(principal) && isShared(principal);
  }

  /** The starts whose turn it is now. */
  next(now: number, isShared: IsShared): T[] {
    for (const [start, { until }] of this.#begun) if (until <= now) this.#begun.delete(start);
    for (const [principal, at] of this.#forgottenAt)
      if (at <= now) this.#forgottenAt.delete(principal);
    const turns: T[] = [];
    for (let start = this.#take(now, isShared); start; start = this.#take(now, isShared)) {
      turns.push(start);
    }
    return turns;
  }

  /** When {@link next} may return more without any other call; undefined if nothing waits. */
  wakeAt(now: number): number | undefined {
    const freeAgain = [...this.#begun.values()].map(({ until }) => until);
    const heldUntil = [...this.#waiting.keys()].map((principal) => this.#heldUntil(principal));
    const later = [...freeAgain, ...heldUntil].filter((at) => at > now);
    return this.#waiting.size === 0 || later.length === 0 ? undefined : Math.min(...later);
  }

  #take(now: number, isShared: IsShared): T | undefined {
    const begun = [...this.#begun.values()];
    if (begun.filter(({ isOver }) => !isOver).length >= this.#most) return undefined;
    const heldBack = new Set(
      [...this.#waiting.keys()].filter((each) => this.holdsBack(each, now, isShared)),
    );
    for (const [principal, own] of this.#waiting) {
      const isBehind = principal === undefined && this.#waiting.size > 1 + heldBack.size;
      const isOut =
        isBehind ||
        heldBack.has(principal) ||
        (this.#hasItsShare(principal, begun) && isShared(principal));
      const [start] = own;
      if (isOut || !start) continue;
      this.#waitsNoMore(start);
      // The others' turns come first then.
      this.#waiting.delete(principal);
      if (own.size > 0) this.#waiting.set(principal, own);
      if (principal !== undefined) this.#whose.set(start, principal);
      this.#begun.set(start, { principal, at: now, isOver: false, until: now + COUNTS_MS });
      return start;
    }
    return undefined;
  }

  #hasItsShare(principal: Principal, begun: readonly Begun[]): boolean {
    const own = begun.filter((start) => start.principal === principal).length;
    return own >= Math.max(1, Math.floor(this.#most / 2));
  }

  /** Too many processes of the principal are gone until then. */
  #heldUntil(principal: Principal): number {
    return (this.#forgottenAt.get(principal) ?? 0) - FREE_GONE * GONE_MS;
  }
}
