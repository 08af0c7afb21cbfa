// Virtual servers over many seeds.
import { expect, inject, test } from 'vitest';

import { callsOfCleanSeeds } from './clean-seeds.ts';
import { check } from './history.ts';
import { World } from './world.ts';

/** A seed of a virtual server takes three to four times as long as one of a single server, and the whole is not to take notably longer. */
const SEEDS = Math.max(100, inject('seeds') / 25);

test(`[R-16] R-1, R-2, R-4, R-5, R-8, R-9, R-11 hold with members that crash, hang, start late and change, over ${SEEDS} seeds`, async () => {
  expect(await callsOfCleanSeeds('virtual', SEEDS)).toBeGreaterThan(20 * SEEDS);
});

test('[R-16] what sleeping members are shown as from memory is judged once they are awake', () => {
  // Of this client's members three sleep when it looks; one lists something else by then.
  expect(check(new World(80_704_911, undefined, { isVirtual: true }).run())).toEqual([]);
});

test('a seed replays exactly', () => {
  const run = (): string[] => {
    const history = new World(42, undefined, { isVirtual: true }).run();
    const calls = [...history.calls.values()].map(
      ({ uid, outcomes, progress }) => `${uid} ${outcomes.join()} ${progress.join()}`,
    );
    return [...calls, ...history.trace, ...history.journal.map((record) => JSON.stringify(record))];
  };
  expect(run()).toEqual(run());
});
