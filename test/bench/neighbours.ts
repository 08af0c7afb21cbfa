// One client and its process, with an adversary beside them on the same bridge: does the neighbour notice? Each adversary is
// measured against a quiet time just before it, in one run. Calls are sent on a schedule, not after the last answer, so
// that a bridge which stands still for five seconds shows as a hundred late calls and not as one.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { startBadEdge, type BadEdge } from './adversaries/edge.ts';
import { BAD_CLIENTS, BAD_PROCESSES, badServer, VICTIM } from './adversaries/kinds.ts';
import type { EdgeHost } from './credentials.ts';
import { quantile } from './figures.ts';
import { startBridge, type Ours } from './ours.ts';
import { readMemory } from './process-accounts.ts';
import { ECHO_COMMAND } from './rivals.ts';
import { onSchedule } from './schedule.ts';
import { echo, HttpSession } from './sessions.ts';

/** Sizes of a run. */
export interface NeighbourPlan {
  /** A call of each neighbour is due this often. */
  readonly everyMs: number;
  /** Length of the quiet time, and of the time with the adversary. */
  readonly watchMs: number;
  /** Whether the neighbour opens further sessions meanwhile. */
  readonly isOpening: boolean;
}

export const NEIGHBOUR_PLANS: { readonly full: NeighbourPlan; readonly quick: NeighbourPlan } = {
  full: { everyMs: 20, watchMs: 8_000, isOpening: true },
  quick: { everyMs: 20, watchMs: 1_500, isOpening: true },
};

/** What the neighbour saw in one time. */
export interface Seen {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly errors: number;
  readonly reasons: readonly string[];
  /** Sessions that were opened, used once and closed meanwhile; the slowest of them. */
  readonly opens: number;
  readonly slowestOpenMs: number;
  /** The runner's and the edge's most resident memory, MiB. */
  readonly runnerMiB: number;
  readonly edgeMiB: number;
}

export interface NeighbourResult {
  readonly kind: 'process' | 'client' | 'edge';
  readonly adversary: string;
  readonly quiet?: Seen;
  readonly beside?: Seen;
  readonly failure?: string;
}

const BAD_EDGE = 'bad-edge';

/** The adversary works this long before it is measured against. */
const SETTLE_MS = 1_000;

const OPEN_EVERY_MS = 1_000;

const MEMORY_EVERY_MS = 250;

const REASONS_KEPT = 3;

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const [command = '', ...args] = ECHO_COMMAND;

const SERVERS = {
  neighbour: { command, args },
  [VICTIM]: { command, args },
  ...Object.fromEntries(
    BAD_PROCESSES.map((kind) => [
      badServer(kind),
      { command: process.execPath, args: [program('adversaries/process.mjs'), kind] },
    ]),
  ),
};

/** Who is told what goes on. */
interface Told {
  say(words: string): void;
  /** Of what runs, so that an interrupted bench ends it. */
  track(running: Pick<Ours, 'stop'>): void;
}

/** All adversaries, or those named, one after the other. */
export async function measureNeighbours(
  plan: NeighbourPlan,
  host: EdgeHost,
  only: readonly string[] | undefined,
  { say, track }: Told,
): Promise<NeighbourResult[]> {
  const isWanted = (name: string): boolean => only === undefined || only.includes(name);
  const results: NeighbourResult[] = [];
  const add = (result: NeighbourResult): void => {
    results.push(result);
    const { quiet, beside, failure } = result;
    const p99 = [quiet, beside].map((seen) => seen?.p99Ms.toFixed(1)).join(' → ');
    say(
      `  p99 ${p99} ms, ${beside?.errors ?? 0} errors${failure === undefined ? '' : `, ${failure}`}`,
    );
  };
  const misused = async (
    kind: NeighbourResult['kind'],
    adversary: string,
    [program, server]: readonly [string, string],
  ): Promise<void> => {
    say(`bad ${kind}: ${adversary}`);
    const neighbourhood = await Neighbourhood.open(plan, host);
    track(neighbourhood);
    try {
      const comparison = await neighbourhood.compare(() =>
        neighbourhood.adversary(program, server),
      );
      add({ kind, adversary, ...comparison });
    } finally {
      await neighbourhood.stop();
    }
  };
  for (const kind of BAD_PROCESSES.filter(isWanted))
    await misused('process', kind, ['drives', badServer(kind)]);
  for (const kind of BAD_CLIENTS.filter(isWanted)) await misused('client', kind, [kind, VICTIM]);
  if (isWanted(BAD_EDGE)) {
    say(BAD_EDGE);
    add({ kind: 'edge', adversary: BAD_EDGE, ...(await besideBadEdge(plan, host, track)) });
  }
  return results;
}

/** Sessions cannot be opened while the control link breaks, so the neighbour opens none beside this one. */
async function besideBadEdge(
  plan: NeighbourPlan,
  host: EdgeHost,
  track: (running: Pick<Ours, 'stop'>) => void,
): Promise<Comparison> {
  const edge = Promise.withResolvers<BadEdge>();
  const neighbourhood = await Neighbourhood.open(
    { ...plan, isOpening: false },
    host,
    async (url) => {
      const bad = await startBadEdge(url);
      edge.resolve(bad);
      return bad.url;
    },
  );
  track(neighbourhood);
  const bad = await edge.promise;
  try {
    return await neighbourhood.compare(() => {
      bad.turn(true);
      const driver = neighbourhood.adversary('drives', VICTIM);
      return {
        stop: async () => {
          bad.turn(false);
          await driver.stop();
        },
      };
    });
  } finally {
    await neighbourhood.stop();
    await bad.close();
  }
}

type Comparison = Pick<NeighbourResult, 'quiet' | 'beside' | 'failure'>;

interface Adversary {
  stop(): Promise<void>;
}

/** The clients' keys. */
interface Keys {
  readonly neighbour: string;
  readonly adversary: string;
}

/** A bridge with a neighbour on it and room for an adversary. */
class Neighbourhood {
  readonly #plan: NeighbourPlan;
  readonly #bridge: Ours;
  readonly #keys: Keys;

  private constructor(plan: NeighbourPlan, bridge: Ours, keys: Keys) {
    this.#plan = plan;
    this.#bridge = bridge;
    this.#keys = keys;
  }

  static async open(
    plan: NeighbourPlan,
    edge: EdgeHost,
    linkThrough?: (edgeUrl: string) => Promise<string>,
  ): Promise<Neighbourhood> {
    const keys = { neighbour: mintClientKey(), adversary: mintClientKey() };
    const clients = Object.entries(keys).map(([name, key]) => [
      name,
      { key: hashCredential(key), servers: ['*'] },
    ]);
    const bridge = await startBridge({
      edge,
      servers: SERVERS,
      logLevel: 'info',
      settings: {
        BRIDGE_CLIENT_AUTH: 'keys',
        BRIDGE_CLIENTS: JSON.stringify(Object.fromEntries(clients)),
      },
      ...(linkThrough && { linkThrough }),
    });
    return new Neighbourhood(plan, bridge, keys);
  }

  stop(): Promise<void> {
    return this.#bridge.stop();
  }

  /** Starts a kind of client.ts at a server. */
  adversary(kind: string, server: string): Adversary {
    const url = this.#bridge.url(server).href;
    const { process: child, ...pipes } = spawnBound(
      process.execPath,
      [program('adversaries/client.ts'), kind, url, this.#keys.adversary],
      { cwd: process.cwd(), env: process.env },
    );
    pipes.stdout.resume();
    pipes.stderr.resume();
    return { stop: () => ended(child) };
  }

  /** What a neighbour sees before and beside an adversary. */
  async compare(start: () => Adversary): Promise<Comparison> {
    const session = this.#session();
    try {
      await session.open();
      await this.#watch(session, SETTLE_MS);
      const quiet = await this.#watch(session, this.#plan.watchMs);
      const adversary = start();
      try {
        await sleep(SETTLE_MS);
        return { quiet, beside: await this.#watch(session, this.#plan.watchMs) };
      } finally {
        await adversary.stop();
      }
    } catch (error) {
      return { failure: String(error) };
    } finally {
      await session.close();
    }
  }

  #session(): HttpSession {
    const credential = { authorization: `Bearer ${this.#keys.neighbour}` };
    return new HttpSession(this.#bridge.url('neighbour'), credential);
  }

  async #watch(session: HttpSession, watchMs: number): Promise<Seen> {
    const sample: number[] = [];
    const reasons: string[] = [];
    const opens: number[] = [];
    const memory = { runner: 0, edge: 0 };
    const call = async (n: number): Promise<void> => {
      const outcome = await echo(session, `call ${n}`);
      if (outcome.kind === 'right') sample.push(outcome.ms);
      else reasons.push(outcome.reason);
    };
    const open = async (): Promise<void> => {
      const startedAt = performance.now();
      const another = this.#session();
      try {
        await another.open();
        opens.push(performance.now() - startedAt);
      } catch (error) {
        reasons.push(`open: ${String(error)}`);
      } finally {
        await another.close();
      }
    };
    const look = async (): Promise<void> => {
      const groups = { runner: this.#bridge.runner.pid, edge: this.#bridge.edge.pid };
      try {
        const { runner, edge } = readMemory({ groups, ancestors: [] });
        memory.runner = Math.max(memory.runner, runner?.rssKiB ?? 0);
        memory.edge = Math.max(memory.edge, edge?.rssKiB ?? 0);
      } catch {
        reasons.push('the runner or the edge has ended');
      }
    };
    await Promise.all([
      onSchedule(this.#plan.everyMs, watchMs, call),
      onSchedule(OPEN_EVERY_MS, this.#plan.isOpening ? watchMs : 0, open),
      onSchedule(MEMORY_EVERY_MS, watchMs, look),
    ]);
    return {
      calls: sample.length,
      p50Ms: quantile(sample, 0.5),
      p99Ms: quantile(sample, 0.99),
      maxMs: quantile(sample, 1),
      errors: reasons.length,
      reasons: reasons.slice(0, REASONS_KEPT),
      opens: opens.length,
      slowestOpenMs: quantile(opens, 1),
      runnerMiB: memory.runner / 1024,
      edgeMiB: memory.edge / 1024,
    };
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
