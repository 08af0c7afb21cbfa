// Health and metrics, for load balancers and Prometheus. Shows no values of settings and no ids of sessions.

/** Health is asked often and must never be answered from a cache. */
const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** `Content-Type` of what metricsText returns (Prometheus text format 0.0.4). */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

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

/** One value of a metric. Samples of one name share its first help and type. */
export interface MetricSample {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Samples in the Prometheus text format, grouped by name as it demands. */
export function metricsText(samples: readonly MetricSample[]): string {
  let text = '';
  for (const [name, group] of Map.groupBy(samples, (sample) => sample.name)) {
    const [first] = group;
    if (first === undefined) continue;
    text += `# HELP ${name} ${escapeHelp(first.help)}\n# TYPE ${name} ${first.type}\n`;
    for (const { labels, value } of group)
      text += `${name}${labelsText(labels ?? {})} ${numberText(value)}\n`;
  }
  return text;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** Prometheus spells infinity `+Inf` and `-Inf`. */
function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
