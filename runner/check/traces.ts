// Says that calls are traced, and tries whether the collector takes spans.
import type { RunnerConfig } from '../config/runner-config.ts';
import { networkProblem } from '../link/network-problem.ts';
import type { Outcome } from './outcome.ts';

const ANSWER_MS = 10_000;

/** Without spans: an empty request is one that a collector takes (OTLP, "OTLP/HTTP Request"). Undefined if nothing is traced. */
export async function checkTraces({
  traces: endpoint,
  traceRatio,
}: RunnerConfig): Promise<Outcome | undefined> {
  if (endpoint === undefined) return undefined;
  const subject = 'traces';
  const others = traceRatio === 0 ? 'no others' : `${traceRatio * 100} % of all others`;
  const on = `on: calls that client or edge traces, and ${others}, are told to ${endpoint}`;
  const fix =
    'Check "traces" in "bridge", and OTEL_EXPORTER_OTLP_HEADERS if the collector wants a key.';
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"resourceSpans":[]}',
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await response.body?.cancel();
    if (response.ok) return { verdict: 'ok', subject, what: on };
    return { verdict: 'warn', subject, what: `${on}, which answers ${response.status}`, fix };
  } catch (error) {
    return { verdict: 'warn', subject, ...networkProblem(error) };
  }
}
