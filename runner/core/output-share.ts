// How much the output of processes may use: of the runner's time, and of the edge and the clients that handle its messages. A
// process that only answers its requests does not reach these bounds. One that prints without end, or sends only the largest
// results, is read at the pace they allow, and nobody else waits for it.
import { PROCESS_LINE_BYTES } from '../../shared/limits.ts';

const MIB = 1024 * 1024;

/** Milliseconds of the runner a process may use up at once: a verbose start, or a few results of millions of values. */
export const OWN_MS = 1_000;

/** Earned in one second, with nobody asking: some hundred messages, more than honest logging. */
export const OWN_MS_PER_SECOND = 50;

/** Earned with each line written to the process. An answer of ordinary size costs a tenth of it. */
export const ASKED_MS = 1;

/** What all processes beyond their own credit may use together, at once and in one second. */
export const COMMON_MS = 10;
export const COMMON_MS_PER_SECOND = 200;

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
export const COMMON_MESSAGES_PER_SECOND = 6_000;

/** Bytes a process may print at once: a few results as large as a line may be. Reading and sending them costs beside the work. */
export const OWN_BYTES = 4 * PROCESS_LINE_BYTES;

/** Earned in one second, with nobody asking. */
export const OWN_BYTES_PER_SECOND = 4 * MIB;

/** Earned with each line written to the process. */
export const ASKED_BYTES = 64 * 1024;

/** What all processes beyond their own credit may print together, at once and in one second: more than most lines to an edge carry. */
export const COMMON_BYTES = PROCESS_LINE_BYTES;
export const COMMON_BYTES_PER_SECOND = 48 * MIB;

/**
 * Bytes of stderr, and of stdout that are no message, count so often: hardly any of them reach anybody, and whoever prints megabytes of
 * them a second costs the machine more than the runner.
 */
export const NOISE_WEIGHT = 4;

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
  /** So many bytes were read of it. */
  read(bytes: number): void;
  /** `ms` of work were done on its output. */
  spend(ms: number, now: number): void;
  /** How long its output has to wait; 0: go on. */
  restMs(now: number): number;
}

/** The credit of one process, and behind it that of all. */
class SharedCredit {
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
  readonly bytes = new Credit(COMMON_BYTES, COMMON_BYTES_PER_SECOND);
}

/** The share of one process: what its stderr takes comes out of the same credit. */
export class OutputShare {
  readonly stderr: PipeShare;
  readonly stdout: StdoutShare;

  constructor(common: CommonShare) {
    const own = {
      work: new Credit(OWN_MS, OWN_MS_PER_SECOND),
      messages: new Credit(OWN_MESSAGES, OWN_MESSAGES_PER_SECOND),
      bytes: new Credit(OWN_BYTES, OWN_BYTES_PER_SECOND),
    };
    const work = new SharedCredit(own.work, common.work);
    const bytes = new SharedCredit(own.bytes, common.bytes);
    this.stderr = new PipeCredits(work, bytes, NOISE_WEIGHT);
    this.stdout = new StdoutShare(work, bytes, new SharedCredit(own.messages, common.messages));
  }
}

/** Work and bytes, as a pipe takes them. */
class PipeCredits implements PipeShare {
  protected readonly work: SharedCredit;
  protected readonly bytes: SharedCredit;
  readonly #weight: number;
  /** Since the last {@link spend}. */
  #bytesRead = 0;

  constructor(work: SharedCredit, bytes: SharedCredit, weight = 1) {
    this.work = work;
    this.bytes = bytes;
    this.#weight = weight;
  }

  get isLow(): boolean {
    return this.work.isLow;
  }

  read(bytes: number): void {
    this.#bytesRead += bytes * this.#weight;
  }

  spend(ms: number, now: number): void {
    this.work.spend(ms, now);
    this.bytes.spend(this.#bytesRead, now);
    this.#bytesRead = 0;
  }

  restMs(now: number): number {
    return Math.max(this.work.restMs(now), this.bytes.restMs(now));
  }
}

export class StdoutShare extends PipeCredits {
  readonly #messages: SharedCredit;
  /** Since the last {@link spend}. */
  #passed = 0;

  constructor(work: SharedCredit, bytes: SharedCredit, messages: SharedCredit) {
    super(work, bytes);
    this.#messages = messages;
  }

  /** A line was written to the process. */
  asked(): void {
    this.work.earn(ASKED_MS);
    this.bytes.earn(ASKED_BYTES);
    this.#messages.earn(ASKED_MESSAGES);
  }

  /** So many of the bytes that were read are no message. */
  noise(bytes: number): void {
    this.read(bytes * (NOISE_WEIGHT - 1));
  }

  /** A message is passed on. */
  messagePassed(): void {
    this.#passed += 1;
  }

  override spend(ms: number, now: number): void {
    super.spend(ms, now);
    this.#messages.spend(this.#passed, now);
    this.#passed = 0;
  }

  override restMs(now: number): number {
    return Math.max(super.restMs(now), this.#messages.restMs(now));
  }
}
