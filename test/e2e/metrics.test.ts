// What edge and runner tell Prometheus, of a bridge that has worked: its own tools find nothing to blame, and it scrapes both.
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';

import { METRICS } from '../../shared/metrics.ts';
import { noPrometheus, promtool, startPrometheus } from '../fixtures/prometheus.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { EDGE_HOST } from './edges.ts';
import { METRICS_KEY, METRICS_SETTINGS, metricsPages, sumOf } from './gauges.ts';
import { startBridge, type Bridge } from './harness.ts';
import { askModern } from './raw-modern.ts';
import { openSession } from './raw-session.ts';

const echo = {
  command: process.execPath,
  args: [new URL('../fixtures/servers/echo.mjs', import.meta.url).pathname],
};

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({ servers: { echo }, settings: METRICS_SETTINGS });
  await work();
  return () => bridge.stop();
});

const CALLS = 5;

async function work(): Promise<void> {
  const session = await openSession(bridge, 'echo');
  for (let call = 0; call < CALLS; call++) await session.call('echo', { text: 'x' });
  const params = { name: 'echo', arguments: { text: 'x' } };
  await askModern(bridge.url, 'echo', 'tools/call', { params });
  await fetch(`${bridge.url}/nothing`);
}

test('edge and runner count the same calls, each at its hops', async () => {
  const { edge, runner } = await metricsPages(bridge);
  const calls = (page: string, hop: string): number =>
    sumOf(page, `mcp_bridge_calls_total{server="echo",hop="${hop}"`);
  // `initialize` is a call too.
  expect(calls(edge, 'edge')).toBe(CALLS + 2);
  expect(calls(runner, 'process')).toBe(CALLS + 2);
  const times = (page: string, hop: string): number =>
    sumOf(page, `mcp_bridge_call_duration_seconds_count{server="echo",hop="${hop}"}`);
  expect([times(edge, 'edge'), times(edge, 'link'), times(runner, 'process')]).toEqual([
    CALLS + 2,
    CALLS + 2,
    CALLS + 2,
  ]);
  const sum = (page: string, hop: string): number =>
    sumOf(page, `mcp_bridge_call_duration_seconds_sum{server="echo",hop="${hop}"}`);
  expect(sum(edge, 'edge')).toBeGreaterThanOrEqual(sum(edge, 'link'));
  expect(sumOf(edge, 'mcp_bridge_refusals_total{fault="not_found"}')).toBe(1);
  expect(sumOf(edge, 'mcp_bridge_edge_sessions_opened_total{server="echo"}')).toBe(2);
  expect(sumOf(runner, 'mcp_bridge_sessions_opened_total{server="echo"}')).toBe(2);
  expect(sumOf(runner, 'mcp_bridge_process_starts_total{server="echo"}')).toBe(2);
  expect(sumOf(runner, 'mcp_bridge_links_opened_total{link="control"}')).toBe(1);
});

test('every metric of the table is on one of the pages, and nothing else', async () => {
  const { edge, runner } = await metricsPages(bridge);
  const told = [...`${edge}${runner}`.matchAll(/^# TYPE (\S+) (\S+)$/gmu)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  const table = Object.values(METRICS).map(({ name, type }) => `${name} ${type}`);
  expect([...new Set(told)].toSorted()).toEqual(table.toSorted());
});

test.skipIf(noPrometheus)(`promtool has nothing to say ${noPrometheus ?? ''}`, async () => {
  const { edge, runner } = await metricsPages(bridge);
  expect(promtool(['check', 'metrics'], edge)).toBe('');
  expect(promtool(['check', 'metrics'], runner)).toBe('');
});

test.skipIf(noPrometheus)(`Prometheus scrapes both ${noPrometheus ?? ''}`, async () => {
  const prometheus = await startPrometheus([
    { job: 'edge', url: `${bridge.url}/metrics`, key: METRICS_KEY },
    { job: 'runner', url: `${bridge.statusUrl}/metrics` },
  ]);
  onTestFinished(() => prometheus.stop());
  const both = (query: string): Promise<[number | undefined, number | undefined]> =>
    Promise.all([
      prometheus.query(`${query}{job="edge"}`),
      prometheus.query(`${query}{job="runner"}`),
    ]);
  await vi.waitFor(async () => {
    expect(await both('up')).toEqual([1, 1]);
    const rows = 'sum by (job) (mcp_bridge_calls_total';
    expect(await prometheus.query(`${rows}{job="edge"})`)).toBe(CALLS + 2);
    expect(await prometheus.query(`${rows}{job="runner"})`)).toBe(CALLS + 2);
  }, PATIENCE);
});

test.runIf(EDGE_HOST === 'node')('[F-632] an edge that is stopped goes on counting', async () => {
  await bridge.edge.stop();
  await bridge.restartEdge();
  const { edge } = await metricsPages(bridge);
  expect(sumOf(edge, 'mcp_bridge_calls_total{')).toBe(CALLS + 2);
});
