// Health in the form that load balancers read.
import { expect, test } from 'vitest';

import { problemText } from '../../../shared/problem.ts';
import { healthz, readyz } from '../../../edge/http/status.ts';

test('healthz is 200 ok', async () => {
  const response = healthz();
  expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
});

test.each([
  [true, [], 200],
  [false, [{ what: 'BRIDGE_SECRET is not set', fix: 'Set it.' }], 503],
])('readyz when ready is %s', async (ready, problems, status) => {
  const response = readyz(problems);
  expect(response.status).toBe(status);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual({ ready, problems: problems.map(problemText) });
});
