// How often one network may ask what anybody may ask of the access actor. Pure, in memory: it is given the time. Hosted clients share
// addresses, so where something can be judged, only what failed counts.
import type { Limited, Network } from './access-ports.ts';

interface Rate {
  /** So many at once, and then as many in each period. */
  readonly count: number;
  readonly periodMs: number;
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
  register: { count: 10, periodMs: HOUR_MS },
  revoke: { count: 60, periodMs: MINUTE_MS },
} as const satisfies Record<string, Rate>;

type Kind = keyof typeof RATES;

/** Networks remembered; the one that came first is forgotten first. */
const NETWORKS = 10_000;

export class AccessLimits {
  /** When the last of what was taken would be due at the permitted rate, by kind and network. */
  readonly #dueBy = new Map<string, number>();

  /** Takes one; or says when there is one again. */
  take(kind: Kind, from: Network, now: number): Limited | undefined {
    const limited = this.check(kind, from, now);
    if (!limited) this.count(kind, from, now);
    return limited;
  }

  /** Whether none is left. */
  check(kind: Kind, from: Network, now: number): Limited | undefined {
    const { count, periodMs } = RATES[kind];
    const everyMs = periodMs / count;
    const ahead = this.#dueOf(kind, from, now) + everyMs - now - periodMs;
    return ahead > 0 ? { kind: 'limited', retryAfterS: Math.ceil(ahead / 1000) } : undefined;
  }

  /** Counts one that was not asked for before. */
  count(kind: Kind, from: Network, now: number): void {
    const { count, periodMs } = RATES[kind];
    const key = keyOf(kind, from);
    const dueBy = Math.min(this.#dueOf(kind, from, now) + periodMs / count, now + periodMs);
    this.#dueBy.delete(key);
    this.#dueBy.set(key, dueBy);
    if (this.#dueBy.size <= NETWORKS) return;
    for (const oldest of this.#dueBy.keys()) {
      this.#dueBy.delete(oldest);
      return;
    }
  }

  #dueOf(kind: Kind, from: Network, now: number): number {
    return Math.max(now, this.#dueBy.get(keyOf(kind, from)) ?? now);
  }
}

const keyOf = (kind: Kind, from: Network): string => `${kind} ${from ?? ''}`;
