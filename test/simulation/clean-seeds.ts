// Many seeds of a world, of which none may break a rule.
import { expect } from 'vitest';

import { runSeeds, type WorldName } from './seeds.ts';

/** Runs seeds 1 to `count`; resolves with how many calls they made. A seed that breaks a rule fails the test, with what led there. */
export async function callsOfCleanSeeds(world: WorldName, count: number): Promise<number> {
  let [ran, calls] = [0, 0];
  await runSeeds(world, 1, count, (reports) => {
    for (const { seed, faults, trace, calls: made } of reports) {
      expect(faults.length === 0 ? [] : [seed, ...faults, ...trace]).toEqual([]);
      ran += 1;
      calls += made;
    }
    return true;
  });
  expect(ran).toBe(count);
  return calls;
}
