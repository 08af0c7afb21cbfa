// How the calls of each server went of late, from what workers count: sums of a window that moves in steps. They are kept in memory
// alone, since an actor sleeps only where nobody calls. Pure.
import { LONGEST_MS, RECENT_MS, type RecentCalls } from './fleet-look.ts';
import { FAULTS } from '../../shared/fault.ts';
import { Figures, type Figure } from '../../shared/figures.ts';
import { BUCKETS, type Hop, type Observed } from '../../shared/metrics.ts';

const STEP_MS = 15_000;

/** Where a call is measured with all that lies behind it. */
const HOP: Hop = 'edge';

interface Step {
  readonly from: number;
  readonly figures: Figures;
}

export class RecentFigures {
  #steps: Step[] = [];

  /** What came to the figures. */
  add(figures: readonly Figure[], now: number): void {
    const calls = figures.filter(
      ({ key, labels }) => (key === 'calls' || key === 'callDuration') && labels[1] === HOP,
    );
    if (calls.length === 0) return;
    this.#forget(now);
    let step = this.#steps.at(-1);
    if (!step || now - step.from >= STEP_MS) {
      step = { from: now, figures: new Figures() };
      this.#steps.push(step);
    }
    step.figures.add(calls);
  }

  /** Servers that were called, in no order. */
  calls(now: number): RecentCalls[] {
    this.#forget(now);
    const sum = new Figures();
    for (const { figures } of this.#steps) sum.add(figures.all());
    return [...Map.groupBy(sum.all(), ({ labels: [server = ''] }) => server)].map(
      ([server, figures]) => callsOf(server, figures),
    );
  }

  /** A clock that was set back makes what came later unknown. */
  #forget(now: number): void {
    this.#steps = this.#steps.filter(({ from }) => from <= now && now - from < RECENT_MS);
  }
}

function callsOf(server: string, figures: readonly Figure[]): RecentCalls {
  let [calls, errors] = [0, 0];
  let durations: Observed | undefined;
  for (const { labels, value } of figures) {
    if (typeof value !== 'number') {
      durations = value;
      continue;
    }
    calls += value;
    if (Object.hasOwn(FAULTS, labels[2] ?? '')) errors += value;
  }
  return {
    server,
    calls,
    errors,
    ...(durations && { p50Ms: quantileMs(durations, 0.5), p95Ms: quantileMs(durations, 0.95) }),
  };
}

/**
 * About which time such a share of the calls took at most, in ms: within a bucket they count as spread evenly, as Prometheus takes
 * them (PromQL, `histogram_quantile`). What is above all buckets is {@link LONGEST_MS}.
 */
export function quantileMs({ counts }: Observed, share: number): number {
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (const [index, bound] of BUCKETS.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0 && below + count >= rank) {
      const floor = BUCKETS[index - 1] ?? 0;
      return (floor + (bound - floor) * ((rank - below) / count)) * 1_000;
    }
    below += count;
  }
  return LONGEST_MS;
}
