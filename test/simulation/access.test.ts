// The access actor's rules on an actor that dies between any two statements, over a network that loses and doubles what it carries.
import { expect, inject, test } from 'vitest';

import { callsOfCleanSeeds } from './clean-seeds.ts';

/** Fewer than of whole deployments: in one actor fewer things can meet. */
const SEEDS = inject('seeds') / 4;

test(`[F-364] codes, refresh tokens and ends of grants keep their promises over ${String(SEEDS)} seeds`, async () => {
  // Each of a seed's calls is a refresh.
  expect(await callsOfCleanSeeds('access', SEEDS)).toBeGreaterThan(SEEDS);
});
