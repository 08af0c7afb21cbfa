// What the runner's /metrics says: gauges are computed from a snapshot, counters are the runner's own totals.
import { single, type Metric, type Sample } from '../../shared/metrics.ts';
import type { RunnerSnapshot } from '../running-runner.ts';

export function runnerMetrics(snapshot: RunnerSnapshot): Metric[] {
  const { linked, draining, sessions, processes, spares, counters } = snapshot;
  return [
    single('gauge', 'mcp_bridge_linked', 'Whether the edge has accepted the control link.', linked),
    single('gauge', 'mcp_bridge_draining', 'Whether the runner is stopping.', draining),
    {
      name: 'mcp_bridge_sessions',
      type: 'gauge',
      help: 'Sessions by server and state.',
      samples: summed(sessions, ({ server, state }) => ({ server, state })),
    },
    {
      name: 'mcp_bridge_processes',
      type: 'gauge',
      help: 'Processes by server and state.',
      samples: summed(processes, ({ server, state }) => ({ server, state })),
    },
    {
      name: 'mcp_bridge_spares',
      type: 'gauge',
      help: 'Sessions linked ahead, which no client has yet, by server and state.',
      samples: summed(spares, ({ server, state }) => ({ server, state })),
    },
    {
      name: 'mcp_bridge_requests_in_flight',
      type: 'gauge',
      help: 'Requests waiting for a process.',
      samples: summed(
        sessions,
        ({ server }) => ({ server }),
        ({ inFlight }) => inFlight,
      ),
    },
    ...Object.entries(counters).map(([name, total]) =>
      single(
        'counter',
        `mcp_bridge_${snakeCase(name)}_total`,
        `${wordsOf(name)} since the runner started.`,
        total,
      ),
    ),
  ];
}

/** Rows with the same labels as one sample: their number, or the sum of `valueOf`. */
function summed<Row>(
  rows: readonly Row[],
  labelsOf: (row: Row) => Record<string, string>,
  valueOf: (row: Row) => number = () => 1,
): Sample[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(labelsOf(row)));
  return [...groups].map(([labels, group]) => ({
    labels: JSON.parse(labels) as Record<string, string>,
    value: group.reduce((sum, row) => sum + valueOf(row), 0),
  }));
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
