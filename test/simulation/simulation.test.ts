// The promises over many seeds, and the seeds that once broke one.
import { expect, inject, test } from 'vitest';
import { check } from './history.ts';
import { World } from './world.ts';

const SEEDS = inject('seeds');

/** The rules a seed breaks, with what led there; empty when all hold. */
function breaches(seed: number): string[] {
  const history = new World(seed).run();
  const faults = check(history);
  return faults.length === 0 ? [] : [`seed ${String(seed)}`, ...faults, ...history.trace];
}

test(`R-1, R-2, R-4, R-5, R-8, R-9, R-11, R-13 hold over ${SEEDS} seeds`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) expect(breaches(seed)).toEqual([]);
});

test('a seed replays exactly', () => {
  const [first, second] = [new World(42).run(), new World(42).run()];
  expect(second).toEqual(first);
});

test.each([
  [15, '[F-291] R-11: an actor that dies as its session ends leaves no row with the fleet'],
  [26, '[F-292] R-11: a session given up while its actor sleeps leaves nothing on disk'],
  [1261, '[F-292] R-11: a session given up after its actor was reset leaves nothing on disk'],
  [
    2207,
    '[F-293] R-11: an actor that dies as it is told that its session is given up is told again',
  ],
  [
    1800,
    '[F-294] R-2: a post that may have arrived before its actor broke away is not told as unsent',
  ],
])('seed %i: %s', (seed) => {
  expect(breaches(seed)).toEqual([]);
});
