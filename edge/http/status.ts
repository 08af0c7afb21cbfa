// Health, for load balancers. Shows no values of settings.
import { problemText, type Problem } from '../../shared/problem.ts';

/** Health is asked often and must never be answered from a cache. */
const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** The worker answers at all. */
export function healthz(): Response {
  return new Response('ok\n', {
    headers: { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' },
  });
}

/** How long an answer counts: anybody may ask, and each question would wake the fleet. That a runner came is known soon. */
const READY_MS = 2_000;
const NOT_READY_MS = 250;

/** Whether a runner is linked, as it was a moment ago. Only the answer is kept: no request can wait for what another one asked. */
export class Readiness {
  #isReady = false;
  #askedAt = 0;
  #until = 0;

  /** `ask` is called only when the last answer is too old. */
  async of(ask: () => Promise<boolean>): Promise<boolean> {
    const now = Date.now();
    // A clock that was set back would keep the answer for as long.
    if (now >= this.#askedAt && now < this.#until) return this.#isReady;
    this.#isReady = await ask();
    this.#askedAt = Date.now();
    this.#until = this.#askedAt + (this.#isReady ? READY_MS : NOT_READY_MS);
    return this.#isReady;
  }
}

/** 200 when sessions can be served, else 503; `problems` say why not. */
export function readyz(problems: readonly Problem[]): Response {
  const ready = problems.length === 0;
  return new Response(`${JSON.stringify({ ready, problems: problems.map(problemText) })}\n`, {
    status: ready ? 200 : 503,
    headers: { ...HEADERS, 'Content-Type': 'application/json' },
  });
}
