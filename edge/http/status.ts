// Health, for load balancers. Shows no values of settings.

/** Health is asked often and must never be answered from a cache. */
const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** The worker answers at all. */
export function healthz(): Response {
  return new Response('ok\n', {
    headers: { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' },
  });
}

/** 200 when sessions can be served, else 503; the problems say what to set. */
export function readyz(ready: boolean, problems: readonly string[]): Response {
  return new Response(`${JSON.stringify({ ready, problems })}\n`, {
    status: ready ? 200 : 503,
    headers: { ...HEADERS, 'Content-Type': 'application/json' },
  });
}
