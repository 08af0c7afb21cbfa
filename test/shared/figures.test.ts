// What is counted, and that nobody can make the number of series grow without a bound.
import { expect, test } from 'vitest';

import { CallFigures, Figures } from '../../shared/figures.ts';
import { BUCKETS, metricsText, OTHER } from '../../shared/metrics.ts';

test('totals and histograms are told with their labels', () => {
  const figures = new Figures();
  const calls = new CallFigures(figures, 'edge').of('files');
  calls.ended('answered');
  calls.ended('answered');
  calls.took(1);
  calls.took(30);
  calls.took(400_000);
  const text = metricsText(figures.metrics(['calls', 'callDuration']));
  expect(text).toContain(
    'mcp_bridge_calls_total{server="files",hop="edge",outcome="answered"} 2\n',
  );
  // A bucket holds what is as large as its bound (Prometheus, `le`).
  expect(text).toContain('_bucket{server="files",hop="edge",le="0.001"} 1\n');
  expect(text).toContain('_bucket{server="files",hop="edge",le="0.02"} 1\n');
  expect(text).toContain('_bucket{server="files",hop="edge",le="0.05"} 2\n');
  expect(text).toContain('_bucket{server="files",hop="edge",le="+Inf"} 3\n');
  expect(text).toContain('_sum{server="files",hop="edge"} 400.031\n');
});

test('what was taken is not told again, and who keeps a series goes on in it', () => {
  const figures = new Figures();
  const calls = new CallFigures(figures, 'edge').of('files');
  const all = new Figures();
  for (let round = 0; round < 3; round++) {
    calls.ended('answered');
    calls.took(5);
    all.add(figures.take());
    expect(figures.take()).toEqual([]);
  }
  expect(all.all()).toEqual([
    { key: 'calls', labels: ['files', 'edge', 'answered'], value: 3 },
    {
      key: 'callDuration',
      labels: ['files', 'edge'],
      value: { counts: BUCKETS.concat(0).map((bound) => (bound === 0.005 ? 3 : 0)), sum: 0.015 },
    },
  ]);
});

test('what was kept as JSON counts on', () => {
  const figures = new Figures();
  figures.count('refusals', 'not_found');
  new CallFigures(figures, 'link').of('a').took(1);
  const again = new Figures();
  again.add(JSON.parse(JSON.stringify(figures.all())));
  again.count('refusals', 'not_found');
  expect(again.all()[0]).toEqual({ key: 'refusals', labels: ['not_found'], value: 2 });
  expect(again.all()[1]).toEqual(figures.all()[1]);
});

test('what another version counted, and this one does not know, is left out', () => {
  const figures = new Figures();
  const value = { counts: [1, 2], sum: 3 };
  figures.add([
    { key: 'colours', labels: [], value: 1 },
    { key: 'edgeSessions', labels: [], value: 1 },
    { key: 'toString', labels: [], value: 1 },
    { key: 'refusals', labels: [], value: 1 },
    { key: 'refusals', labels: ['not_found'], value },
    { key: 'callDuration', labels: ['a', 'edge'], value: 1 },
    { key: 'callDuration', labels: ['a', 'edge'], value },
  ]);
  expect(figures.all()).toEqual([]);
});

test('[F-631] a value of no list, and one name too many, have no series of their own', () => {
  const figures = new Figures();
  const calls = new CallFigures(figures, 'edge');
  for (let index = 0; index < 5_000; index++) {
    calls.of(`server-${index}`).ended('answered');
    calls.of(`server-${index}`).ended(`outcome-${index}`);
    calls.of(`server-${index}`).took(1);
    figures.count('refusals', `fault-${index}`);
  }
  const all = figures.all();
  expect(all.length).toBeLessThan(2_000);
  const sum = (key: string): number =>
    all.reduce((total, figure) => {
      if (figure.key !== key) return total;
      const { value } = figure;
      return total + (typeof value === 'number' ? value : value.counts.reduce((a, b) => a + b));
    }, 0);
  expect([sum('calls'), sum('callDuration'), sum('refusals')]).toEqual([10_000, 5_000, 5_000]);
  expect(all.find(({ key }) => key === 'refusals')).toEqual({
    key: 'refusals',
    labels: [OTHER],
    value: 5_000,
  });
  // Those that came first go on.
  calls.of('server-0').ended('answered');
  expect(figures.all()).toContainEqual({
    key: 'calls',
    labels: ['server-0', 'edge', 'answered'],
    value: 2,
  });
});
