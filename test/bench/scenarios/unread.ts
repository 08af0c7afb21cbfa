// A client that asks for 128 MiB and reads nothing of it: what the bridge keeps in memory for it, and whether a neighbour notices.
import { request, type ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Plan } from '../plan.ts';
import { readMemory } from '../process-accounts.ts';
import { onSchedule, watch, type Watched } from '../schedule.ts';
import { HttpSession } from '../sessions.ts';
import type { Target } from '../targets.ts';

export interface Unread {
  readonly mib: number;
  /** The most memory (RSS) of the bridge meanwhile, above what it had before, MiB, by group. */
  readonly addedMiB: Readonly<Record<string, number>>;
  /** All of its groups at one moment. */
  readonly allAddedMiB: number;
  readonly quiet: Watched;
  readonly beside: Watched;
}

const MIB = 1024 * 1024;

const RESULTS = 32;
const RESULT_MIB = 4;

const LOOK_MS = 100;

/** The first answers come before the memory of all of them is looked at. */
const SETTLE_MS = 500;

/** Undefined for a target without HTTP. */
export async function measureUnread(plan: Plan, target: Target): Promise<Unread | undefined> {
  const [neighbour, reader] = [target.session(), target.session()];
  if (!(reader instanceof HttpSession)) return undefined;
  const asked: ClientRequest[] = [];
  try {
    await neighbour.open();
    await reader.open();
    // Buffers for large results are there before: what a client that reads costs is not counted.
    const bytes = RESULT_MIB * MIB;
    await reader.call('big', { bytes }, 'x'.repeat(bytes));
    await watch(neighbour, plan.quietMs);
    const quiet = await watch(neighbour, plan.unreadMs);
    const before = rssMiB(target);
    const most: Record<string, number> = {};
    let allAddedMiB = 0;
    const look = async (): Promise<void> => {
      let all = 0;
      for (const [group, mib] of Object.entries(rssMiB(target))) {
        const added = mib - (before[group] ?? 0);
        most[group] = Math.max(most[group] ?? 0, added);
        all += added;
      }
      allAddedMiB = Math.max(allAddedMiB, all);
    };
    for (let n = 0; n < RESULTS; n++) asked.push(askWithoutReading(reader, n));
    const [, beside] = await Promise.all([
      onSchedule(LOOK_MS, plan.unreadMs + SETTLE_MS, look),
      sleep(SETTLE_MS).then(() => watch(neighbour, plan.unreadMs)),
    ]);
    return { mib: RESULTS * RESULT_MIB, addedMiB: most, allAddedMiB, quiet, beside };
  } finally {
    for (const each of asked) each.destroy();
    await neighbour.close();
    await reader.close();
  }
}

function askWithoutReading({ url, headers }: HttpSession, n: number): ClientRequest {
  const { hostname, port, pathname: path } = url;
  const asked = request({ method: 'POST', hostname, port, path, headers, agent: false });
  asked.on('error', () => undefined);
  asked.on('response', (response) => response.pause().on('error', () => undefined));
  const params = { name: 'big', arguments: { bytes: RESULT_MIB * MIB } };
  asked.end(JSON.stringify({ jsonrpc: '2.0', id: 1_000 + n, method: 'tools/call', params }));
  return asked;
}

const rssMiB = (target: Target): Record<string, number> =>
  Object.fromEntries(
    Object.entries(readMemory(target)).map(([group, { rssKiB }]) => [group, rssKiB / 1024]),
  );
