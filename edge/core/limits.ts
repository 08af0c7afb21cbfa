// What clients may do in a minute: networks before it is known who calls, of which only failures count, since hosted clients share
// addresses; principals after it. Pure: it is given the time.
import { Rates, type Rate } from './rates.ts';
import type { Fault } from '../../shared/fault.ts';
import type { PrincipalName } from '../../shared/ids.ts';

const MINUTE_MS = 60_000;

/** Wrong credentials of one network. A person who types a key wrong stays far below, and so do the expired tokens of a hosted client. */
const FAILURES: Rate = { count: 120, periodMs: MINUTE_MS };

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
}

export class EdgeLimits {
  readonly #rates = new Rates();

  /** Why a credential from this network is not looked up; `network` undefined: not known. Call {@link failed} for each that is wrong. */
  tooManyFailures(network: string | undefined, now: number): Fault | undefined {
    if (network === undefined) return undefined;
    const waitMs = this.#rates.wait(`failures ${network}`, FAILURES, now);
    return waitMs === 0
      ? undefined
      : limited('Too many wrong keys or tokens came from your network', waitMs);
  }

  failed(network: string | undefined, now: number): void {
    if (network !== undefined) this.#rates.count(`failures ${network}`, FAILURES, now);
  }

  /** What is left to a principal for one request. */
  budget(principal: PrincipalName, limits: PrincipalLimits): Budget {
    return new Budget(this.#rates, principal, limits);
  }
}

/** The limits of one principal, of which requests, openings and bytes are taken. */
export class Budget {
  readonly #rates: Rates;
  readonly #principal: PrincipalName;
  readonly #limits: PrincipalLimits;

  constructor(rates: Rates, principal: PrincipalName, limits: PrincipalLimits) {
    this.#rates = rates;
    this.#principal = principal;
    this.#limits = limits;
  }

  /** Takes a request; or why it is refused. Bytes were counted as they came, so that the next request pays for them. */
  request(now: number): Fault | undefined {
    const { bytes } = this.#limits;
    const owedMs =
      bytes === undefined ? 0 : this.#rates.wait(this.#key('bytes'), perMinute(bytes), now);
    if (owedMs > 0)
      return limited(`You have sent ${bytes} bytes in a minute, which is the limit`, owedMs);
    return this.#take('requests', now);
  }

  opening(now: number): Fault | undefined {
    return this.#take('openings', now);
  }

  sent(bytes: number, now: number): void {
    const limit = this.#limits.bytes;
    if (limit !== undefined) this.#rates.count(this.#key('bytes'), perMinute(limit), now, bytes);
  }

  #take(kind: 'requests' | 'openings', now: number): Fault | undefined {
    const count = this.#limits[kind];
    if (count === undefined) return undefined;
    const waitMs = this.#rates.take(this.#key(kind), perMinute(count), now);
    return waitMs === 0
      ? undefined
      : limited(`You have made ${count} ${kind} in a minute, which is the limit`, waitMs);
  }

  #key(kind: string): string {
    return `${kind} ${this.#principal}`;
  }
}

const perMinute = (count: number): Rate => ({ count, periodMs: MINUTE_MS });

function limited(what: string, waitMs: number): Fault {
  const retryAfterS = Math.ceil(waitMs / 1_000);
  return { fault: 'overloaded', message: `${what}. Try again in ${retryAfterS} s.`, retryAfterS };
}
