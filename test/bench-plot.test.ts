// The plot that the bench makes for the README.
import { expect, test } from 'vitest';

import type { Load } from './bench/measures.ts';
import { OURS, OURS_ON_NODE } from './bench/names.ts';
import { PLANS, SHARED_PLANS } from './bench/plan.ts';
import { plotSvg } from './bench/plot.ts';
import type { Results } from './bench/results.ts';
import type { SharedPoint } from './bench/shared.ts';
import { sharedSvg, sharedText } from './bench/shared-report.ts';

const load = (sessions: number, callsPerSecond: number): Load => ({
  sessions,
  calls: 1,
  callsPerSecond,
  p50Ms: 1,
  p99Ms: 1,
  cpuUs: { groups: {}, bridge: 1, processes: 1, client: 1 },
  wrong: 0,
  lost: 0,
  refused: 0,
  reasons: [],
});

const memory = (mib: number) => ({ edge: { rssKiB: mib * 1024, pssKiB: mib * 1024 } });

const RESULTS: Results = {
  startedAt: '2026-01-02T03:04:05.678Z',
  node: 'v24.0.0',
  cpus: 2,
  plan: PLANS.full,
  load1: { start: 0.3, end: 2 },
  skipped: {},
  rounds: [OURS, OURS_ON_NODE].map((target, n) => ({
    round: 1,
    target,
    load1: 0.3,
    throughput: PLANS.full.sessionCounts.map((count) => load(count, (n + 1) * 500 * count)),
    hops: [],
    failures: [],
  })),
  idle: [OURS, OURS_ON_NODE].map((target) => ({
    target,
    course: {
      base: memory(50),
      steps: PLANS.full.idleCounts.map((sessions) => ({
        sessions,
        openAllMs: 1,
        memory: memory(50 + sessions / 50),
        cpuPercent: {},
      })),
      answered: 1_000,
    },
  })),
  pairs: [],
};

test('the plot has calls a second and memory from 10 to 1,000 sessions, of every target, and says where it is from', () => {
  const svg = plotSvg(RESULTS);
  expect(PLANS.full.idleCounts).toEqual([10, 50, 200, 1_000]);
  for (const words of ['calls a second', 'memory of the bridge, MiB', OURS, OURS_ON_NODE])
    expect(svg).toContain(`>${words}<`);
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/gu)].map(
    ([, points = '']) => points.split(' ').length,
  );
  expect(lines).toEqual([3, 3, 4, 4]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/u);
  expect(svg).toContain('npm run bench, 2026-01-02: 2 cores, Node v24.0.0, medians of 3 rounds');
});

const pointOf = (sessions: number): SharedPoint => ({
  sessions,
  streams: sessions / 10,
  openedPerSecond: 50,
  openP99Ms: 400,
  openEdgeCpuMs: 3,
  openRunnerCpuMs: 4,
  calls: 1_000,
  p50Ms: 2,
  p99Ms: 9,
  maxMs: 20,
  errors: 0,
  reasons: [],
  edgeMiB: 100 + sessions / 50,
  runnerMiB: 90 + sessions / 60,
  processesMiB: 45 * Math.ceil(sessions / 200),
  processes: Math.ceil(sessions / 200),
  load1: 1,
});

test('the plot and the table of sessions that share processes go to 10,000, with memory, processes, openings and calls', () => {
  const { counts } = SHARED_PLANS.full;
  expect(counts).toEqual([100, 300, 1_000, 3_000, 10_000]);
  const results = { points: counts.map(pointOf), files: '20000' };
  const { startedAt, node, cpus, load1 } = RESULTS;
  const svg = sharedSvg(results, { startedAt, node, cpus, load1 });
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/gu)].map(
    ([, points = '']) => points.split(' ').length,
  );
  expect(lines).toEqual(Array.from({ length: 7 }, () => counts.length));
  expect(svg).not.toMatch(/NaN|undefined|Infinity/u);
  expect(svg).toContain('npm run bench -- --shared, 2026-01-02: 2 cores');
  const text = sharedText(results);
  for (const words of ['10000', 'call p99, ms', 'opened a second', 'KiB a session'])
    expect(text).toContain(words);
  expect(/^processes +1 +2 +5 +15 +50$/mu.test(text)).toBe(true);
});
