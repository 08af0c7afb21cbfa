// The runner's traces, if its config names a collector.
import type { RunnerConfig } from './config/runner-config.ts';
import type { Log } from './log.ts';
import { randomHex, openSpanExport } from './span-export.ts';
import { Tracer } from '../shared/tracing.ts';

export interface RunnerTraces {
  readonly tracer: Tracer;
  /** Sends what is left. */
  close(): Promise<void>;
}

export async function openTraces(
  { traces: endpoint, traceRatio: ratio, runner }: RunnerConfig,
  log: Log,
): Promise<RunnerTraces | undefined> {
  if (endpoint === undefined) return undefined;
  const resource = { 'service.name': 'mcp-bridge-runner', 'service.instance.id': runner };
  const spans = await openSpanExport({ endpoint, resource });
  log.info('calls are traced', { endpoint, ratio });
  const tracer = new Tracer({
    ratio,
    mint: randomHex,
    now: Date.now,
    take: (span) => spans.take(span),
  });
  return { tracer, close: () => spans.close() };
}
