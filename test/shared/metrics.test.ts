// Metrics as Prometheus reads them.
import { expect, test } from 'vitest';

import { BUCKETS, METRICS, metricsText, OTHER, single, type Metric } from '../../shared/metrics.ts';

const sessions = (samples: Metric['samples'], help = 'Open sessions.'): Metric => ({
  name: 'bridge_sessions',
  type: 'gauge',
  help,
  samples,
});

test('each metric has one head, and its samples below it', () => {
  const text = metricsText([
    sessions([
      { value: 1, labels: { server: 'files' } },
      { value: 2, labels: { server: 'memory', era: 'legacy' } },
    ]),
    single('linked', true),
  ]);
  expect(text.split('\n')).toEqual([
    '# HELP bridge_sessions Open sessions.',
    '# TYPE bridge_sessions gauge',
    'bridge_sessions{server="files"} 1',
    'bridge_sessions{server="memory",era="legacy"} 2',
    `# HELP mcp_bridge_linked ${METRICS.linked.help}`,
    '# TYPE mcp_bridge_linked gauge',
    'mcp_bridge_linked 1',
    '',
  ]);
});

test('a histogram has a bucket for each bound, with all that is below it, and its sum and number', () => {
  const counts = [...BUCKETS, Infinity].map((_, index) => (index === 0 ? 2 : index === 3 ? 1 : 0));
  const value = { counts: [...counts.slice(0, -1), 4], sum: 1.5 };
  const text = metricsText([
    {
      name: 'b_seconds',
      type: 'histogram',
      help: 'h',
      samples: [{ value, labels: { hop: 'edge' } }],
    },
  ]);
  const lines = text.split('\n').slice(2);
  expect(lines.slice(0, 5)).toEqual([
    'b_seconds_bucket{hop="edge",le="0.001"} 2',
    'b_seconds_bucket{hop="edge",le="0.002"} 2',
    'b_seconds_bucket{hop="edge",le="0.005"} 2',
    'b_seconds_bucket{hop="edge",le="0.01"} 3',
    'b_seconds_bucket{hop="edge",le="0.02"} 3',
  ]);
  expect(lines.slice(BUCKETS.length)).toEqual([
    'b_seconds_bucket{hop="edge",le="+Inf"} 7',
    'b_seconds_sum{hop="edge"} 1.5',
    'b_seconds_count{hop="edge"} 7',
    '',
  ]);
});

test('[F-630] nothing breaks out of a label or a help line', () => {
  const labels = { server: 'a"} 1\nb\\' };
  expect(metricsText([sessions([{ value: 3, labels }], 'x\ny\\')])).toBe(
    '# HELP bridge_sessions x\\ny\\\\\n# TYPE bridge_sessions gauge\n' +
      'bridge_sessions{server="a\\"} 1\\nb\\\\"} 3\n',
  );
});

test.each([
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [NaN, 'NaN'],
])('%s is spelt %s', (value, spelt) => {
  expect(metricsText([sessions([{ value }])])).toContain(`bridge_sessions ${spelt}\n`);
});

test('a metric without samples keeps its head, and no metrics are no text', () => {
  expect(metricsText([sessions([])])).toBe(
    '# HELP bridge_sessions Open sessions.\n# TYPE bridge_sessions gauge\n',
  );
  expect(metricsText([])).toBe('');
});

test('names follow the rules of Prometheus, and say base units', () => {
  for (const { name, type, help } of Object.values(METRICS)) {
    expect(name).toMatch(/^mcp_bridge(?:_[a-z]+)+$/u);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/milli|_ms\b|kilo|mega/u);
    expect(help).toMatch(/^[A-Z].*\.$/u);
  }
  const names = Object.values(METRICS).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const row of Object.values(METRICS).filter(({ type }) => type === 'histogram'))
    expect(row.name).toMatch(/_seconds$/u);
});

test('labels hold names of operators, or one of a list that does not know what stands for others', () => {
  const labels = Object.values(METRICS).flatMap((row): [string, string | readonly string[]][] =>
    Object.entries('labels' in row ? row.labels : {}),
  );
  const named = labels.flatMap(([label, rule]) => (rule === 'name' ? [label] : []));
  expect([...new Set(named)].toSorted()).toEqual(['runner', 'server']);
  expect(labels.flatMap(([, rule]) => rule)).not.toContain(OTHER);
});
