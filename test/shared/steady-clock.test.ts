// Time made of a clock that somebody sets.
import { describe, expect, test } from 'vitest';

import { SteadyClock } from '../../shared/steady-clock.ts';

const DAY = 24 * 60 * 60 * 1000;

describe('[F-244] a clock that is set', () => {
  test('counts what passes while nobody sets it', () => {
    const clock = new SteadyClock(10_000);
    expect([5_000, 6_000, 6_000, 15_000].map((wall) => clock.at(wall))).toEqual([
      0, 1_000, 1_000, 10_000,
    ]);
  });

  test.each([DAY, -DAY])('by %i ms moves a deadline by one step at most', (jump) => {
    const clock = new SteadyClock(10_000);
    const start = clock.at(DAY * 9);
    const before = clock.at(DAY * 9 + 1_000);
    const after = clock.at(DAY * 9 + 2_000 + jump);
    expect(before - start).toBe(1_000);
    expect(after - before).toBeGreaterThanOrEqual(0);
    expect(after - before).toBeLessThanOrEqual(10_000);
    // And goes on from there.
    expect(clock.at(DAY * 9 + 5_000 + jump) - after).toBe(3_000);
  });
});
