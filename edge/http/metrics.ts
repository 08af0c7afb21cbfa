// What /metrics says about the fleet. Labels hold no ids: their number would grow without bound.
import type { MetricSample } from './status.ts';
import type { FleetView } from './ports.ts';

export function fleetMetrics({ runners, sessions, opened, refused }: FleetView): MetricSample[] {
  return [
    gauge('mcp_bridge_edge_sessions', 'Open sessions.', sessions),
    ...runners.flatMap(({ runner, isLinked, sessions: held, capacity }) => [
      gauge('mcp_bridge_edge_runner_linked', 'Whether the runner is connected.', isLinked ? 1 : 0, {
        runner,
      }),
      gauge('mcp_bridge_edge_runner_sessions', 'Sessions placed on the runner.', held, { runner }),
      gauge('mcp_bridge_edge_runner_capacity_sessions', 'Sessions the runner accepts.', capacity, {
        runner,
      }),
    ]),
    counter(
      'mcp_bridge_edge_sessions_opened_total',
      'Sessions opened since the fleet actor woke.',
      opened,
    ),
    counter(
      'mcp_bridge_edge_sessions_refused_total',
      'Sessions refused since the fleet actor woke.',
      refused,
    ),
  ];
}

const gauge = (
  name: string,
  help: string,
  value: number,
  labels?: Record<string, string>,
): MetricSample => ({
  name,
  help,
  type: 'gauge',
  value,
  ...(labels && { labels }),
});

const counter = (name: string, help: string, value: number): MetricSample => ({
  name,
  help,
  type: 'counter',
  value,
});
