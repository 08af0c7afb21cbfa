// Processes that sessions share, over many seeds.
import { expect, inject, test } from 'vitest';

import { callsOfCleanSeeds } from './clean-seeds.ts';
import { World } from './world.ts';

const SEEDS = Math.max(200, inject('seeds') / 10);

test(`R-1, R-2, R-4, R-5, R-8, R-9, R-11 hold where sessions share processes that crash, over ${SEEDS} seeds`, async () => {
  expect(await callsOfCleanSeeds('shared', SEEDS)).toBeGreaterThan(10 * SEEDS);
});

test('a seed replays exactly', () => {
  const run = () => new World(42, undefined, { isShared: true }).run();
  expect(run()).toEqual(run());
});
