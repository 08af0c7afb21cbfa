// Many clients that come at the same moment, as after a restart of theirs, and somebody who is there already.
import { setTimeout as sleep } from 'node:timers/promises';

import { quantile } from '../figures.ts';
import type { Plan } from '../plan.ts';
import { watch } from '../schedule.ts';
import type { ClientSession } from '../sessions.ts';
import type { Target } from '../targets.ts';

export interface Burst {
  readonly sessions: number;
  /** Until the last of them had its first answer to tools/list. */
  readonly allMs: number;
  readonly p50Ms: number;
  /** Sessions that did not open, and why the first of them did not. */
  readonly failed: number;
  readonly reason?: string;
  /** The slowest call of the client that was there already, before and meanwhile. */
  readonly neighbour: { readonly quietMs: number; readonly besideMs: number };
}

/** What is opened at once is closed a few at a time: that is not what is measured. */
const CLOSED_AT_A_TIME = 20;

/** The neighbour still calls so long after the last has opened. */
const AFTERMATH_MS = 200;

const LONGEST_MS = 60_000;

/** The target should serve processes that start fast: else their starts are measured. */
export async function measureBurst(plan: Plan, target: Target): Promise<Burst> {
  const neighbour = target.session();
  const sessions = Array.from({ length: plan.burst }, () => target.session());
  try {
    await neighbour.open();
    await watch(neighbour, plan.quietMs);
    const quiet = await watch(neighbour, plan.quietMs);
    let isOver = false;
    const watching = watch(neighbour, LONGEST_MS, () => isOver);
    const startedAt = performance.now();
    const outcomes = await Promise.allSettled(
      sessions.map(async (session) => {
        await session.open();
        return performance.now() - startedAt;
      }),
    );
    const opened = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    await sleep(AFTERMATH_MS);
    isOver = true;
    const beside = await watching;
    const sample = opened.map(({ value }) => value);
    return {
      sessions: sessions.length,
      allMs: quantile(sample, 1),
      p50Ms: quantile(sample, 0.5),
      failed: failures.length,
      ...(failures[0] && { reason: String(failures[0].reason) }),
      neighbour: { quietMs: quiet.maxMs, besideMs: beside.maxMs },
    };
  } finally {
    await neighbour.close();
    await closeAll(sessions);
  }
}

async function closeAll(sessions: readonly ClientSession[]): Promise<void> {
  const rest = sessions.values();
  const next = async (): Promise<void> => {
    for (const session of rest) await session.close();
  };
  await Promise.all(Array.from({ length: CLOSED_AT_A_TIME }, next));
}
