// This bridge over a distance: 80 ms of round trip between runner and edge and 40 ms between client and edge, so that nothing a client
// waits for can take less than 120 ms. On one machine, through lines of our own that deliver later.
import { setTimeout as sleep } from 'node:timers/promises';

import { quantile } from '../figures.ts';
import { ModernSession } from '../modern-session.ts';
import { startBridge, type Ours } from '../ours.ts';
import type { Plan } from '../plan.ts';
import { ECHO_COMMAND } from '../rivals.ts';
import { echo, HttpSession } from '../sessions.ts';
import { openDelayLine } from './delay-line.ts';

export const RUNNER_ROUND_TRIP_MS = 80;
export const CLIENT_ROUND_TRIP_MS = 40;

/** Medians, ms. The client's connection is there before: what it takes to dial is not the bridge's. */
export interface Distance {
  readonly callMs: number;
  /** `initialize` of a server whose processes are started ahead. */
  readonly warmOpenMs: number;
  /** The first request of a 2026-07-28 client that nobody asked this server for before. */
  readonly firstModernMs: number;
}

const [command = '', ...args] = ECHO_COMMAND;

/** A server of its own for each first call. */
const freshServer = (n: number): string => `fresh-${n}`;

const WARM = 2;

/** Spares and processes are there again after this. */
const REFILL_MS = 600;

export async function measureDistance(
  plan: Plan,
  edge: 'workerd' | 'node',
  track: (running: Pick<Ours, 'stop'>) => void,
): Promise<Distance> {
  const { distanceCalls: times } = plan;
  const [far, near] = [
    await openDelayLine(RUNNER_ROUND_TRIP_MS),
    await openDelayLine(CLIENT_ROUND_TRIP_MS),
  ];
  const fresh = Array.from({ length: times }, (_, n) => [
    freshServer(n),
    { command, args, bridge: { warm: 1 } },
  ]);
  let bridge: Ours | undefined;
  try {
    bridge = await startBridge({
      edge,
      logLevel: 'warn',
      servers: {
        ready: { command, args, bridge: { warm: WARM } },
        ...Object.fromEntries(fresh),
      },
      settings: { BRIDGE_HOSTS: [far, near].map(({ url }) => new URL(url).host).join(',') },
      linkThrough: async (url) => {
        for (const line of [far, near]) line.leadTo(url);
        return far.url;
      },
    });
    track(bridge);
    const urlOf = (server: string): URL => new URL(`/${server}/mcp`, near.url);
    await sleep(REFILL_MS);
    return {
      warmOpenMs: await medianOf(times, () => warmOpenMs(urlOf('ready'))),
      callMs: await callMs(urlOf('ready'), times),
      firstModernMs: await medianOf(times, (n) => firstModernMs(urlOf(freshServer(n)))),
    };
  } finally {
    await bridge?.stop();
    await Promise.all([far, near].map((line) => line.close()));
  }
}

async function medianOf(times: number, measure: (n: number) => Promise<number>): Promise<number> {
  const sample: number[] = [];
  for (let n = 0; n < times; n++) sample.push(await measure(n));
  return quantile(sample, 0.5);
}

async function warmOpenMs(url: URL): Promise<number> {
  await sleep(REFILL_MS);
  const session = new HttpSession(url);
  try {
    await dialAhead(session);
    return await session.initialize();
  } finally {
    await session.close();
  }
}

async function callMs(url: URL, times: number): Promise<number> {
  const session = new HttpSession(url);
  try {
    await session.open();
    return await medianOf(times, async (n) => {
      const outcome = await echo(session, `far ${n}`);
      if (outcome.kind !== 'right') throw new Error(`${outcome.kind}: ${outcome.reason}`);
      return outcome.ms;
    });
  } finally {
    await session.close();
  }
}

async function firstModernMs(url: URL): Promise<number> {
  const session = new ModernSession(url);
  try {
    await dialAhead(session);
    const outcome = await echo(session, 'the first');
    if (outcome.kind !== 'right') throw new Error(`${outcome.kind}: ${outcome.reason}`);
    return outcome.ms;
  } finally {
    await session.close();
  }
}

const dialAhead = ({ connection }: HttpSession | ModernSession) =>
  connection.exchange('GET', '/healthz', {});
