// The delivery promises over many seeds, and the seeds that once broke one.
import { expect, test } from 'vitest';
import { check } from './history.ts';
import { World } from './world.ts';

const SEEDS = 5_000;

test(`R-1, R-2, R-4, R-8, R-9 hold over ${String(SEEDS)} seeds`, { timeout: 300_000 }, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const history = new World(seed).run();
    expect(check(history), `seed ${String(seed)}\n${history.trace.join('\n')}`).toEqual([]);
  }
});

test('a seed replays exactly', () => {
  const [first, second] = [new World(42).run(), new World(42).run()];
  expect(second).toEqual(first);
});
