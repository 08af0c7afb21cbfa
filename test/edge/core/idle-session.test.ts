// What an idle session holds at the edge: an edge has thousands.
import { queryObjects } from 'node:v8';

import { expect, test } from 'vitest';

import { DrivenActor, SPARE } from './driven-actor.ts';

const { isSpare: _isSpare, ...SESSION } = SPARE;

const SESSIONS = 50;

test('[F-724] the actor of an idle session holds few maps: what is rarely there has none', () => {
  const count = (): number => queryObjects(Map, { format: 'count' });
  const before = count();
  const actors = Array.from({ length: SESSIONS }, () => {
    const actor = new DrivenActor();
    actor.link(SESSION, 2);
    return actor;
  });
  const each = (count() - before) / actors.length;
  expect(each).toBeLessThanOrEqual(8);
});
