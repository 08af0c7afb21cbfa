// What the runner's /metrics says: gauges are computed from a snapshot, the rest was counted since the start.
import { metric, single, type Metric, type MetricKey, type Sample } from '../../shared/metrics.ts';
import type { RunnerSnapshot, SessionSnapshot } from '../running-runner.ts';

export function runnerMetrics(snapshot: RunnerSnapshot): Metric[] {
  const { linked, draining, sessions, processes, spares, heldBack, figures } = snapshot;
  const byState = (
    key: MetricKey,
    rows: readonly { readonly server: string; readonly state: string }[],
  ): Metric =>
    metric(
      key,
      summed(rows, ({ server, state }) => ({ server, state })),
    );
  const ofSessions = (key: MetricKey, valueOf: (session: SessionSnapshot) => number): Metric =>
    metric(
      key,
      summed(sessions, ({ server }) => ({ server }), valueOf),
    );
  return [
    single('linked', linked),
    single('draining', draining),
    byState('sessions', sessions),
    byState('processes', processes),
    metric(
      'processSessions',
      summed(
        processes.filter(({ sharedBy }) => sharedBy !== undefined),
        ({ server }) => ({ server }),
        ({ sharedBy = 0 }) => sharedBy,
      ),
    ),
    byState('spares', spares),
    metric(
      'heldBack',
      [...heldBack].map(([server, isHeld]) => ({ labels: { server }, value: Number(isHeld) })),
    ),
    ofSessions('requestsInFlight', ({ inFlight }) => inFlight),
    ofSessions('stdinQueue', ({ stdinQueueBytes }) => stdinQueueBytes),
    ofSessions('linkQueue', ({ linkQueueBytes }) => linkQueueBytes),
    ofSessions('unacknowledged', ({ unacknowledgedBytes }) => unacknowledgedBytes),
    ...figures.metrics([
      'calls',
      'callDuration',
      'refusals',
      'linksOpened',
      'sessionsOpened',
      'processStarts',
      'processExits',
    ]),
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
