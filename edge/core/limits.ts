// How much clients may do: networks before it is known who calls, of which only failures count, since hosted clients share
// addresses; principals after it. Pure: it is given the time.
import type { QuotaDue, QuotaUse } from './quota-ports.ts';
import { UntoldUse } from './quotas.ts';
import { Rates, type Rate } from './rates.ts';
import type { Fault } from '../../shared/fault.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Wrong credentials of one network. A person who types a key wrong stays far below, and so do the expired tokens of a hosted client. */
const FAILURES: Rate = { count: 120, periodMs: MINUTE_MS };

/** Of all together where the host cannot tell where requests come from. */
const FAILURES_OF_ALL: Rate = { count: 1_200, periodMs: MINUTE_MS };

/** Whose failures: wrong keys of clients keep no runner out, nor the other way round. */
export type Failing = 'client' | 'runner';

/** How the failures of a network are counted. */
const failuresOf = (who: Failing, network: string | undefined): [string, Rate] =>
  network === undefined
    ? [`failures ${who}`, FAILURES_OF_ALL]
    : [`failures ${who} ${network}`, FAILURES];

/** What the operator lets one principal do; what is absent is not limited here. */
export interface PrincipalLimits {
  /** HTTP requests in a minute. */
  readonly requests?: number | undefined;
  /** Sessions opened in a minute. */
  readonly openings?: number | undefined;
  /** Bytes of messages sent in a minute. */
  readonly bytes?: number | undefined;
  /** Sessions at a time. */
  readonly sessions?: number | undefined;
  readonly requestsPerDay?: number | undefined;
  readonly bytesPerDay?: number | undefined;
}

/** Limits that count together, under one name. */
export interface Share {
  readonly key: string;
  readonly limits: PrincipalLimits;
}

export class EdgeLimits {
  readonly #rates = new Rates();
  /** Of what counts for a day. */
  readonly #untold = new UntoldUse();

  /** What of the quotas of a day is to be told to the access actor now: {@link told}, or {@link untold} if it was not reached. */
  toTell(now: number): readonly QuotaUse[] {
    return this.#untold.take(now);
  }

  told(dues: readonly QuotaDue[]): void {
    for (const { key, dueBy } of dues) this.#rates.raise(key, dueBy);
  }

  untold(used: readonly QuotaUse[]): void {
    this.#untold.giveBack(used);
  }

  /** Why a credential from this network is not looked up; `network` undefined: not known. Call {@link failed} for each that is wrong. */
  tooManyFailures(who: Failing, network: string | undefined, now: number): Fault | undefined {
    const waitMs = this.#rates.wait(...failuresOf(who, network), now);
    const whence = network === undefined ? '' : ' from your network';
    return waitMs === 0
      ? undefined
      : limited(`Too many wrong keys or tokens came${whence}`, waitMs);
  }

  failed(who: Failing, network: string | undefined, now: number): void {
    this.#rates.count(...failuresOf(who, network), now);
  }

  /** Others have counted too many: it is as if all of them had come here. */
  failedElsewhere(who: Failing, network: string, now: number): void {
    const [key, rate] = failuresOf(who, network);
    this.#rates.count(key, rate, now, rate.count);
  }

  /** What is left for one request of all shares that it counts in; undefined if it counts in none. */
  budget(shares: readonly (Share | undefined)[]): Budget | undefined {
    const counted = shares.filter((share) => share !== undefined);
    return counted.length === 0 ? undefined : new Budget(this.#rates, this.#untold, counted);
  }
}

/** How a kind of limit is called, and in which time it counts. */
const KINDS = {
  requests: { words: 'requests in a minute', periodMs: MINUTE_MS },
  requestsPerDay: { words: 'requests in a day', periodMs: DAY_MS },
  openings: { words: 'openings in a minute', periodMs: MINUTE_MS },
  bytes: { words: 'bytes in a minute', periodMs: MINUTE_MS },
  bytesPerDay: { words: 'bytes in a day', periodMs: DAY_MS },
} as const;

type Kind = keyof typeof KINDS;

/** The limits that one request counts in, of which requests, openings and bytes are taken. */
export class Budget {
  readonly #rates: Rates;
  readonly #untold: UntoldUse;
  readonly #shares: readonly Share[];

  constructor(rates: Rates, untold: UntoldUse, shares: readonly Share[]) {
    this.#rates = rates;
    this.#untold = untold;
    this.#shares = shares;
  }

  /** Takes a request; or why it is refused. Bytes were counted as they came, so that the next request pays for them. */
  request(now: number): Fault | undefined {
    return (
      this.#exceeded(['bytes', 'bytesPerDay'], 'You have sent', now) ??
      this.#take(['requests', 'requestsPerDay'], now)
    );
  }

  opening(now: number): Fault | undefined {
    return this.#take(['openings'], now);
  }

  sent(bytes: number, now: number): void {
    this.#count(['bytes', 'bytesPerDay'], now, bytes);
  }

  #take(kinds: readonly Kind[], now: number): Fault | undefined {
    const fault = this.#exceeded(kinds, 'You have made', now);
    if (!fault) this.#count(kinds, now, 1);
    return fault;
  }

  #exceeded(kinds: readonly Kind[], done: string, now: number): Fault | undefined {
    for (const { key, kind, limit } of this.#limits(kinds)) {
      const { words, periodMs } = KINDS[kind];
      const waitMs = this.#rates.wait(key, { count: limit, periodMs }, now);
      if (waitMs > 0) return limited(`${done} ${limit} ${words}, which is the limit`, waitMs);
    }
    return undefined;
  }

  #count(kinds: readonly Kind[], now: number, units: number): void {
    for (const { key, kind, limit } of this.#limits(kinds)) {
      const rate = { count: limit, periodMs: KINDS[kind].periodMs };
      this.#rates.count(key, rate, now, units);
      if (rate.periodMs === DAY_MS) this.#untold.add(key, rate, units);
    }
  }

  *#limits(
    kinds: readonly Kind[],
  ): Generator<{ readonly key: string; readonly kind: Kind; readonly limit: number }> {
    for (const { key, limits } of this.#shares)
      for (const kind of kinds) {
        const limit = limits[kind];
        if (limit !== undefined) yield { key: `${kind} ${key}`, kind, limit };
      }
  }
}

function limited(what: string, waitMs: number): Fault {
  const retryAfterS = Math.ceil(waitMs / 1_000);
  return { fault: 'overloaded', message: `${what}. Try again in ${retryAfterS} s.`, retryAfterS };
}
