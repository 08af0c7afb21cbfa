// A runner's snapshot as Prometheus text (exposition format 0.0.4). Labels hold names of servers and states, never ids: a label
// value for each session would grow the time series without bound.
import type { RunnerSnapshot } from '../running-runner.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The metrics of one snapshot. Gauges are computed from it, counters are the runner's own totals. */
export function metricsText(snapshot: RunnerSnapshot): string {
  const { sessions, processes, counters } = snapshot;
  const inFlight = new Map<string, number>();
  for (const { server, inFlight: count } of sessions) add(inFlight, labels({ server }), count);
  return [
    ...family(
      'mcp_bridge_linked',
      'gauge',
      'Whether the edge has accepted the control link.',
      single(snapshot.linked),
    ),
    ...family(
      'mcp_bridge_draining',
      'gauge',
      'Whether the runner is stopping.',
      single(snapshot.draining),
    ),
    ...family('mcp_bridge_sessions', 'gauge', 'Sessions by server and state.', byState(sessions)),
    ...family(
      'mcp_bridge_processes',
      'gauge',
      'Processes by server and state.',
      byState(processes),
    ),
    ...family(
      'mcp_bridge_requests_in_flight',
      'gauge',
      'Requests waiting for a process.',
      inFlight,
    ),
    ...Object.entries(counters).flatMap(([name, total]) =>
      family(
        `mcp_bridge_${snakeCase(name)}_total`,
        'counter',
        `${wordsOf(name)} since the runner started.`,
        new Map([['', total]]),
      ),
    ),
    '',
  ].join('\n');
}

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: ReadonlyMap<string, number>,
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...[...samples].map(([labelText, value]) => `${name}${labelText} ${value}`),
  ];
}

function byState(rows: readonly { server: string; state: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { server, state } of rows) add(counts, labels({ server, state }), 1);
  return counts;
}

const single = (isTrue: boolean): Map<string, number> => new Map([['', isTrue ? 1 : 0]]);

const add = (counts: Map<string, number>, key: string, count: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + count);
};

function labels(values: Readonly<Record<string, string>>): string {
  const escaped = Object.entries(values).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return `{${escaped.join(',')}}`;
}

const snakeCase = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/gu, '$1_$2')
    .replaceAll(/[^A-Za-z0-9_]/gu, '_')
    .toLowerCase();

function wordsOf(name: string): string {
  const words = snakeCase(name).replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
