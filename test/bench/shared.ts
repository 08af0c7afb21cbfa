// Very many sessions of one server whose processes they share (`sharing`): memory, processes, how fast sessions open and how long calls
// take, as their number grows. Edge (on Node) and runner are programs of their own, so that the memory of each is known.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { serverOfEra } from './eras.ts';
import { quantile } from './figures.ts';
import { HttpConnection } from './http-connection.ts';
import { startBridge, type Ours } from './ours.ts';
import type { SharedPlan } from './plan.ts';
import { load1, pidsBelow, readOwnCpu } from './process-accounts.ts';
import { onSchedule } from './schedule.ts';
import { echo, HttpSession } from './sessions.ts';

/** Stateless, and as small as a server on Node can be. */
const SERVER = serverOfEra('legacy');

/** One principal may have 100 sessions: so many have 50 each at the end. */
const PRINCIPALS = 200;

/** Connections that the sessions share: the edge has a link for each session already, and a program may have so many files only. */
const CONNECTIONS = 64;

/** Sessions that are opened at a time. */
const OPENED_AT_A_TIME = 32;

/** Each so many-th session keeps a GET stream open. */
const LISTENS_EVERY = 10;

const REASONS_KEPT = 3;

/** What there is at a number of sessions. Memory is resident memory in MiB. */
export interface SharedPoint {
  readonly sessions: number;
  /** That listen on a GET stream. */
  readonly streams: number;
  readonly openedPerSecond: number;
  readonly openP99Ms: number;
  /** Processor time of edge and runner for each session that opened, in ms: it means the same on a busy machine. */
  readonly openEdgeCpuMs: number;
  readonly openRunnerCpuMs: number;
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Calls without a right answer, and why the first of them. */
  readonly errors: number;
  readonly reasons: readonly string[];
  readonly edgeMiB: number;
  readonly runnerMiB: number;
  readonly processesMiB: number;
  readonly processes: number;
  readonly load1: number;
}

export interface SharedResults {
  readonly points: readonly SharedPoint[];
  /** Files that a program of this machine may have open. */
  readonly files: string;
  /** Why it ended before the last point. */
  readonly failure?: string;
}

interface Watch {
  readonly say: (words: string) => void;
  /** Told of what runs, so that an interrupted bench ends it. */
  readonly track: (running: Pick<Ours, 'stop'>) => void;
}

export async function measureShared(
  { counts, everyMs, callMs, settleMs }: SharedPlan,
  { say, track }: Watch,
): Promise<SharedResults> {
  const keys = Array.from({ length: PRINCIPALS }, () => mintClientKey());
  const clients = keys.map((key, at) => [
    `client${at}`,
    { key: hashCredential(key), servers: ['*'] },
  ]);
  const bridge = await startBridge({
    edge: 'node',
    servers: { shared: { ...SERVER, bridge: { sharing: 'server' } } },
    capacity: counts.at(-1) ?? 0,
    logLevel: 'warn',
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify(Object.fromEntries(clients)),
    },
  });
  track(bridge);
  const url = bridge.url('shared');
  const connections = Array.from({ length: CONNECTIONS }, () => new HttpConnection(url));
  const sessions: HttpSession[] = [];
  const points: SharedPoint[] = [];
  const files = /^Max open files +(\d+)/mu.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const newSession = (at: number): HttpSession => {
    const credential = { authorization: `Bearer ${keys[at % PRINCIPALS]}` };
    return new HttpSession(url, credential, connections[at % CONNECTIONS]);
  };
  try {
    for (const count of counts) {
      say(`shared: ${count} sessions`);
      const before = sessions.length;
      const cpu = ownCpuMs(bridge);
      const opened = await grow(sessions, count, newSession);
      const spent = ownCpuMs(bridge);
      const cpuOf = (of: 'edge' | 'runner'): number => (spent[of] - cpu[of]) / (count - before);
      say(`  ${Math.round(opened.openedPerSecond)} opened a second`);
      await sleep(settleMs);
      const called = await callAround(sessions, everyMs, callMs);
      points.push({
        sessions: count,
        ...opened,
        openEdgeCpuMs: cpuOf('edge'),
        openRunnerCpuMs: cpuOf('runner'),
        ...called,
        ...memoryOf(bridge),
        load1: load1(),
      });
    }
    return { points, files: files ?? '?' };
  } catch (error) {
    return { points, files: files ?? '?', failure: String(error) };
  } finally {
    for (const connection of connections) connection.close();
    await bridge.stop();
  }
}

/** Opens sessions, some at a time, until there are so many. Rejects when one does not open. */
async function grow(
  sessions: HttpSession[],
  count: number,
  newSession: (at: number) => HttpSession,
): Promise<Pick<SharedPoint, 'streams' | 'openedPerSecond' | 'openP99Ms'>> {
  const before = sessions.length;
  const took: number[] = [];
  let next = before;
  const open = async (): Promise<void> => {
    while (next < count) {
      const at = next++;
      const session = newSession(at);
      const startedAt = performance.now();
      await session.open();
      took.push(performance.now() - startedAt);
      if (at % LISTENS_EVERY === 0) await session.listen();
      sessions.push(session);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: OPENED_AT_A_TIME }, open));
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    streams: Math.ceil(count / LISTENS_EVERY),
    openedPerSecond: (count - before) / seconds,
    openP99Ms: quantile(took, 0.99),
  };
}

function ownCpuMs({ edge, runner }: Ours): Record<'edge' | 'runner', number> {
  const groups = { edge: edge.pid, runner: runner.pid };
  const spent = readOwnCpu({ groups, ancestors: [] });
  return { edge: (spent['edge'] ?? 0) / 1_000, runner: (spent['runner'] ?? 0) / 1_000 };
}

/** Calls at a fixed rate, each from another session, spread over all of them. */
async function callAround(
  sessions: readonly HttpSession[],
  everyMs: number,
  callMs: number,
): Promise<Pick<SharedPoint, 'calls' | 'p50Ms' | 'p99Ms' | 'maxMs' | 'errors' | 'reasons'>> {
  const stride = Math.max(1, Math.floor((sessions.length * everyMs) / callMs));
  const sample: number[] = [];
  const reasons: string[] = [];
  await onSchedule(everyMs, callMs, async (n) => {
    const session = sessions[(n * stride) % sessions.length];
    const outcome = session && (await echo(session, `call ${n}`));
    if (outcome?.kind === 'right') sample.push(outcome.ms);
    else reasons.push(outcome?.reason ?? 'no session');
  });
  return {
    calls: sample.length,
    p50Ms: quantile(sample, 0.5),
    p99Ms: quantile(sample, 0.99),
    maxMs: quantile(sample, 1),
    errors: reasons.length,
    reasons: reasons.slice(0, REASONS_KEPT),
  };
}

function memoryOf({
  edge,
  runner,
}: Ours): Pick<SharedPoint, 'edgeMiB' | 'runnerMiB' | 'processesMiB' | 'processes'> {
  // Without what only watches over the runner.
  const [program = ''] = SERVER.args;
  const processes = pidsBelow([runner.pid]).filter((pid) => commandOf(pid).includes(program));
  return {
    edgeMiB: residentMiB(edge.pid),
    runnerMiB: residentMiB(runner.pid),
    processesMiB: processes.reduce((sum, pid) => sum + residentMiB(pid), 0),
    processes: processes.length,
  };
}

/** Nothing of one that has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** 0 of one that has ended. */
function residentMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
