// The access actor's rules on an actor that dies between any two statements, over a network that loses and doubles what it carries.
import { expect, inject, test } from 'vitest';

import { runSeeds } from './seeds.ts';

/** Fewer than of whole deployments: in one actor fewer things can meet. */
const SEEDS = inject('seeds') / 4;

test(`[F-364] codes, refresh tokens and ends of grants keep their promises over ${String(SEEDS)} seeds`, async () => {
  let refreshes = 0;
  await runSeeds('access', 1, SEEDS, (reports) => {
    for (const { seed, faults, calls } of reports) {
      expect([seed, ...faults]).toEqual([seed]);
      refreshes += calls;
    }
    return true;
  });
  expect(refreshes).toBeGreaterThan(SEEDS);
});
