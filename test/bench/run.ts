// The bench: this bridge beside no bridge and beside other bridges, all in one run, with the same stdio process behind each.
//
//   npm run bench                      about eight minutes
//   npm run bench -- --quick           under a minute: to see that it works
//   npm run bench -- --rounds 5        more rounds; a round goes through all targets
//   npm run bench -- --only mcp-edge-bridge,supergateway
//   npm run bench -- --no-idle         without the idle sessions, which take a third of the time
//   npm run bench -- --call-log        this bridge once more with a log line a call, as `run` has it by default
//   npm run bench -- --eras            no comparison with others: clients of either era before servers of either, about five minutes
//   npm run bench -- --neighbours      no comparison with others: one client beside adversaries of many kinds, about ten minutes
//   npm run bench -- --profile         no comparison: CPU profiles of the edge and the runner under 10 sessions
//
// It prints a table and writes all figures to .bridge/bench/<time>.json. Other bridges are installed with npm below
// .bridge/bench/ in exact versions; one that cannot be installed is left out with a note. Logs of calls are off, here and
// there. Nothing is asserted: compare figures of one run only, and look at load1 and at the ranges first. The floor at one
// session was seen five times faster on a busy machine than on a calm one: ratios to it mean nothing across runs. Linux only (/proc).
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ERA_PAIRS, startEras } from './eras.ts';
import { erasText } from './eras-report.ts';
import { measureHops } from './hops.ts';
import {
  measureIdle,
  measureLatency,
  measureOpening,
  measureThroughput,
  type Load,
} from './measures.ts';
import { measureNeighbours, NEIGHBOUR_PLANS } from './neighbours.ts';
import { neighboursText } from './neighbours-report.ts';
import { ERA_PLANS, PLANS, type Plan } from './plan.ts';
import { load1 } from './process-accounts.ts';
import { profileOurs } from './profile.ts';
import {
  FLOOR,
  OURS,
  reportText,
  type IdleResult,
  type Results,
  type RoundResult,
} from './report.ts';
import { installRival, RIVALS } from './rivals.ts';
import { startFloor, startOurs, startRival, type Target } from './targets.ts';

const FOLDER = resolve('.bridge/bench');

const PROFILE_MS = 5_000;

type Starts = ReadonlyMap<string, () => Promise<Target>>;

/** What runs now: ended when this program is told to end. */
const running = new Set<Pick<Target, 'stop'>>();

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    'call-log': { type: 'boolean', default: false },
    idle: { type: 'boolean', default: true },
    eras: { type: 'boolean', default: false },
    neighbours: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
  allowNegative: true,
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.allSettled([...running].map((each) => each.stop())).then(() => process.exit(1));
  });
}

mkdirSync(FOLDER, { recursive: true });
if (flags.profile) console.log(await profileOurs(FOLDER, PROFILE_MS));
else if (flags.eras) await compareEras();
else if (flags.neighbours) await besideAdversaries();
else await compare();

async function compare(): Promise<void> {
  const plan = planOf(PLANS);
  const { starts, skipped } = await findTargets();
  const results = emptyResults(plan, skipped);
  await measureRounds(results, starts);
  for (const [name, start] of flags.idle ? starts : []) {
    if (name === FLOOR) continue;
    say(`idle: ${name}`);
    results.idle.push(await measureIdleOf(plan, name, start));
  }
  publish(results, reportText);
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
  const results = await measureNeighbours(plan, flags.only?.split(','), say, (bridge) =>
    running.add(bridge),
  );
  console.log(`${startedAt}  load1 ${load1()} at the end`);
  console.log(neighboursText(results));
  console.log(`All figures: ${save(startedAt, { startedAt, plan, results })}`);
}

function emptyResults(plan: Plan, skipped: Results['skipped']): Results {
  return {
    startedAt: new Date().toISOString(),
    node: process.version,
    cpus: cpus().length,
    plan,
    load1: { start: load1(), end: 0 },
    skipped,
    rounds: [],
    idle: [],
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
  const file = join(FOLDER, `${startedAt.replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify(figures, undefined, 1)}\n`);
  return file;
}

function planOf(plans: { readonly full: Plan; readonly quick: Plan }): Plan {
  const plan = flags.quick ? plans.quick : plans.full;
  const rounds = Number(flags.rounds ?? plan.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
    throw new Error('--rounds takes a whole number from 1 to 100.');
  return { ...plan, rounds };
}

async function findTargets(): Promise<{ starts: Starts; skipped: Record<string, string> }> {
  const starts = new Map<string, () => Promise<Target>>([
    [FLOOR, startFloor],
    [OURS, () => startOurs({ logLevel: 'warn' })],
  ]);
  if (flags['call-log']) starts.set(`${OURS}, call log`, () => startOurs({ logLevel: 'info' }));
  const skipped: Record<string, string> = {};
  const only = flags.only?.split(',');
  for (const rival of RIVALS) {
    const name = `${rival.name} ${rival.version}`;
    if (only && !only.includes(rival.name)) continue;
    const installed = await installRival(rival, FOLDER);
    if (installed.ok) starts.set(name, () => startRival(rival, installed.modules));
    else skipped[name] = installed.reason;
  }
  if (only && !only.includes(OURS)) starts.delete(OURS);
  if (only && !only.includes(FLOOR)) starts.delete(FLOOR);
  return { starts, skipped };
}

/** All of one target's measures but the idle one. A phase that fails is noted, and the next one still runs. */
async function measureRound(
  plan: Plan,
  round: number,
  name: string,
  start: () => Promise<Target>,
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
  const target = await attempt('start', start);
  if (target === undefined)
    return { round, target: name, load1: loadAtStart, throughput: [], hops: [], failures };
  running.add(target);
  const opening = await attempt('open', () => measureOpening(plan, () => target.session()));
  const { warmSession } = target;
  const warmOpening =
    warmSession && (await attempt('open warm', () => measureOpening(plan, warmSession)));
  const latency = await attempt('latency', () => measureLatency(plan, target));
  const throughput: Load[] = [];
  for (const count of plan.sessionCounts) {
    const load = await attempt(`${count} sessions`, () => measureThroughput(plan, target, count));
    if (load) throughput.push(load);
  }
  const hops = (await attempt('hops', () => measureHops(plan, target))) ?? [];
  await attempt('stop', () => target.stop());
  running.delete(target);
  return {
    round,
    target: name,
    load1: loadAtStart,
    ...(opening && { opening }),
    ...(warmOpening && { warmOpening }),
    ...(latency && { latency }),
    throughput,
    hops,
    failures,
  };
}

async function measureIdleOf(
  plan: Plan,
  name: string,
  start: () => Promise<Target>,
): Promise<IdleResult> {
  let target: Target | undefined;
  try {
    target = await start();
    running.add(target);
    return { target: name, course: await measureIdle(plan, target) };
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
