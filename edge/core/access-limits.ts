// How often one network may ask what anybody may ask of the access actor. Pure, in memory: it is given the time. Hosted clients share
// addresses, so where something can be judged, only what failed counts.
import { Rates, type Rate } from './rates.ts';

/** Whom the requests of one address count against; undefined where the host cannot tell. */
export type Network = string | undefined;

/** Too many requests from there. */
export interface Limited {
  readonly kind: 'limited';
  readonly retryAfterS: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const RATES = {
  /** Sign-in pages that are shown. */
  page: { count: 60, periodMs: MINUTE_MS },
  /** Documents of apps that are fetched. */
  document: { count: 30, periodMs: MINUTE_MS },
  /** Owner keys that were wrong. */
  key: { count: 10, periodMs: MINUTE_MS },
  /** Codes and refresh tokens that were refused. */
  token: { count: 30, periodMs: MINUTE_MS },
  /** Codes of invitations that were wrong. */
  join: { count: 10, periodMs: MINUTE_MS },
  /** Browsers that leave for an identity provider. */
  journey: { count: 60, periodMs: MINUTE_MS },
  /** Browsers that come back from one without having left. */
  callback: { count: 60, periodMs: MINUTE_MS },
  register: { count: 10, periodMs: HOUR_MS },
  revoke: { count: 60, periodMs: MINUTE_MS },
} as const satisfies Record<string, Rate>;

type Kind = keyof typeof RATES;

export class AccessLimits {
  readonly #rates = new Rates();

  /** Takes one; or says when there is one again. */
  take(kind: Kind, from: Network, now: number): Limited | undefined {
    return limited(this.#rates.take(keyOf(kind, from), RATES[kind], now));
  }

  /** Whether none is left. */
  check(kind: Kind, from: Network, now: number): Limited | undefined {
    return limited(this.#rates.wait(keyOf(kind, from), RATES[kind], now));
  }

  /** Counts one that was not asked for before. */
  count(kind: Kind, from: Network, now: number): void {
    this.#rates.count(keyOf(kind, from), RATES[kind], now);
  }
}

const limited = (waitMs: number): Limited | undefined =>
  waitMs === 0 ? undefined : { kind: 'limited', retryAfterS: Math.ceil(waitMs / 1000) };

const keyOf = (kind: Kind, from: Network): string => `${kind} ${from ?? ''}`;
