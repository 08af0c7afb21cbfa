// How much the output of processes may take when nobody asked for it: of the runner's time, and of the edge's and the clients'
// through whose hands its messages go. A process that answers what it is asked never meets these bounds; one that prints
// without end is read at the pace they give, and nobody waits for it.

/** Milliseconds of the runner a process may use up at once: a verbose start, or the progress of a few large calls. */
export const OWN_MS = 500;

/** Earned in one second. Some hundred messages, with nobody asking: more than honest logging. */
export const OWN_MS_PER_SECOND = 20;

/** Earned with each line written to the process. An answer of ordinary size costs a tenth of it. */
export const ASKED_MS = 1;

/** A single line that takes this long is a large one: as many as lines were written to the process are free, as results may be large. */
export const LARGE_MS = 5;

/** A process that answers nothing must not save them up. */
const MAX_OWED = 64;

/** What all processes beyond their own credit may use together, at once and in one second. */
export const COMMON_MS = 10;
export const COMMON_MS_PER_SECOND = 250;

/** Messages a process may send at once. Each costs the edge and the client more than it costs the runner. */
export const OWN_MESSAGES = 500;

/** Earned in one second, with nobody asking. */
export const OWN_MESSAGES_PER_SECOND = 200;

/** Earned with each line written to the process: its answer, and some progress before it. */
export const ASKED_MESSAGES = 10;

/**
 * What all processes beyond their own credit may send together, at once and in one second: an edge on a single core takes
 * some 40,000 a second, and once it has more to do than that, nobody is served in time.
 */
export const COMMON_MESSAGES = 1_000;
export const COMMON_MESSAGES_PER_SECOND = 12_000;

/** What may be used up, earned with time. All times are milliseconds of any one steady clock. */
class Credit {
  #left: number;
  readonly #most: number;
  readonly #perSecond: number;
  #earnedAt = Number.NEGATIVE_INFINITY;

  constructor(most: number, perSecond: number) {
    this.#left = most;
    this.#most = most;
    this.#perSecond = perSecond;
  }

  /** Half of it is used up. */
  get isLow(): boolean {
    return this.#left < this.#most / 2;
  }

  earn(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
  }

  spend(amount: number, now: number): void {
    this.#update(now);
    this.#left -= amount;
  }

  /** How long until something may be spent again; 0 when at once. */
  restMs(now: number): number {
    this.#update(now);
    return this.#left > 0 ? 0 : (-this.#left / this.#perSecond) * 1_000 + 1;
  }

  #update(now: number): void {
    const since = now - this.#earnedAt;
    this.#earnedAt = now;
    // The first time nothing has been spent yet.
    if (since !== Infinity) this.earn((since / 1_000) * this.#perSecond);
  }
}

/** What one pipe of a process may take. */
export interface PipeShare {
  /** Much of the credit is used up: what is used from now on should be measured exactly. */
  readonly isLow: boolean;
  /** `ms` of work were done on its output. */
  spend(ms: number, now: number): void;
  /** How long its output has to wait; 0: go on. */
  restMs(now: number): number;
}

/** The credit of one process, and behind it that of all. */
class SharedCredit implements PipeShare {
  readonly #own: Credit;
  readonly #common: Credit;

  constructor(own: Credit, common: Credit) {
    this.#own = own;
    this.#common = common;
  }

  get isLow(): boolean {
    return this.#own.isLow;
  }

  earn(amount: number): void {
    this.#own.earn(amount);
  }

  /** Out of its own, else out of the common one. */
  spend(amount: number, now: number): void {
    (this.#own.restMs(now) === 0 ? this.#own : this.#common).spend(amount, now);
  }

  restMs(now: number): number {
    const own = this.#own.restMs(now);
    return own === 0 ? 0 : Math.min(own, this.#common.restMs(now));
  }
}

/** What the processes of a runner share. */
export class CommonShare {
  readonly work = new Credit(COMMON_MS, COMMON_MS_PER_SECOND);
  readonly messages = new Credit(COMMON_MESSAGES, COMMON_MESSAGES_PER_SECOND);
}

/** The share of one process: what its stderr takes comes out of the same credit. */
export class OutputShare {
  readonly stderr: PipeShare;
  readonly stdout: StdoutShare;

  constructor(common: CommonShare) {
    const work = new SharedCredit(new Credit(OWN_MS, OWN_MS_PER_SECOND), common.work);
    const own = new Credit(OWN_MESSAGES, OWN_MESSAGES_PER_SECOND);
    this.stderr = work;
    this.stdout = new StdoutShare(work, new SharedCredit(own, common.messages));
  }
}

export class StdoutShare implements PipeShare {
  readonly #work: SharedCredit;
  readonly #messages: SharedCredit;
  /** Lines written to the process that no large line has used up. */
  #owed = 0;
  /** Since the last {@link spend}. */
  #since = { lines: 0, messages: 0, isGivenUp: false };
  /** The line that has not ended yet: it may take many slices of work. */
  #line = { ms: 0, isFree: false, isGivenUp: false };

  constructor(work: SharedCredit, messages: SharedCredit) {
    this.#work = work;
    this.#messages = messages;
  }

  get isLow(): boolean {
    return this.#work.isLow;
  }

  /** A line was written to the process. */
  asked(): void {
    this.#work.earn(ASKED_MS);
    this.#messages.earn(ASKED_MESSAGES);
    this.#owed = Math.min(this.#owed + 1, MAX_OWED);
  }

  /** Lines have ended, empty ones too. */
  linesEnded(lines: number): void {
    this.#since.lines += lines;
  }

  /** A message is passed on. */
  messagePassed(): void {
    this.#since.messages += 1;
  }

  /** A line grew too long: what is left of it answers nobody, however long it goes on. */
  gaveUpLine(): void {
    this.#since.lines += 1;
    this.#since.isGivenUp = true;
  }

  spend(ms: number, now: number): void {
    const { lines, messages, isGivenUp } = this.#since;
    this.#since = { lines: 0, messages: 0, isGivenUp: false };
    // Several lines that ended in one slice of work are small, but for one that took long by itself.
    this.#line.ms = lines > 1 ? ms : this.#line.ms + ms;
    if (!this.#mayBeLarge(ms)) this.#work.spend(ms, now);
    if (lines > 0) this.#line = { ms: 0, isFree: false, isGivenUp };
    if (messages > 0) this.#messages.spend(messages, now);
  }

  restMs(now: number): number {
    return Math.max(this.#work.restMs(now), this.#messages.restMs(now));
  }

  /** Whether the line at work is a large one that somebody may have asked for. What it took until that was known is given back. */
  #mayBeLarge(ms: number): boolean {
    const line = this.#line;
    if (line.isFree) return true;
    if (line.isGivenUp || line.ms < LARGE_MS || this.#owed === 0) return false;
    this.#owed -= 1;
    line.isFree = true;
    this.#work.earn(line.ms - ms);
    return true;
  }
}
