// When a server's processes keep failing, starts are first delayed, then refused at once, then tried one at a time. There
// is one breaker for each server; the time is an input.

/** Failures in the window that open the breaker. */
export const BREAKER_FAILURES = 5;

/** How long a failure counts. */
export const BREAKER_WINDOW_MS = 60_000;

/** After the second failure; doubles with each further one. A single failure is not a pattern and costs nothing. */
export const BACKOFF_FIRST_MS = 250;

/** First time the breaker stays open; doubles each time a probe fails. */
export const OPEN_FIRST_MS = 10_000;

/** When an operator has repaired the server, this is noticed within this time. */
export const OPEN_MAX_MS = 60_000;

/** A probe that has reported nothing by then counts as lost: twice the time a process has to start. */
export const PROBE_MAX_MS = 60_000;

/** A running probe has its outcome within seconds. */
const PROBE_RETRY_MS = 1_000;

/** Whether a process may be started now. `backoff` is short and can be waited out; the others are answered at once. */
export type StartVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly because: 'backoff' | 'open' | 'probing';
      readonly retryAfterMs: number;
    };

/** What a status page shows. */
export interface BreakerSnapshot {
  readonly state: 'closed' | 'open' | 'half_open';
  readonly failures: number;
  readonly retryAfterMs: number;
}

type State =
  | { readonly state: 'closed'; readonly failedAt: readonly number[] }
  | { readonly state: 'open'; readonly untilAt: number; readonly openings: number }
  | { readonly state: 'half_open'; readonly probeAt: number; readonly openings: number };

/** Exit bookkeeping of one server. All times are milliseconds of any one steady clock. */
export class Breaker {
  #state: State = { state: 'closed', failedAt: [] };

  /** Asks for one start. When the open time is over, the first to ask becomes the probe. */
  allow(now: number): StartVerdict {
    const verdict = this.wouldAllow(now);
    const s = this.#state;
    if (verdict.ok && s.state !== 'closed')
      this.#state = { state: 'half_open', probeAt: now, openings: s.openings };
    return verdict;
  }

  /** What {@link allow} would answer now; nothing is asked for. */
  wouldAllow(now: number): StartVerdict {
    const s = this.#state;
    switch (s.state) {
      case 'closed': {
        const retryAfterMs = backoffUntil(recent(s.failedAt, now)) - now;
        return retryAfterMs > 0 ? { ok: false, because: 'backoff', retryAfterMs } : { ok: true };
      }
      case 'open':
        if (now < s.untilAt) return { ok: false, because: 'open', retryAfterMs: s.untilAt - now };
        return { ok: true };
      case 'half_open':
        if (now < s.probeAt + PROBE_MAX_MS) {
          return { ok: false, because: 'probing', retryAfterMs: PROBE_RETRY_MS };
        }
        return { ok: true };
    }
  }

  /** A process has answered its first request: a probe's success closes the breaker. */
  served(): void {
    if (this.#state.state === 'half_open') this.#state = { state: 'closed', failedAt: [] };
  }

  /** A process failed: it crashed, or ended without ever having served. */
  failed(now: number): void {
    const s = this.#state;
    switch (s.state) {
      case 'closed': {
        const failedAt = [...recent(s.failedAt, now), now];
        this.#state =
          failedAt.length < BREAKER_FAILURES
            ? { state: 'closed', failedAt }
            : { state: 'open', untilAt: now + OPEN_FIRST_MS, openings: 1 };
        return;
      }
      case 'half_open': {
        const openMs = Math.min(OPEN_FIRST_MS * 2 ** s.openings, OPEN_MAX_MS);
        this.#state = { state: 'open', untilAt: now + openMs, openings: s.openings + 1 };
        return;
      }
      case 'open':
        // It started before the breaker opened, so this says nothing new.
        return;
    }
  }

  /** A start was given up before it showed anything, so the next one may be the probe. */
  withdrawn(now: number): void {
    const s = this.#state;
    if (s.state === 'half_open') {
      this.#state = { state: 'open', untilAt: now, openings: s.openings };
    }
  }

  snapshot(now: number): BreakerSnapshot {
    const s = this.#state;
    switch (s.state) {
      case 'closed': {
        const failedAt = recent(s.failedAt, now);
        const retryAfterMs = Math.max(0, backoffUntil(failedAt) - now);
        return { state: 'closed', failures: failedAt.length, retryAfterMs };
      }
      case 'open': {
        const retryAfterMs = Math.max(0, s.untilAt - now);
        return { state: 'open', failures: BREAKER_FAILURES, retryAfterMs };
      }
      case 'half_open':
        return { state: 'half_open', failures: BREAKER_FAILURES, retryAfterMs: PROBE_RETRY_MS };
    }
  }
}

function recent(failedAt: readonly number[], now: number): readonly number[] {
  return failedAt.filter((at) => now - at < BREAKER_WINDOW_MS);
}

function backoffUntil(failedAt: readonly number[]): number {
  const last = failedAt.at(-1);
  if (last === undefined || failedAt.length < 2) return 0;
  return last + BACKOFF_FIRST_MS * 2 ** (failedAt.length - 2);
}
