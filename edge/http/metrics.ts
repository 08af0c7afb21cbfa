// What the edge's /metrics says: the fleet as it is, and what all workers have counted.
import type { FleetView } from '../core/ports.ts';
import { Figures, type Figure } from '../../shared/figures.ts';
import { metric, single, type Metric, type MetricKey } from '../../shared/metrics.ts';

type RunnerView = FleetView['runners'][number];

export function edgeMetrics(
  { runners, sessions }: FleetView,
  counted: readonly Figure[],
): Metric[] {
  const perRunner = (key: MetricKey, valueOf: (runner: RunnerView) => number): Metric =>
    metric(
      key,
      runners.map((view) => ({ labels: { runner: view.runner }, value: valueOf(view) })),
    );
  const figures = new Figures();
  figures.add(counted);
  return [
    single('edgeSessions', sessions),
    perRunner('edgeRunnerLinked', ({ isLinked }) => Number(isLinked)),
    perRunner('edgeRunnerSessions', ({ sessions: held }) => held),
    perRunner('edgeRunnerSpares', ({ spares }) => spares),
    perRunner('edgeRunnerCapacity', ({ capacity }) => capacity),
    ...figures.metrics([
      'calls',
      'callDuration',
      'refusals',
      'edgeSessionsOpened',
      'edgeSessionsEnded',
      'edgeSignIns',
    ]),
  ];
}
