// The measures that every target gets: opening a session, latency of one client, calls a second of many, idle sessions.
import { setTimeout as sleep } from 'node:timers/promises';

import { quantile } from './figures.ts';
import type { Plan } from './plan.ts';
import {
  cpuBetween,
  readCpu,
  readMemory,
  type CpuReading,
  type MemoryReading,
} from './process-accounts.ts';
import { echo, type ClientSession, type Outcome } from './sessions.ts';
import type { Target } from './targets.ts';

/** CPU per call, µs. */
export interface CpuPerCall {
  readonly groups: Readonly<Record<string, number>>;
  /** All groups of the bridge. */
  readonly bridge: number;
  readonly processes: number;
  readonly client: number;
}

/** A closed loop: as many calls in flight as sessions. */
export interface Load {
  readonly sessions: number;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: CpuPerCall;
  readonly wrong: number;
  readonly lost: number;
  readonly refused: number;
  /** Why, for the first few that were not right. */
  readonly reasons: readonly string[];
}

export interface Opening {
  readonly p50Ms: number;
  readonly maxMs: number;
}

/** Idle sessions, each with its GET stream open. */
export interface Idle {
  readonly sessions: number;
  readonly openAllMs: number;
  readonly memory: Readonly<Record<string, MemoryReading>>;
  /** CPU of the bridge while nothing happens, percent of one core. */
  readonly cpuPercent: Readonly<Record<string, number>>;
}

export interface IdleCourse {
  /** After one session came and went: its code is loaded. */
  readonly base: Readonly<Record<string, MemoryReading>>;
  readonly steps: readonly Idle[];
  /** Sessions that still answered rightly at the end. */
  readonly answered: number;
}

/** Sessions that are opened or closed at a time. */
const AT_A_TIME = 4;

/** Clients of 2026-07-28 that call at the same time. */
export const MODERN_CLIENTS = 10;

/** A session that fails a call rests this long, so that a broken target does not spin. */
const FAILURE_REST_MS = 5;

const REASONS_KEPT = 4;

/** From the first byte of the handshake to the first answer to tools/list. */
export async function measureOpening(
  plan: Plan,
  newSession: () => ClientSession,
): Promise<Opening> {
  const sample: number[] = [];
  for (let n = 0; n < plan.opens; n++) {
    await sleep(plan.openPauseMs);
    const startedAt = performance.now();
    const session = newSession();
    try {
      await session.open();
      sample.push(performance.now() - startedAt);
    } finally {
      await session.close();
    }
  }
  return { p50Ms: quantile(sample, 0.5), maxMs: Math.max(...sample) };
}

/** Sessions that call before anything is counted, and the longest that they do: a slow target gets fewer calls. */
const WARM_UP_SESSIONS = 10;
const WARM_UP_LIMIT_MS = 15_000;

/** Calls until what serves them is compiled: as many of every target. */
export async function warmUp(plan: Plan, target: Target): Promise<void> {
  const sessions: ClientSession[] = [];
  try {
    await openMore(target, sessions, WARM_UP_SESSIONS);
    await callInLoops(sessions, WARM_UP_LIMIT_MS, plan.warmUpCalls);
  } finally {
    await atATime(sessions, (session) => session.close());
    await sleep(plan.settleMs);
  }
}

/** One client, one call after another. */
export function measureLatency(plan: Plan, target: Target): Promise<Load> {
  return measureLoad(plan, target, 1, plan.latencyLimitMs, plan.latencyCalls);
}

/** Calls a second at a number of sessions. */
export function measureThroughput(plan: Plan, target: Target, sessions: number): Promise<Load> {
  return measureLoad(plan, target, sessions, plan.loadMs, Number.POSITIVE_INFINITY);
}

/** As {@link measureThroughput}, by clients of 2026-07-28; undefined where none are served. */
export async function measureModern(plan: Plan, target: Target): Promise<Load | undefined> {
  const { modernSession } = target;
  if (modernSession === undefined) return undefined;
  const modern = { ...target, session: modernSession };
  return measureLoad(plan, modern, MODERN_CLIENTS, plan.loadMs, Number.POSITIVE_INFINITY);
}

/** Memory and CPU of the bridge with sessions that do nothing. The target should be fresh. */
export async function measureIdle(plan: Plan, target: Target): Promise<IdleCourse> {
  const first = target.session();
  await first.open();
  await first.close();
  await sleep(plan.settleMs);
  const base = readMemory(target);
  const sessions: ClientSession[] = [];
  const steps: Idle[] = [];
  try {
    for (const count of plan.idleCounts) {
      const startedAt = performance.now();
      await openMore(target, sessions, count);
      const openAllMs = performance.now() - startedAt;
      const isLast = count === plan.idleCounts.at(-1);
      await sleep(isLast ? plan.restMs : plan.settleMs);
      const watchMs = isLast ? plan.restWatchMs : plan.idleWatchMs;
      const before = readCpu(target);
      await sleep(watchMs);
      const { groups } = cpuBetween(before, readCpu(target));
      const cpuPercent = mapValues(groups, (seconds) => (seconds * 100_000) / watchMs);
      steps.push({ sessions: count, openAllMs, memory: readMemory(target), cpuPercent });
    }
    const outcomes: Outcome[] = [];
    await atATime(sessions, async (session, n) => {
      outcomes.push(await echo(session, `idle-${n}`));
    });
    return { base, steps, answered: outcomes.filter(({ kind }) => kind === 'right').length };
  } finally {
    await atATime(sessions, (session) => session.close());
  }
}

/** Opens sessions, calls without counting, then counts. */
async function measureLoad(
  plan: Plan,
  target: Target,
  count: number,
  loadMs: number,
  callLimit: number,
): Promise<Load> {
  const sessions: ClientSession[] = [];
  try {
    await openMore(target, sessions, count);
    await callInLoops(sessions, plan.warmUpMs, Number.POSITIVE_INFINITY);
    const before = readCpu(target);
    const startedAt = performance.now();
    const tally = await callInLoops(sessions, loadMs, callLimit);
    const seconds = (performance.now() - startedAt) / 1000;
    const calls = tally.sample.length;
    const { right: _, ...failures } = tally.counts;
    return {
      sessions: count,
      calls,
      callsPerSecond: calls / seconds,
      p50Ms: quantile(tally.sample, 0.5),
      p99Ms: quantile(tally.sample, 0.99),
      cpuUs: perCall(cpuBetween(before, readCpu(target)), calls),
      ...failures,
      reasons: tally.reasons,
    };
  } finally {
    await atATime(sessions, (session) => session.close());
    await sleep(plan.settleMs);
  }
}

interface Tally {
  /** Milliseconds of the right answers. */
  readonly sample: number[];
  readonly counts: Record<Outcome['kind'], number>;
  readonly reasons: string[];
}

/** Every session calls again as soon as it has its answer. Texts are unique over all sessions. */
export async function callInLoops(
  sessions: readonly ClientSession[],
  ms: number,
  limit: number,
): Promise<Tally> {
  const tally: Tally = {
    sample: [],
    counts: { right: 0, wrong: 0, lost: 0, refused: 0 },
    reasons: [],
  };
  const until = performance.now() + ms;
  let begun = 0;
  const loop = async (session: ClientSession, place: number): Promise<void> => {
    while (begun < limit && performance.now() < until) {
      begun += 1;
      const outcome = await echo(session, `session ${place} call ${begun}`);
      tally.counts[outcome.kind] += 1;
      if (outcome.kind === 'right') {
        tally.sample.push(outcome.ms);
        continue;
      }
      if (tally.reasons.length < REASONS_KEPT) tally.reasons.push(outcome.reason);
      await sleep(FAILURE_REST_MS);
    }
  };
  await Promise.all(sessions.map(loop));
  return tally;
}

/** CPU seconds as µs per call. */
export function perCall(cpu: CpuReading, calls: number): CpuPerCall {
  const us = (seconds: number): number => (seconds * 1e6) / calls;
  const groups = mapValues(cpu.groups, us);
  return {
    groups,
    bridge: Object.values(groups).reduce((sum, value) => sum + value, 0),
    processes: us(cpu.processes),
    client: us(cpu.client),
  };
}

/** Opens sessions, with their GET streams, until there are so many. */
export async function openMore(
  target: Target,
  sessions: ClientSession[],
  count: number,
): Promise<void> {
  const missing = Array.from({ length: count - sessions.length }, () => target.session());
  sessions.push(...missing);
  await atATime(missing, async (session) => {
    await session.open();
    await session.listen();
  });
}

async function atATime<Item>(
  items: readonly Item[],
  act: (item: Item, place: number) => Promise<void>,
): Promise<void> {
  const rest = items.entries();
  const next = async (): Promise<void> => {
    for (const [place, item] of rest) await act(item, place);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
}

function mapValues(
  record: Readonly<Record<string, number>>,
  map: (value: number) => number,
): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
