// Calls on a schedule, not after the last answer: a bridge that stands still for a second shows as fifty late calls and not as one.
import { setTimeout as sleep } from 'node:timers/promises';

import { quantile } from './figures.ts';
import { echo, type ClientSession } from './sessions.ts';

/** What a client saw whose calls were due at fixed times, in ms. */
export interface Watched {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Why, for each call without a right answer. */
  readonly reasons: readonly string[];
}

/** A call is due this often. */
const EVERY_MS = 20;

/** Acts each time it is due, whatever became of the times before, and waits for all. `isOver` ends it early. */
export async function onSchedule(
  everyMs: number,
  forMs: number,
  act: (n: number) => Promise<void>,
  isOver: () => boolean = () => false,
): Promise<void> {
  const startedAt = performance.now();
  const acts: Promise<void>[] = [];
  for (let n = 0; n * everyMs < forMs && !isOver(); n++) {
    await sleep(Math.max(0, startedAt + n * everyMs - performance.now()));
    acts.push(act(n));
  }
  await Promise.all(acts);
}

/** Calls for so long, or until it is over. */
export async function watch(
  session: ClientSession,
  forMs: number,
  isOver?: () => boolean,
): Promise<Watched> {
  const sample: number[] = [];
  const reasons: string[] = [];
  const call = async (n: number): Promise<void> => {
    const outcome = await echo(session, `watched ${n}`);
    if (outcome.kind === 'right') sample.push(outcome.ms);
    else reasons.push(outcome.reason);
  };
  await onSchedule(EVERY_MS, forMs, call, isOver);
  return {
    calls: sample.length,
    p50Ms: quantile(sample, 0.5),
    p99Ms: quantile(sample, 0.99),
    maxMs: quantile(sample, 1),
    reasons,
  };
}
