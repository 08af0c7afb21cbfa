// What the figures must be: each with its bound, and how it is read from the results of one run.
import { spreadOf } from './figures.ts';
import type { Load } from './measures.ts';
import { pairRatios, type Pair } from './pairs.ts';
import { PAYLOAD_MIB } from './scenarios/payloads.ts';
import { FLOOR, OURS, OURS_APART, OURS_ON_NODE } from './names.ts';
import { ratiosBetween, valuesOf, type Figure, type IdleResult, type Results } from './results.ts';

/** One figure that is looked for. */
export interface Must {
  readonly what: string;
  readonly is: 'at most' | 'at least';
  readonly bound: number;
  readonly unit: '×' | 'ms' | 'KiB' | 'MiB' | '%';
  /** Undefined when the run did not measure it. */
  readonly found: number | undefined;
}

/** Whether it holds; undefined when nobody measured it. */
export function isMet({ is, bound, found }: Must): boolean | undefined {
  if (found === undefined) return undefined;
  return is === 'at most' ? found <= bound : found >= bound;
}

const SUPERGATEWAY = 'supergateway';
const MCP_PROXY = 'mcp-proxy';

/** All of them, in the order they are told. */
export function mustsOf(results: Results): Must[] {
  return [
    ...callsOf(results),
    ...opensOf(results),
    ...distanceOf(results),
    ...payloadsOf(results),
    ...idleOf(results),
    ...unreadOf(results),
    ...burstOf(results),
  ];
}

function callsOf(results: Results): Must[] {
  const ofNode = (rival: string, of: Figure['of']): number | undefined =>
    ratio(results, OURS_ON_NODE, rival, of);
  const rate = (count: number, rival: string, bound: number): Must => ({
    what: `Node: calls/s, ${count} ${count === 1 ? 'session' : 'sessions'}, to ${rival}`,
    is: 'at least',
    bound,
    unit: '×',
    found: ofNode(rival, ({ throughput }) => loadAt(throughput, count)?.callsPerSecond),
  });
  return [
    {
      what: `Node: p50 of a call, 1 client, to ${SUPERGATEWAY}`,
      is: 'at most',
      bound: 0.6,
      unit: '×',
      found: ofNode(SUPERGATEWAY, ({ latency }) => latency?.p50Ms),
    },
    rate(1, SUPERGATEWAY, 1.7),
    rate(10, SUPERGATEWAY, 3),
    rate(50, SUPERGATEWAY, 2),
    rate(10, MCP_PROXY, 1.5),
    rate(50, MCP_PROXY, 1.2),
    {
      what: `Node: 2026-07-28 calls/s, 10 clients, to ${MCP_PROXY}`,
      is: 'at least',
      bound: 2,
      unit: '×',
      found: ofNode(MCP_PROXY, ({ modern }) => modern?.callsPerSecond),
    },
    cpu(results.pairs, OURS_ON_NODE, 'Node: CPU/call, to the bare bridge', 1.5),
    cpu(results.pairs, OURS, 'workerd: CPU/call, to the bare prototype', 1.1),
  ];
}

const cpu = (pairs: readonly Pair[], name: string, what: string, bound: number): Must => {
  const pair = pairs.find(({ ours }) => ours.name === name);
  const found = pair && spreadOf(pairRatios(pair))?.median;
  return { what, is: 'at most', bound, unit: '×', found };
};

function opensOf(results: Results): Must[] {
  const open = (ours: string, where: string, bound: number): Must => ({
    what: `${where}: open a warm session, to ${SUPERGATEWAY}`,
    is: 'at most',
    bound,
    unit: '×',
    found: ratio(
      results,
      ours,
      SUPERGATEWAY,
      ({ opening, warmOpening }) => (warmOpening ?? opening)?.p50Ms,
    ),
  });
  return [open(OURS_ON_NODE, 'Node', 0.1), open(OURS, 'workerd', 0.2)];
}

function distanceOf(results: Results): Must[] {
  return [['workerd', OURS] as const, ['Node', OURS_APART] as const].flatMap(([title, target]) =>
    distanceFrom(results, title, target),
  );
}

function distanceFrom(results: Results, title: string, target: string): Must[] {
  const far = (what: string, bound: number, of: Figure['of']): Must => ({
    what: `${title}: over a distance (80 + 40 ms): ${what}`,
    is: 'at most',
    bound,
    unit: 'ms',
    found: middle(results, target, of),
  });
  return [
    far('call', 126, ({ distance }) => distance?.callMs),
    far('warm open', 135, ({ distance }) => distance?.warmOpenMs),
    far('first 2026-07-28 call', 135, ({ distance }) => distance?.firstModernMs),
  ];
}

function payloadsOf(results: Results): Must[] {
  const largest = Math.max(...PAYLOAD_MIB);
  return [
    {
      what: `Node: a result of ${largest} MiB, to a pipe alone`,
      is: 'at most',
      bound: 1.4,
      unit: '×',
      found: ratio(
        results,
        OURS_ON_NODE,
        FLOOR,
        ({ payloads }) => payloads?.find(({ mib }) => mib === largest)?.p50Ms,
      ),
    },
  ];
}

function idleOf({ idle }: Results): Must[] {
  const groups = [
    ['runner', OURS, 'runner'],
    ['Node edge', OURS_APART, 'edge'],
  ] as const;
  const each = groups.flatMap(([title, target, group]) =>
    [200, 1_000].map((count): Must => {
      const { course } = idleResult(idle, target) ?? {};
      const step = course?.steps.find(({ sessions }) => sessions === count);
      const [now, base] = [step?.memory[group], course?.base[group]];
      const found = now && base && (now.rssKiB - base.rssKiB) / count;
      const what = `${title}: memory per idle session at ${count}`;
      return { what, is: 'at most', bound: 20, unit: 'KiB', found };
    }),
  );
  const cpus = [['workerd', OURS, 'edge'], ...groups] as const;
  return [
    ...each,
    ...cpus.map(([title, target, group]): Must => {
      const step = idleResult(idle, target)?.course?.steps.find(
        ({ sessions }) => sessions === 1_000,
      );
      const what = `${title}: CPU of 1000 idle sessions`;
      return { what, is: 'at most', bound: 0.2, unit: '%', found: step?.cpuPercent[group] };
    }),
  ];
}

const idleResult = (idle: readonly IdleResult[], name: string): IdleResult | undefined =>
  idle.find(({ target }) => target === name);

function unreadOf(results: Results): Must[] {
  return HOSTS.flatMap(([title, target]): Must[] => [
    {
      what: `${title}: 128 MiB that nobody reads: memory of the bridge`,
      is: 'at most',
      bound: 24,
      unit: 'MiB',
      found: middle(results, target, ({ unread }) => unread?.allAddedMiB),
    },
    {
      what: `${title}: a neighbour's p99 beside that client`,
      is: 'at most',
      bound: 1.2,
      unit: '×',
      found: middle(
        results,
        target,
        ({ unread }) => unread && unread.beside.p99Ms / unread.quiet.p99Ms,
      ),
    },
  ]);
}

function burstOf({ idle }: Results): Must[] {
  return HOSTS.map(([title, target]): Must => {
    const burst = idleResult(idle, target)?.burst;
    return {
      what: `${title}: a neighbour's slowest call beside ${burst?.sessions ?? 'many'} openings at once, above its quiet one`,
      is: 'at most',
      bound: 50,
      unit: 'ms',
      found: burst && burst.neighbour.besideMs - burst.neighbour.quietMs,
    };
  });
}

const HOSTS = [
  ['Node', OURS_ON_NODE],
  ['workerd', OURS],
] as const;

const loadAt = (loads: readonly Load[], count: number): Load | undefined =>
  loads.find(({ sessions }) => sessions === count);

const middle = ({ rounds }: Results, target: string, of: Figure['of']): number | undefined =>
  spreadOf(valuesOf(rounds, target, of))?.median;

/** `base`: a target, or a rival whatever its version. */
function ratio(
  { rounds }: Results,
  target: string,
  base: string,
  of: Figure['of'],
): number | undefined {
  const full = rounds
    .map((round) => round.target)
    .find((name) => name === base || name.startsWith(`${base} `));
  return full === undefined ? undefined : spreadOf(ratiosBetween(rounds, target, full, of))?.median;
}
