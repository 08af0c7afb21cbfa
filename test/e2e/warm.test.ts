// A pool that follows the openings it sees (`warm` with bounds): processes and session links of a real runner.
import { expect, test, vi, type TestContext } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startFaultyBridge } from './faulty-link.ts';
import { edgeSpares, METRICS_SETTINGS } from './gauges.ts';
import type { Bridge } from './harness.ts';
import { openSession, type RawSession } from './raw-session.ts';

const BURST = 4;

const start = async (
  { onTestFinished }: TestContext,
  warm: object,
  bridge: Readonly<Record<string, unknown>> = {},
): Promise<Bridge> => {
  const started = await startFaultyBridge(onTestFinished, {
    programs: { echo: ['echo'], other: ['echo'] },
    limits: { warm },
    settings: METRICS_SETTINGS,
    bridge,
  });
  return started.bridge;
};

const burst = (bridge: Bridge, count: number, server = 'echo'): Promise<RawSession[]> =>
  Promise.all(Array.from({ length: count }, () => openSession(bridge, server)));

const pidsOf = (sessions: readonly RawSession[]): Promise<number[]> =>
  Promise.all(sessions.map(async (session) => (await session.whoami()).pid));

const untilProcesses = async (bridge: Bridge, count: number): Promise<void> => {
  await vi.waitUntil(async () => (await bridge.processesLeft()).length === count, PATIENCE);
};

const untilSpares = async (bridge: Bridge, count: number): Promise<void> => {
  await vi.waitUntil(async () => (await edgeSpares(bridge)) === count, PATIENCE);
};

test('[R-13] [F-890] after a burst of openings the next burst finds processes and links that wait for it', async (context) => {
  const bridge = await start(context, { min: 0, max: BURST });
  expect(await bridge.processesLeft()).toEqual([]);
  const first = await pidsOf(await burst(bridge, BURST));
  await untilProcesses(bridge, 2 * BURST);
  await untilSpares(bridge, BURST);
  const waiting = new Set(await bridge.processesLeft());
  for (const pid of first) waiting.delete(pid);
  const second = await pidsOf(await burst(bridge, BURST));
  expect(second.filter((pid) => !waiting.has(pid))).toEqual([]);
  expect(new Set(second).size).toBe(BURST);
});

test('[F-891] after a lull they are gone, down to the least, and sessions are not touched', async (context) => {
  const bridge = await start(context, { min: 1, max: BURST, hold: '2s' });
  // One of each server waits from the start.
  await untilProcesses(bridge, 2);
  await untilSpares(bridge, 2);
  const sessions = await burst(bridge, BURST);
  const pids = await pidsOf(sessions);
  await vi.waitUntil(async () => ((await edgeSpares(bridge)) ?? 0) > 2, PATIENCE);
  await untilSpares(bridge, 2);
  await untilProcesses(bridge, BURST + 2);
  expect(await pidsOf(sessions)).toEqual(pids);
});

test('[F-893] processes that wait make room for sessions of another server', async (context) => {
  const bridge = await start(context, { min: 0, max: BURST }, { capacity: BURST + 2 });
  const many = await burst(bridge, BURST);
  await untilProcesses(bridge, BURST + 2);
  const others = await burst(bridge, 2, 'other');
  await untilSpares(bridge, 0);
  await untilProcesses(bridge, BURST + 2);
  const pids = await pidsOf([...many, ...others]);
  expect(new Set(await bridge.processesLeft())).toEqual(new Set(pids));
  expect(bridge.logs().filter((line) => line.includes('before it was used'))).toEqual([]);
});
