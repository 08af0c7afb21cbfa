// One soak: a bridge under mixed load and faults for some minutes, then stillness, and what is left and what was broken.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { METRICS_SETTINGS, socketsTo } from '../e2e/gauges.ts';
import { startBridge, type Bridge } from '../e2e/harness.ts';
import { readJournal, temporaryFolder } from '../e2e/journal.ts';
import { Chance } from '../simulation/clock.ts';
import { Evidence } from './evidence.ts';
import { Faults } from './faults.ts';
import { HTTP_SSE_KIND } from './http-sse-load.ts';
import { newAsk, type Ground, type LoadKind, type LoadSession } from './load-session.ts';
import { OFFICIAL_KINDS } from './official-load.ts';
import { STREAMABLE_KINDS } from './streamable-load.ts';
import { tableHead, tableRow, Watch, type Reading } from './watch.ts';

export interface SoakOptions {
  /** How long load and faults go on. */
  readonly ms: number;
  readonly seed: number;
  /** One line of the report at a time. */
  readonly print: (line: string) => void;
  /**
   * `rude`: half of the clients vanish, some in the middle of calls, whose answers the runner must keep for five
   * minutes: the end takes that long. `polite`: each ends its session.
   */
  readonly clients: 'rude' | 'polite';
}

export interface SoakResult {
  readonly calls: number;
  readonly faults: number;
  readonly violations: readonly string[];
}

/** By hand twice: they show more than the official clients, which are there for their own habits. */
const KINDS: readonly LoadKind[] = [
  HTTP_SSE_KIND,
  HTTP_SSE_KIND,
  ...STREAMABLE_KINDS,
  ...STREAMABLE_KINDS,
  ...STREAMABLE_KINDS,
  ...OFFICIAL_KINDS,
];

/** Clients at a time: what two cores serve without queueing, so that lateness means something. */
const CLIENTS = 24;

/** Several servers, so that kills which open one's breaker leave the others. */
const SERVERS = Array.from({ length: 8 }, (_, index) => `echo-${index}`);

/** A virtual server over real servers, the fixture and one of 2026-07-28, in a share of the sessions: each has a process for each member it uses. */
const VIRTUAL = 'work';
const VIRTUAL_SHARE = 0.15;
const MEMBERS = 5;

const program = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

/** Short, so that sessions whose client vanished or idles come and go during the soak. */
const TIMES = { idleTimeout: '20s', vanishTimeout: '5s' };

/** Edge and runner are killed in this part of the time; in the rest what grows can add up. */
const HEAVY_SHARE = 0.6;

const WATCH_MS = 10_000;

/** After the load: the window of R-4 (5 min), the idle time, and a margin for a loaded machine. */
const STILL_MS = 6.5 * 60_000;

/** What a soak may take beside its load: it waits twice for stillness, lets go, starts and stops. It ends with its report in any case. */
export const AROUND_MS = 2 * STILL_MS + 3 * 60_000;

/** Descriptors that may stay beside those of a fresh bridge: kept-alive connections of the figures' own requests. */
const FILES_MARGIN = 8;

/**
 * Resident memory that may stay beside that of a fresh bridge. V8 keeps what it has grown to: the runner levels off some
 * 110 MiB above its start with a constant live heap, the edge some 210 MiB. A leak of 60 KiB a session passes the runner's in a thousand.
 */
const EDGE_MARGIN_MIB = 256;
const RUNNER_MARGIN_MIB = 160;

/** Runs a soak. Rejects only when the bridge itself did not start or did not come back. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { folder, remove } = temporaryFolder();
  const journal = `${folder}/journal`;
  const server = {
    command: process.execPath,
    args: [fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url))],
    env: { JOURNAL: journal, JOURNAL_STARTS: '1' },
    bridge: TIMES,
  };
  const modern = fileURLToPath(new URL('../fixtures/servers/modern-tasks.mjs', import.meta.url));
  const members = {
    plain: server,
    everything: { command: program('mcp-server-everything'), args: ['stdio'] },
    memory: {
      command: program('mcp-server-memory'),
      env: { MEMORY_FILE_PATH: `${folder}/memory.json` },
    },
    filesystem: { command: program('mcp-server-filesystem'), args: [folder] },
    modern: { command: process.execPath, args: [modern] },
  };
  const bridge = await startBridge({
    servers: { ...Object.fromEntries(SERVERS.map((name) => [name, server])), ...members },
    bridge: {
      virtual: {
        [VIRTUAL]: {
          members: {
            plain: { prefix: '' },
            everything: {},
            memory: {},
            filesystem: {},
            modern: {},
          },
          ...TIMES,
        },
      },
    },
    settings: METRICS_SETTINGS,
  });
  try {
    return await new Soak(options, bridge, journal).run();
  } catch (error) {
    for (const line of bridge.logs().slice(-LOG_TAIL_LINES)) options.print(line);
    throw error;
  } finally {
    await bridge.stop().catch((error: unknown) => options.print(String(error)));
    remove();
  }
}

const LOG_TAIL_LINES = 60;

class Soak {
  readonly #options: SoakOptions;
  readonly #bridge: Bridge;
  readonly #journal: string;
  readonly #evidence = new Evidence();
  readonly #watch: Watch;
  readonly #chance: Chance;
  #sessions = 0;
  #clients = 0;

  constructor(options: SoakOptions, bridge: Bridge, journal: string) {
    this.#options = options;
    this.#bridge = bridge;
    this.#journal = journal;
    this.#watch = new Watch(bridge);
    this.#chance = new Chance(options.seed);
  }

  async run(): Promise<SoakResult> {
    const { ms, seed, print } = this.#options;
    print(`seed ${seed}`);
    print(tableHead());
    // One session of each kind first: what is loaded on first use belongs to the level that is compared with.
    const calm = new AbortController();
    for (const kind of KINDS) await this.#live(kind, 0, calm.signal);
    await this.#untilStill();
    const base = await this.#read();

    const over = AbortSignal.timeout(ms);
    const { evidence, bridge } = { evidence: this.#evidence, bridge: this.#bridge };
    const faults = new Faults({
      bridge,
      evidence,
      chance: new Chance(seed + 1),
      lightFrom: Date.now() + ms * HEAVY_SHARE,
      log: (words) => print(`  ${new Date().toISOString().slice(11, 23)} ${words}`),
    });
    const readings: Reading[] = [base];
    await Promise.all([
      faults.run(over),
      this.#keepReading(over, readings),
      ...Array.from({ length: CLIENTS }, () => this.#keepClient(over)),
    ]);
    await this.#untilStill();
    await this.#untilLetGo(base);
    const end = await this.#read();
    await this.#printLeft();
    const violations = [
      ...evidence.violations(readJournal(this.#journal)),
      ...excess(readings),
      ...growth(base, end),
    ];
    for (const violation of violations) {
      print(`violation: ${violation}`);
      for (const line of this.#logOf(violation)) print(`    ${line}`);
    }
    print([...faults.counts].map(([name, count]) => `${name} ${count}`).join(', '));
    print(`${this.#sessions} sessions; outcomes: ${this.#outcomes()}`);
    print(
      `edge storage: ${Math.round(((end.storageKiB - base.storageKiB) * 10) / this.#sessions) / 10} KiB a session`,
    );
    return { calls: evidence.calls, faults: evidence.faults, violations };
  }

  async #read(): Promise<Reading> {
    const reading = await this.#watch.read({ clients: this.#clients, calls: this.#evidence.calls });
    this.#options.print(tableRow(reading));
    return reading;
  }

  async #keepReading(over: AbortSignal, readings: Reading[]): Promise<void> {
    while (!over.aborted) {
      readings.push(await this.#read());
      await sleep(WATCH_MS, undefined, { signal: over }).catch(() => undefined);
    }
  }

  /** One client after another, each with a session of its own. */
  async #keepClient(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const rounds = this.#chance.between(1, 25);
      const isOpen = await this.#live(this.#chance.pick(KINDS), rounds, over);
      // Clients back off when they are not let in.
      await sleep(isOpen ? this.#chance.between(0, 500) : 1_000);
    }
  }

  /** The life of one session; false when it could not be opened. */
  async #live(kind: LoadKind, rounds: number, over: AbortSignal): Promise<boolean> {
    this.#sessions += 1;
    const isVirtual = this.#chance.happens(VIRTUAL_SHARE);
    const ground: Ground = {
      bridge: this.#bridge,
      evidence: this.#evidence,
      chance: this.#chance,
      server: isVirtual ? VIRTUAL : this.#chance.pick(SERVERS),
      isVirtual,
      name: `s${this.#sessions}`,
    };
    this.#evidence.opens(ground.name, kind.transport, isVirtual);
    const session = await kind.open(ground);
    if (!session) return false;
    this.#clients += 1;
    for (let round = 0; round < rounds && !session.isOver && !over.aborted; round += 1) {
      await this.#round(session, ground);
    }
    await this.#leave(session, ground);
    this.#clients -= 1;
    return true;
  }

  async #round(session: LoadSession, ground: Ground): Promise<void> {
    const chance = this.#chance;
    const count = chance.happens(0.3) ? chance.between(2, 5) : 1;
    const calls = Array.from({ length: count }, () => session.call(newAsk(ground)));
    if (chance.happens(0.2)) calls.push(session.note().then(() => session.note()));
    if (chance.happens(0.08)) {
      calls.push(sleep(chance.between(1, 1_500)).then(() => session.cut()));
    }
    await Promise.all(calls);
    await sleep(chance.between(0, 800));
  }

  async #leave(session: LoadSession, ground: Ground): Promise<void> {
    const chance = this.#chance;
    if (this.#options.clients === 'polite' || chance.happens(0.5)) return session.end();
    if (chance.happens(0.7)) return session.vanish();
    // In the middle of a call.
    const call = session.call(newAsk(ground));
    await sleep(chance.between(0, 500));
    session.vanish();
    await call;
  }

  /** Waits until nothing is left of any session, or as long as that may take. */
  async #untilStill(): Promise<void> {
    const until = Date.now() + STILL_MS;
    while (Date.now() < until) {
      const { atEdge, atRunner, processes } = await this.#watch.read({ clients: 0, calls: 0 });
      if (atEdge === 0 && atRunner === 0 && processes === 0) return;
      await sleep(STILL_POLL_MS);
    }
  }

  /** workerd lets go of actors that are not used any more, and of their files, some time after their last word. */
  async #untilLetGo(base: Reading): Promise<void> {
    const until = Date.now() + LET_GO_MS;
    while (Date.now() < until) {
      const reading = await this.#watch.read({ clients: 0, calls: 0 });
      if (growth(base, reading).length === 0) return;
      await sleep(STILL_POLL_MS);
    }
  }

  /** The sessions whose processes are left, for finding out why. */
  async #printLeft(): Promise<void> {
    const { print } = this.#options;
    const pids = await this.#bridge.processesLeft();
    if (pids.length === 0) return;
    const own = socketsTo(process.pid, Number(new URL(this.#bridge.url).port));
    print(`${pids.length} processes are left; the clients hold ${own} connections`);
    const facts = readJournal(this.#journal);
    for (const pid of pids) {
      print(`  pid ${pid}: ${this.#evidence.sessionOn(pid, facts)}`);
      for (const line of this.#logOf(`"pids":[${pid}]`)) print(`    ${line}`);
    }
  }

  /** What the runner said of the sessions whose process a violation names. */
  #logOf(violation: string): string[] {
    const pids = /"pids":\[([\d,]+)\]/u.exec(violation)?.[1]?.split(',') ?? [];
    const lines = this.#bridge.logs();
    const opened = lines.filter((line) => pids.some((pid) => line.includes(`"pid":${pid}}`)));
    const ids = opened.map((line) => /"session":"([\w-]+)"/u.exec(line)?.[1] ?? 'none');
    const all = lines.filter((line) => ids.some((id) => line.includes(id)));
    return all.slice(-LOG_TAIL_LINES);
  }

  #outcomes(): string {
    const counts = new Map<string, number>();
    for (const { outcomes, isForsaken } of this.#evidence.history.calls.values()) {
      const [first = isForsaken ? 'forsaken' : 'none'] = outcomes;
      const name = first.startsWith('result:') ? 'result' : first;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  }
}

/** Several times the ten seconds for which workerd keeps an idle actor. */
const LET_GO_MS = 60_000;

const STILL_POLL_MS = 1_000;

/** Processes beyond what the runner's sessions may have in two readings on end: one may fall between a start and its note. */
function excess(readings: readonly Reading[]): string[] {
  const isExcess = ({ processes, atRunner }: Reading): boolean =>
    atRunner !== undefined && processes > atRunner * MEMBERS;
  return readings.flatMap((reading, index) => {
    const before = readings[index - 1];
    if (!before || !isExcess(before) || !isExcess(reading)) return [];
    const { atS, processes, atRunner } = reading;
    return [`R-11: at ${atS} s there were ${processes} processes for ${atRunner} sessions`];
  });
}

/** What stayed although every client is gone. */
function growth(base: Reading, end: Reading): string[] {
  const bounds: readonly (readonly [what: string, value: number | undefined, most: number])[] = [
    ['processes', end.processes, 0],
    ['sessions at the edge', end.atEdge, 0],
    ['sessions on the runner', end.atRunner, 0],
    ['descriptors of the edge', end.edgeFiles, base.edgeFiles + FILES_MARGIN],
    ['descriptors of the runner', end.runnerFiles, base.runnerFiles + FILES_MARGIN],
    ['MiB of the edge', end.edgeMiB, base.edgeMiB + EDGE_MARGIN_MIB],
    ['MiB of the runner', end.runnerMiB, base.runnerMiB + RUNNER_MARGIN_MIB],
  ];
  return bounds
    .filter(([, value, most]) => value === undefined || value > most)
    .map(([what, value, most]) => `left at the end: ${what} ${value}, at most ${most}`);
}
