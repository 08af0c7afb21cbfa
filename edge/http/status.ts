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

/** 200 when sessions can be served, else 503; `problems` say why not. */
export function readyz(problems: readonly Problem[]): Response {
  const ready = problems.length === 0;
  return new Response(`${JSON.stringify({ ready, problems: problems.map(problemText) })}\n`, {
    status: ready ? 200 : 503,
    headers: { ...HEADERS, 'Content-Type': 'application/json' },
  });
}
