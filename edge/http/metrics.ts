// What /metrics says about the fleet.
import type { FleetView } from '../core/ports.ts';
import { single, type Metric } from '../../shared/metrics.ts';

type RunnerView = FleetView['runners'][number];

export function fleetMetrics({ runners, sessions, opened, refused }: FleetView): Metric[] {
  const perRunner = (
    name: string,
    help: string,
    valueOf: (runner: RunnerView) => number,
  ): Metric => ({
    name: `mcp_bridge_edge_runner_${name}`,
    type: 'gauge',
    help,
    samples: runners.map((view) => ({ labels: { runner: view.runner }, value: valueOf(view) })),
  });
  return [
    single('gauge', 'mcp_bridge_edge_sessions', 'Open sessions.', sessions),
    perRunner('linked', 'Whether the runner is connected.', ({ isLinked }) => Number(isLinked)),
    perRunner('sessions', 'Sessions placed on the runner.', ({ sessions: held }) => held),
    perRunner('spares', 'Sessions linked ahead on the runner.', ({ spares }) => spares),
    perRunner('capacity_sessions', 'Sessions the runner accepts.', ({ capacity }) => capacity),
    single(
      'counter',
      'mcp_bridge_edge_sessions_opened_total',
      'Sessions opened since the fleet actor woke.',
      opened,
    ),
    single(
      'counter',
      'mcp_bridge_edge_sessions_refused_total',
      'Sessions refused since the fleet actor woke.',
      refused,
    ),
  ];
}
