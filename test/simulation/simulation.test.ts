// The delivery promises over many seeds, and the seeds that once broke one.
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

test(`R-1, R-2, R-4, R-8, R-9 hold over ${SEEDS} seeds`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) expect(breaches(seed)).toEqual([]);
});

test('a seed replays exactly', () => {
  const [first, second] = [new World(42).run(), new World(42).run()];
  expect(second).toEqual(first);
});

test.each([
  [1267, 'a post answered before its acceptance is known is not owed twice (HTTP+SSE)'],
  [4016, 'a follower that was away learns what is owed when it is back (HTTP+SSE)'],
  [4250, 'a cancelled call that is answered all the same has one outcome'],
  [41_474, 'a session that ends first says which posts it had'],
  [74_724, 'an error on the stream and a refused post are not both told'],
  [85_683, 'a result on the stream and a refused post are not both told'],
  [500_830, 'a client is not slow for what it could not acknowledge while the link was away'],
  [413_437, 'what was told as owed to a breaking socket is told again (HTTP+SSE)'],
])('seed %i: %s', (seed) => {
  expect(breaches(seed)).toEqual([]);
});
