// Health in the form that load balancers read.
import { expect, test } from 'vitest';

import { healthz, readyz } from '../../../edge/http/status.ts';

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
