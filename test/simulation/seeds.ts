// Runs seeds on every core: a seed is a world of its own, so that one core knows nothing of another's.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AccessWorld } from './access-world.ts';
import { check } from './history.ts';
import { World } from './world.ts';

/**
 * What a seed makes: a deployment with its sessions, one that serves a virtual server, one whose sessions share processes, or an access
 * actor with those who sign in.
 */
export const WORLDS = ['sessions', 'virtual', 'shared', 'access'] as const;

export type WorldName = (typeof WORLDS)[number];

/** What one run showed. */
export interface SeedReport {
  readonly seed: number;
  /** Calls; of the access actor refreshes. */
  readonly calls: number;
  /** The rules it breaks; empty when all hold. */
  readonly faults: readonly string[];
  /** What led there; only of a run that breaks a rule. */
  readonly trace: readonly string[];
}

/** Seeds that a core is given at a time. */
const SHARE = 50;

export const reportOf = (world: WorldName, seed: number): SeedReport =>
  world === 'access' ? reportOfAccess(seed) : reportOfSessions(seed, world);

function reportOfAccess(seed: number): SeedReport {
  const world = new AccessWorld(seed);
  const faults = world.run();
  return { seed, calls: world.refreshes, faults, trace: [] };
}

function reportOfSessions(seed: number, world: WorldName): SeedReport {
  const options = { isVirtual: world === 'virtual', isShared: world === 'shared' };
  const history = new World(seed, undefined, options).run();
  const faults = check(history);
  return {
    seed,
    calls: history.calls.size,
    faults,
    trace: faults.length === 0 ? [] : history.trace,
  };
}

/** Runs `count` seeds from `first` on; `take` hears of each share of them in the order in which they end, and ends it all by false. */
export async function runSeeds(
  world: WorldName,
  first: number,
  count: number,
  take: (reports: readonly SeedReport[]) => boolean,
): Promise<void> {
  const until = first + count;
  let next = first;
  let isOver = false;
  const cores = Math.min(availableParallelism(), Math.ceil(count / SHARE));
  await Promise.all(
    Array.from({ length: cores }, async () => {
      const worker = new Worker(new URL('seed-worker.ts', import.meta.url), { execArgv: [] });
      try {
        while (!isOver && next < until) {
          const from = next;
          next = Math.min(until, next + SHARE);
          // oxlint-disable-next-line no-await-in-loop -- a core does one share after the other
          const reports = await shareOf(worker, { world, from, until: next });
          if (!isOver && !take(reports)) isOver = true;
        }
      } catch (error) {
        isOver = true;
        throw error;
      } finally {
        await worker.terminate();
      }
    }),
  );
}

/** Seeds from one on until before another. */
export interface Share {
  readonly world: WorldName;
  readonly from: number;
  readonly until: number;
}

async function shareOf(worker: Worker, share: Share): Promise<readonly SeedReport[]> {
  const answered = once(worker, 'message');
  worker.postMessage(share);
  const [reports] = (await answered) as [readonly SeedReport[]];
  return reports;
}
