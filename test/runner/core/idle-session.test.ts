// What an idle session holds in the runner: a runner has hundreds.
import { queryObjects } from 'node:v8';

import { expect, test } from 'vitest';

import { DrivenSession } from './driven-session.ts';

const SESSIONS = 50;

test('[F-724] an idle session holds few maps: what is rarely there has none', () => {
  const count = (): number => queryObjects(Map, { format: 'count' });
  const before = count();
  const sessions = Array.from({ length: SESSIONS }, () => DrivenSession.initialized());
  const each = (count() - before) / sessions.length;
  expect(each).toBeLessThanOrEqual(6);
});
