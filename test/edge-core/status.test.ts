// Health and metrics in the forms that load balancers and Prometheus read.
import { describe, expect, test } from 'vitest';

import { healthz, metricsText, readyz } from '../../edge/http/status.ts';

test('healthz is 200 ok', async () => {
  const response = healthz();
  expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
});

test.each([
  [true, [], 200],
  [false, ['BRIDGE_SECRET is not set.'], 503],
])('readyz when ready is %s', async (ready, problems, status) => {
  const response = readyz(ready, problems);
  expect(response.status).toBe(status);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual({ ready, problems });
});

describe('metrics', () => {
  const gauge = { name: 'bridge_sessions', help: 'Open sessions.', type: 'gauge' } as const;

  test('of one name stand together under one head', () => {
    const text = metricsText([
      { ...gauge, value: 1, labels: { server: 'files' } },
      { name: 'bridge_faults_total', help: 'Faults.', type: 'counter', value: 0.5 },
      { ...gauge, value: 2, labels: { server: 'memory', era: 'legacy' } },
    ]);
    expect(text.split('\n')).toEqual([
      '# HELP bridge_sessions Open sessions.',
      '# TYPE bridge_sessions gauge',
      'bridge_sessions{server="files"} 1',
      'bridge_sessions{server="memory",era="legacy"} 2',
      '# HELP bridge_faults_total Faults.',
      '# TYPE bridge_faults_total counter',
      'bridge_faults_total 0.5',
      '',
    ]);
  });

  test('cannot break out of a label or a help line', () => {
    const labels = { server: 'a"} 1\nb\\' };
    expect(metricsText([{ ...gauge, help: 'x\ny\\', value: 3, labels }])).toBe(
      '# HELP bridge_sessions x\\ny\\\\\n# TYPE bridge_sessions gauge\n' +
        'bridge_sessions{server="a\\"} 1\\nb\\\\"} 3\n',
    );
  });

  test.each([
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
  ])('%s is spelt %s', (value, spelt) => {
    expect(metricsText([{ ...gauge, value }])).toContain(`bridge_sessions ${spelt}\n`);
  });

  test('of nothing are nothing', () => {
    expect(metricsText([])).toBe('');
  });
});
