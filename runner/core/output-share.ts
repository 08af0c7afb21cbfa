// How much of the runner's time the output of processes may take when nobody asked for it. A process that answers what it is
// asked never meets these bounds; one that prints without end is read at the pace they give, and nobody waits for it.

/** What a process may use up at once: a verbose start, or the progress of a few large calls. */
export const OWN_MS = 500;

/** Earned in one second. Some hundred messages, with nobody asking: more than honest logging. */
export const OWN_MS_PER_SECOND = 20;

/** Earned with each line written to the process: its answer, and thousands of notifications before it. */
export const ASKED_MS = 10;

/** A single line that takes this long is a large one: as many as lines were written to the process are free, as results may be large. */
export const LARGE_MS = 5;

/** A process that answers nothing must not save them up. */
const MAX_OWED = 64;

/** What all processes beyond their own credit may use together, at once and in one second. */
export const COMMON_MS = 10;
export const COMMON_MS_PER_SECOND = 250;

/** Milliseconds of work that may be done, earned with time. All times are of any one steady clock. */
class Credit {
  #ms: number;
  readonly #mostMs: number;
  readonly #perSecond: number;
  #earnedAt = Number.NEGATIVE_INFINITY;

  constructor(mostMs: number, perSecond: number) {
    this.#ms = mostMs;
    this.#mostMs = mostMs;
    this.#perSecond = perSecond;
  }

  /** Half of it is used up. */
  get isLow(): boolean {
    return this.#ms < this.#mostMs / 2;
  }

  earn(ms: number): void {
    this.#ms = Math.min(this.#mostMs, this.#ms + ms);
  }

  spend(ms: number, now: number): void {
    this.#update(now);
    this.#ms -= ms;
  }

  /** How long until something may be spent again; 0 when at once. */
  restMs(now: number): number {
    this.#update(now);
    return this.#ms > 0 ? 0 : (-this.#ms / this.#perSecond) * 1_000 + 1;
  }

  #update(now: number): void {
    const since = now - this.#earnedAt;
    this.#earnedAt = now;
    // The first time nothing has been spent yet.
    if (since !== Infinity) this.earn((since / 1_000) * this.#perSecond);
  }
}

/** What the processes of a runner share. */
export class CommonShare extends Credit {
  constructor() {
    super(COMMON_MS, COMMON_MS_PER_SECOND);
  }
}

/** The share of one process. */
export class OutputShare {
  readonly #own = new Credit(OWN_MS, OWN_MS_PER_SECOND);
  readonly #common: CommonShare;
  #owed = 0;

  constructor(common: CommonShare) {
    this.#common = common;
  }

  /** It has used up much of its credit: what it uses from now on should be measured exactly. */
  get isLow(): boolean {
    return this.#own.isLow;
  }

  /** A line was written to the process. */
  asked(): void {
    this.#own.earn(ASKED_MS);
    this.#owed = Math.min(this.#owed + 1, MAX_OWED);
  }

  /** `ms` of work were done on its output: out of its own credit, else out of the common one. */
  spend(ms: number, now: number): void {
    if (ms >= LARGE_MS && this.#owed > 0) this.#owed -= 1;
    else if (this.#own.restMs(now) === 0) this.#own.spend(ms, now);
    else this.#common.spend(ms, now);
  }

  /** How long its output has to wait; 0: go on. */
  restMs(now: number): number {
    const own = this.#own.restMs(now);
    return own === 0 ? 0 : Math.min(own, this.#common.restMs(now));
  }
}
