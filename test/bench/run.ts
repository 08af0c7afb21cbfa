// The bench: this bridge beside no bridge, beside bare prototypes and beside other bridges, all in one run, with the same stdio
// processes behind each.
// `npm run bench -- --help` lists the options.
//
// It prints tables, the last of which says what the figures must be and whether they are, and writes all figures and a plot below
// .tsc/bench/. Other bridges are installed with npm below .tsc/bench/ in exact versions; one that cannot be installed is left out
// with a note. Logs of calls are off, here and there. Compare figures of one run only, and look at load1 and at the ranges first. The
// floor at one session was seen five times faster on a busy machine than on a calm one: ratios to it mean nothing across runs. CPU per
// call beside a prototype is measured in turns, and holds on a busy machine too. Linux only (/proc).
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';

import { numberOf, readFlags, wronglyCalled } from '../flags.ts';
import { ERA_PAIRS, startEras } from './eras.ts';
import { erasText } from './eras-report.ts';
import { startNodeFloor, startWorkerdFloor } from './floors/start.ts';
import { measureHops } from './hops.ts';
import { HUB } from './hub.ts';
import {
  measureIdle,
  measureLatency,
  measureModern,
  measureOpening,
  measureThroughput,
  warmUp,
  type Load,
} from './measures.ts';
import { FLOOR, NODE_FLOOR, OURS, OURS_APART, OURS_ON_NODE, WORKERD_FLOOR } from './names.ts';
import { echoServers } from './ours.ts';
import { EDGE_HOSTS, measureCredentials, type EdgeHost } from './credentials.ts';
import { measureNeighbours, NEIGHBOUR_PLANS, type NeighbourResult } from './neighbours.ts';
import { neighboursText } from './neighbours-report.ts';
import {
  CREDENTIAL_PLANS,
  ERA_PLANS,
  PLANS,
  SHARED_PLANS,
  VIRTUAL_PLANS,
  type Plan,
} from './plan.ts';
import { load1 } from './process-accounts.ts';
import { profileOurs } from './profile.ts';
import { measurePair } from './pairs.ts';
import { pairText } from './pairs-report.ts';
import { plotSvg } from './plot.ts';
import { reportText } from './report.ts';
import type { IdleResult, Results, RoundResult } from './results.ts';
import { ECHO_COMMAND, installRival, RIVALS, SMALL_COMMAND } from './rivals.ts';
import { measureBurst } from './scenarios/burst.ts';
import { measureDistance, type Distance } from './scenarios/distance.ts';
import { measurePayloads } from './scenarios/payloads.ts';
import { measureUnread } from './scenarios/unread.ts';
import {
  startFloor,
  startOurs,
  startOursAsOne,
  startRival,
  type Start,
  type Target,
} from './targets.ts';
import { measureShared } from './shared.ts';
import { sharedSvg, sharedText } from './shared-report.ts';
import { measureVirtual } from './virtual.ts';
import { virtualText } from './virtual-report.ts';

const FOLDER = resolve('.tsc/bench');

/** Plots that the documents show; from the root, where npm runs scripts. */
const README_PLOT = '.github/bench.svg';
const SHARED_PLOT = '.github/bench-shared.svg';

const PROFILE_MS = 5_000;

type Starts = ReadonlyMap<string, Start>;

/** Each way of ours, and its bare prototype. */
const PAIRS = [
  [OURS, WORKERD_FLOOR],
  [OURS_ON_NODE, NODE_FLOOR],
] as const;

const oursWith =
  (logLevel: 'warn' | 'info', edge: 'workerd' | 'node'): Start =>
  (command = ECHO_COMMAND) =>
    startOurs({ edge, logLevel, servers: echoServers(command) });

/** Where edge and runner are programs of their own, so that there can be a distance between them. */
const APART: ReadonlyMap<string, 'workerd' | 'node'> = new Map([
  [OURS, 'workerd'],
  [OURS_APART, 'node'],
]);

/** What runs now: ended when this program is told to end. */
const running = new Set<Pick<Target, 'stop'>>();

const flags = readFlags(
  'bench',
  'This bridge beside bare prototypes and other bridges, in one run of about half an hour.',
  {
    quick: { type: 'boolean', default: false, help: 'under a minute: to see that it works' },
    rounds: { type: 'string', value: 'n', help: 'a round goes through all targets' },
    only: {
      type: 'string',
      value: 'names',
      help: 'targets whose name contains one of these, separated by commas',
    },
    idle: {
      type: 'boolean',
      default: true,
      help: 'without many idle sessions and bursts, which take a third of the time',
    },
    'call-log': {
      type: 'boolean',
      default: false,
      help: 'this bridge once more with a log line a call, as `run` has it by default',
    },
    pairs: {
      type: 'boolean',
      default: false,
      help: 'only the CPU of a call beside the bare prototypes',
    },
    credentials: {
      type: 'boolean',
      default: false,
      help: 'only this bridge: the CPU of a call with a token, a key and neither, and of its record',
    },
    eras: {
      type: 'boolean',
      default: false,
      help: 'only this bridge: clients of either era before servers of either, about five minutes',
    },
    neighbours: {
      type: 'boolean',
      default: false,
      help: 'only this bridge: one client beside adversaries of many kinds, about twenty minutes',
    },
    virtual: {
      type: 'boolean',
      default: false,
      help: 'virtual servers beside their members alone, and beside another gateway for many servers, about three minutes',
    },
    shared: {
      type: 'boolean',
      default: false,
      help: 'only this bridge: up to 10,000 sessions of one server whose processes they share, with a plot, a few minutes',
    },
    publish: {
      type: 'boolean',
      default: false,
      help: 'a whole run, for a machine that does nothing else; its plot, or that of --shared, goes into .github for the documents',
    },
    profile: {
      type: 'boolean',
      default: false,
      help: 'only CPU profiles of the edge and the runner under 10 sessions',
    },
  },
);
// Known before anything is measured.
if (flags.publish && (flags.quick || flags.only !== undefined || !flags.idle))
  wronglyCalled('bench', '--publish takes a whole run, without --quick, --only and --no-idle');
const rounds =
  flags.rounds === undefined
    ? undefined
    : numberOf('bench', 'rounds', flags.rounds, { least: 1, most: 100 });

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.allSettled([...running].map((each) => each.stop())).then(() => process.exit(1));
  });
}

mkdirSync(FOLDER, { recursive: true });
if (flags.profile) console.log(await profileOurs(FOLDER, PROFILE_MS));
else if (flags.eras) await compareEras();
else if (flags.neighbours) await besideAdversaries();
else if (flags.virtual) await compareVirtual();
else if (flags.shared) await growShared();
else if (flags.credentials) await compareCredentials();
else if (flags.pairs) await comparePairs();
else await compare();

async function compare(): Promise<void> {
  const plan = planOf(PLANS);
  const { starts, skipped } = await findTargets();
  const results = emptyResults(plan, skipped);
  await measureRounds(results, starts);
  await measurePairs(results, skipped, starts);
  for (const [name, start] of flags.idle ? starts : []) {
    if (name === FLOOR) continue;
    say(`many sessions: ${name}`);
    results.idle.push(await measureManyOf(plan, name, start));
  }
  publish(results, reportText);
  const plot = plotSvg(results);
  savePlot(results.startedAt, plot, README_PLOT);
}

async function comparePairs(): Promise<void> {
  const { starts, skipped } = await findTargets();
  const results = emptyResults(planOf(PLANS), skipped);
  await measurePairs(results, skipped, starts);
  publish(results, ({ pairs }) => pairs.map(pairText).join('\n\n'));
}

async function compareCredentials(): Promise<void> {
  const results = emptyResults(planOf(CREDENTIAL_PLANS), {});
  for (const host of EDGE_HOSTS) {
    say(`CPU per call by credential, edge on ${host}`);
    const track = (target: Target): unknown => running.add(target);
    results.pairs.push(...(await measureCredentials(results.plan.pair, host, track)));
  }
  publish(results, ({ pairs }) => pairs.map(pairText).join('\n\n'));
}

/** This bridge beside the bare prototype of its own topology, as far as both are wanted. */
async function measurePairs(
  { plan, pairs }: Results,
  skipped: Record<string, string>,
  starts: Starts,
): Promise<void> {
  for (const [ours, floor] of PAIRS) {
    const [startOurs, startFloor] = [starts.get(ours), starts.get(floor)];
    if (!startOurs || !startFloor) continue;
    say(`CPU per call: ${ours} beside ${floor}`);
    const targets: Target[] = [];
    try {
      for (const start of [startOurs, startFloor]) {
        const target = await start();
        targets.push(target);
        running.add(target);
      }
      const [target, base] = targets;
      if (target && base) {
        const sides = [
          { name: ours, target },
          { name: floor, target: base },
        ] as const;
        pairs.push(await measurePair(plan.pair, ...sides));
      }
    } catch (error) {
      skipped[`CPU per call of ${ours}`] = String(error);
    } finally {
      for (const target of targets) {
        await target.stop();
        running.delete(target);
      }
    }
  }
}

async function compareEras(): Promise<void> {
  const results = emptyResults(planOf(ERA_PLANS), {});
  const bridge = await startEras();
  running.add(bridge);
  const starts = [...bridge.targets].map(([name, target]) => [name, async () => target] as const);
  try {
    await measureRounds(results, new Map(starts));
  } finally {
    await bridge.stop();
    running.delete(bridge);
  }
  publish(results, (all) => erasText(all, ERA_PAIRS));
}

async function besideAdversaries(): Promise<void> {
  const startedAt = new Date().toISOString();
  const plan = flags.quick ? NEIGHBOUR_PLANS.quick : NEIGHBOUR_PLANS.full;
  const all: Partial<Record<EdgeHost, readonly NeighbourResult[]>> = {};
  for (const host of EDGE_HOSTS) {
    const track = (bridge: Pick<Target, 'stop'>): unknown => running.add(bridge);
    const results = await measureNeighbours(plan, host, flags.only?.split(','), { say, track });
    all[host] = results;
    console.log(`${startedAt}  edge on ${host}, load1 ${load1()} at the end`);
    console.log(neighboursText(results));
  }
  console.log(`All figures: ${save(startedAt, { startedAt, plan, ...all })}`);
}

async function compareVirtual(): Promise<void> {
  const startedAt = new Date().toISOString();
  const plan = flags.quick ? VIRTUAL_PLANS.quick : VIRTUAL_PLANS.full;
  const load = { start: load1(), end: 0 };
  const track = (bridge: Pick<Target, 'stop'>): unknown => running.add(bridge);
  const installed = await installRival(HUB, FOLDER);
  if (!installed.ok) console.log(`Without ${HUB.name} ${HUB.version}: ${installed.reason}`);
  const hub = installed.ok ? installed : undefined;
  const results = await measureVirtual(plan, hub, { say, track });
  load.end = load1();
  console.log(`${startedAt}  load1 ${load.start} at the start, ${load.end} at the end`);
  console.log(virtualText(results));
  console.log(`All figures: ${save(startedAt, { startedAt, plan, load1: load, ...results })}`);
}

async function growShared(): Promise<void> {
  const startedAt = new Date().toISOString();
  const plan = flags.quick ? SHARED_PLANS.quick : SHARED_PLANS.full;
  const load = { start: load1(), end: 0 };
  const track = (bridge: Pick<Target, 'stop'>): unknown => running.add(bridge);
  const results = await measureShared(plan, { say, track });
  load.end = load1();
  const run = { startedAt, node: process.version, cpus: cpus().length, load1: load };
  console.log(`${startedAt}  load1 ${load.start} at the start, ${load.end} at the end`);
  console.log(sharedText(results));
  console.log(`All figures: ${save(startedAt, { ...run, plan, ...results })}`);
  savePlot(startedAt, sharedSvg(results, run), SHARED_PLOT);
  if (results.failure !== undefined) process.exitCode = 1;
}

function emptyResults(plan: Plan, skipped: Record<string, string>): Results {
  return {
    startedAt: new Date().toISOString(),
    node: process.version,
    cpus: cpus().length,
    plan,
    load1: { start: load1(), end: 0 },
    skipped,
    rounds: [],
    idle: [],
    pairs: [],
  };
}

async function measureRounds(results: Results, starts: Starts): Promise<void> {
  const { plan, rounds } = results;
  for (let round = 1; round <= plan.rounds; round++) {
    for (const [name, start] of rotated([...starts], round - 1)) {
      say(`round ${round}: ${name}`);
      rounds.push(await measureRound(plan, round, name, start));
    }
  }
}

function publish(results: Results, textOf: (results: Results) => string): void {
  results.load1.end = load1();
  console.log(textOf(results));
  console.log(`All figures: ${save(results.startedAt, results)}`);
}

function save(startedAt: string, figures: object): string {
  return saveText(startedAt, 'json', `${JSON.stringify(figures, undefined, 1)}\n`);
}

function saveText(startedAt: string, ending: string, text: string): string {
  const file = join(FOLDER, `${startedAt.replaceAll(':', '-')}.${ending}`);
  writeFileSync(file, text);
  return file;
}

/** Keeps a plot beside the figures, and with `--publish` where a document shows it. */
function savePlot(startedAt: string, plot: string, published: string): void {
  console.log(`Plot: ${saveText(startedAt, 'svg', plot)}`);
  if (!flags.publish) return;
  writeFileSync(published, plot);
  console.log(`The plot for the documents: ${published}`);
}

function planOf(plans: { readonly full: Plan; readonly quick: Plan }): Plan {
  const plan = flags.quick ? plans.quick : plans.full;
  return { ...plan, rounds: rounds ?? plan.rounds };
}

async function findTargets(): Promise<{ starts: Starts; skipped: Record<string, string> }> {
  const only = flags.only?.split(',');
  const isWanted = (name: string): boolean => only?.some((word) => name.includes(word)) ?? true;
  const starts = new Map<string, Start>();
  const skipped: Record<string, string> = {};
  const add = (name: string, start: Start): void => {
    if (isWanted(name)) starts.set(name, start);
  };
  add(FLOOR, startFloor);
  add(WORKERD_FLOOR, startWorkerdFloor);
  add(NODE_FLOOR, startNodeFloor);
  add(OURS, oursWith('warn', 'workerd'));
  add(OURS_APART, oursWith('warn', 'node'));
  add(OURS_ON_NODE, startOursAsOne);
  if (flags['call-log']) add(`${OURS}, call log`, oursWith('info', 'workerd'));
  for (const rival of RIVALS) {
    const name = `${rival.name} ${rival.version}`;
    if (!isWanted(name)) continue;
    const installed = await installRival(rival, FOLDER);
    if (installed.ok) add(name, (command) => startRival(rival, installed.modules, command));
    else skipped[name] = installed.reason;
  }
  return { starts, skipped };
}

/** All of one target's measures but the idle one. A phase that fails is noted, and the next one still runs. */
async function measureRound(
  plan: Plan,
  round: number,
  name: string,
  start: Start,
): Promise<RoundResult> {
  const failures: string[] = [];
  const loadAtStart = load1();
  const attempt = async <Figures>(
    phase: string,
    measure: () => Promise<Figures>,
  ): Promise<Figures | undefined> => {
    try {
      return await measure();
    } catch (error) {
      failures.push(`${phase}: ${String(error)}`);
      say(`  ${phase} failed: ${String(error)}`);
      return undefined;
    }
  };
  const target = await attempt('start', () => start());
  if (target === undefined)
    return { round, target: name, load1: loadAtStart, throughput: [], hops: [], failures };
  running.add(target);
  const opening = await attempt('open', () => measureOpening(plan, () => target.session()));
  const { warmSession } = target;
  const warmOpening =
    warmSession && (await attempt('open warm', () => measureOpening(plan, warmSession)));
  await attempt('warm up', () => warmUp(plan, target));
  const latency = await attempt('latency', () => measureLatency(plan, target));
  const throughput: Load[] = [];
  for (const count of plan.sessionCounts) {
    const load = await attempt(`${count} sessions`, () => measureThroughput(plan, target, count));
    if (load) throughput.push(load);
  }
  const modern = await attempt('2026-07-28', () => measureModern(plan, target));
  const payloads = await attempt('payloads', () => measurePayloads(plan, target));
  const hops =
    name === OURS ? ((await attempt('hops', () => measureHops(plan, target))) ?? []) : [];
  const isBridge = Object.keys(target.groups).length > 0;
  const unread = isBridge
    ? await attempt('reads nothing', () => measureUnread(plan, target))
    : undefined;
  await attempt('stop', () => target.stop());
  running.delete(target);
  const edge = APART.get(name);
  const distance = edge && (await attempt('distance', () => far(plan, edge)));
  return {
    round,
    target: name,
    load1: loadAtStart,
    ...(opening && { opening }),
    ...(warmOpening && { warmOpening }),
    ...(latency && { latency }),
    throughput,
    ...(modern && { modern }),
    ...(payloads && { payloads }),
    ...(unread && { unread }),
    ...(distance && { distance }),
    hops,
    failures,
  };
}

async function far(plan: Plan, edge: 'workerd' | 'node'): Promise<Distance> {
  const started: Pick<Target, 'stop'>[] = [];
  try {
    return await measureDistance(plan, edge, (bridge) => {
      started.push(bridge);
      running.add(bridge);
    });
  } finally {
    for (const bridge of started) running.delete(bridge);
  }
}

/** Idle sessions and a burst, with processes so small that the bridge is what is measured. */
async function measureManyOf(plan: Plan, name: string, start: Start): Promise<IdleResult> {
  let target: Target | undefined;
  try {
    target = await start(SMALL_COMMAND);
    running.add(target);
    const course = await measureIdle(plan, target);
    try {
      return { target: name, course, burst: await measureBurst(plan, target) };
    } catch (error) {
      return { target: name, course, failure: `burst: ${String(error)}` };
    }
  } catch (error) {
    return { target: name, failure: String(error) };
  } finally {
    await target?.stop();
    if (target) running.delete(target);
  }
}

/** Every target comes first once: what the machine does beside the run shall not always hit the same one. */
function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function say(words: string): void {
  process.stderr.write(`${words}\n`);
}
