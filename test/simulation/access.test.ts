// The access actor's rules on an actor that dies between any two statements, over a network that loses and doubles what it carries.
import { setImmediate } from 'node:timers/promises';

import { expect, inject, test } from 'vitest';

import { AccessWorld } from './access-world.ts';

/** Fewer than of whole deployments: in one actor fewer things can meet. */
const SEEDS = inject('seeds') / 4;

test(`[F-364] codes, refresh tokens and ends of grants keep their promises over ${String(SEEDS)} seeds`, async () => {
  let refreshes = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new AccessWorld(seed);
    expect([seed, ...world.run()]).toEqual([seed]);
    refreshes += world.refreshes;
    await setImmediate();
  }
  expect(refreshes).toBeGreaterThan(SEEDS);
});
