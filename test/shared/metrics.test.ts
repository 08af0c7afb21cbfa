// Metrics as Prometheus reads them.
import { expect, test } from 'vitest';

import { metricsText, single, type Metric } from '../../shared/metrics.ts';

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
    single('counter', 'bridge_faults_total', 'Faults.', 0.5),
    single('gauge', 'bridge_linked', 'Whether linked.', true),
  ]);
  expect(text.split('\n')).toEqual([
    '# HELP bridge_sessions Open sessions.',
    '# TYPE bridge_sessions gauge',
    'bridge_sessions{server="files"} 1',
    'bridge_sessions{server="memory",era="legacy"} 2',
    '# HELP bridge_faults_total Faults.',
    '# TYPE bridge_faults_total counter',
    'bridge_faults_total 0.5',
    '# HELP bridge_linked Whether linked.',
    '# TYPE bridge_linked gauge',
    'bridge_linked 1',
    '',
  ]);
});

test('nothing breaks out of a label or a help line', () => {
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
