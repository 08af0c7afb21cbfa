// How many processes are kept ready for the sessions to come.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  ASSUMED_START_MS,
  LONGEST_START_MS,
  readyWithin,
  SHORTEST_START_MS,
  STEPS_OF_A_HOLD,
  WarmSize,
  type WarmBounds,
} from '../../../runner/core/warm-size.ts';

const HOLD_MS = 300_000;
const STEP_MS = HOLD_MS / STEPS_OF_A_HOLD;
const BOUNDS: WarmBounds = { min: 1, max: 8, holdMs: HOLD_MS };

/** So many sessions that open at once. */
const burst = (size: WarmSize, count: number, at: number): void => {
  for (let opening = 0; opening < count; opening++) size.asked(at);
};

describe('[R-13] [F-890] a burst of openings', () => {
  test('counts at once, and the next one of its size finds as many', () => {
    const size = new WarmSize(BOUNDS);
    expect([size.size(0), size.wakeAt()]).toEqual([1, undefined]);
    burst(size, 5, 10);
    expect(size.size(10)).toBe(5);
    burst(size, 5, 60_000);
    expect(size.size(60_000)).toBe(5);
    expect(size.wakeAt()).toBe(60_000 + HOLD_MS);
  });

  test('never makes more than the most', () => {
    const size = new WarmSize(BOUNDS);
    burst(size, 1_000, 0);
    expect(size.size(0)).toBe(8);
  });

  test('is what comes while one process starts, as long as starts have taken', () => {
    const size = new WarmSize({ ...BOUNDS, min: 0 });
    size.asked(0);
    size.asked(ASSUMED_START_MS - 1);
    expect(size.size(ASSUMED_START_MS)).toBe(2);
    const slow = new WarmSize({ ...BOUNDS, min: 0 });
    slow.started(10_000);
    for (let opening = 0; opening < 4; opening++) slow.asked(opening * 3_000);
    expect(slow.size(9_000)).toBe(4);
    const fast = new WarmSize({ ...BOUNDS, min: 0 });
    fast.started(50);
    for (let opening = 0; opening < 4; opening++) fast.asked(opening * SHORTEST_START_MS);
    expect(fast.size(4_000)).toBe(1);
  });

  test('a start that downloads for minutes does not make all openings one burst', () => {
    const size = new WarmSize({ ...BOUNDS, min: 0 });
    size.started(600_000);
    for (let opening = 0; opening < 8; opening++) size.asked(opening * LONGEST_START_MS);
    expect(size.size(7 * LONGEST_START_MS)).toBe(1);
    // Starts of now are believed, each a little more.
    for (let start = 0; start < 40; start++) size.started(100);
    burst(size, 2, 1_000_000);
    size.asked(1_000_000 + SHORTEST_START_MS + 100);
    expect(size.size(1_002_000)).toBe(2);
  });
});

describe('[F-891] after a lull', () => {
  test('there is one fewer in each step, until the least', () => {
    const size = new WarmSize(BOUNDS);
    burst(size, 4, 0);
    expect(size.size(HOLD_MS - 1)).toBe(4);
    expect(size.size(HOLD_MS)).toBe(3);
    expect(size.wakeAt()).toBe(HOLD_MS + STEP_MS);
    expect(size.size(HOLD_MS + STEP_MS - 1)).toBe(3);
    expect(size.size(HOLD_MS + STEP_MS)).toBe(2);
    expect(size.size(HOLD_MS + 2 * STEP_MS)).toBe(1);
    expect(size.wakeAt()).toBeUndefined();
    expect(size.size(HOLD_MS * 100)).toBe(1);
  });

  test('of which the machine slept through, all steps are made up for', () => {
    const size = new WarmSize({ ...BOUNDS, min: 0 });
    burst(size, 8, 0);
    expect([size.size(86_400_000), size.wakeAt()]).toEqual([0, undefined]);
  });

  test('a fixed number stays, and never wakes anybody', () => {
    const size = new WarmSize({ min: 3, max: 3, holdMs: HOLD_MS });
    burst(size, 20, 0);
    expect([size.size(0), size.wakeAt(), size.size(HOLD_MS * 10)]).toEqual([3, undefined, 3]);
  });
});

describe('[F-892] openings that come and go', () => {
  test('as many as come again within the hold are kept; of more that came once, those beyond are given up', () => {
    const size = new WarmSize(BOUNDS);
    burst(size, 8, 0);
    let at = 0;
    for (let turn = 0; turn < 30; turn++) burst(size, 3, (at += 60_000));
    expect(size.size(at)).toBe(3);
    // At the next burst of 8 it is there again at once, and holds.
    burst(size, 8, at + 1_000_000);
    expect(size.size(at + 1_000_000 + HOLD_MS - 1)).toBe(8);
  });

  test('whatever comes, it is within its bounds, grows to no more than came together, and shrinks a step at a time', () => {
    const step = fc.record({
      afterMs: fc.oneof(fc.nat(500), fc.nat(60_000), fc.nat(600_000)),
      took: fc.option(fc.nat(700_000)),
      count: fc.nat(12),
    });
    const bounds = fc.record({ min: fc.nat(5), more: fc.nat(10) });
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 40 }), ({ min, more }, steps) => {
        const max = Math.max(1, min + more);
        const size = new WarmSize({ min, max, holdMs: HOLD_MS });
        let now = 0;
        const openings: number[] = [];
        for (const { afterMs, took, count } of steps) {
          const before = size.size(now);
          now += afterMs;
          const after = size.size(now);
          expect(after).toBeLessThanOrEqual(before);
          expect(before - after).toBeLessThanOrEqual(Math.floor(afterMs / STEP_MS) + 1);
          if (took !== null) size.started(took);
          for (let opening = 0; opening < count; opening++) {
            openings.push(now);
            size.asked(now);
          }
          const together = openings.filter((at) => at > now - LONGEST_START_MS).length;
          expect(size.size(now)).toBeLessThanOrEqual(Math.max(after, Math.min(together, max)));
          expect(size.size(now)).toBeGreaterThanOrEqual(Math.max(min, Math.min(count, max)));
          expect(size.size(now)).toBeLessThanOrEqual(max);
          const wake = size.wakeAt() ?? Infinity;
          expect(wake === Infinity).toBe(size.size(now) === min);
          expect(wake).toBeGreaterThan(now);
        }
      }),
    );
  });
});

test('[F-893] no more are ready than sessions that may still come; the least is kept all the same', () => {
  expect([5, 3, 0].map((room) => readyWithin(BOUNDS, 4, room))).toEqual([4, 3, 1]);
  expect(readyWithin({ ...BOUNDS, min: 0 }, 4, 0)).toBe(0);
});
