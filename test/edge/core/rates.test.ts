// How often something may happen, and what is remembered for it.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Rates } from '../../../edge/core/rates.ts';

const RATE = { count: 10, periodMs: 1_000 };

test('[F-459] so many at once, and then as many in each period', () => {
  const rates = new Rates();
  const taken = (now: number): number => {
    let count = 0;
    while (rates.take('a', RATE, now) === 0) count += 1;
    return count;
  };
  expect(taken(0)).toBe(10);
  expect(rates.wait('a', RATE, 0)).toBe(100);
  expect(taken(100)).toBe(1);
  expect(taken(600)).toBe(5);
  expect(taken(10_000)).toBe(10);
  expect(rates.take('b', RATE, 0)).toBe(0);
});

test('[F-459] so many at once are exactly so many, whatever the number and the time', () => {
  for (let count = 1; count <= 500; count++) {
    const rates = new Rates();
    const rate = { count, periodMs: 60_000 };
    const now = 1_700_000_000_000 + count;
    let taken = 0;
    while (rates.take('a', rate, now) === 0) taken += 1;
    expect([count, taken]).toEqual([count, count]);
  }
});

test('[F-459] whenever they come, no more are permitted than a burst and the rate', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }), (gaps) => {
      const rates = new Rates();
      let now = 0;
      let taken = 0;
      const afterwards: number[] = [];
      for (const gap of gaps) {
        now += gap;
        const waitMs = rates.take('a', RATE, now);
        if (waitMs === 0) taken += 1;
        afterwards.push(waitMs === 0 ? 0 : rates.wait('a', RATE, now + waitMs));
      }
      // Who waits as long as it was told gets one.
      expect(afterwards.filter((waitMs) => waitMs > 0)).toEqual([]);
      expect(taken).toBeLessThanOrEqual(RATE.count + (now * RATE.count) / RATE.periodMs);
    }),
  );
});

test('[F-459] what went far beyond the limit has to wait a period, and no longer', () => {
  const rates = new Rates();
  rates.count('a', RATE, 0, 1_000_000);
  expect(rates.wait('a', RATE, 0)).toBe(100);
  expect(rates.wait('a', RATE, 1_000)).toBe(0);
});

test('[F-459] a flood of keys costs a bounded memory, and pushes out what was counted longest ago', () => {
  const rates = new Rates();
  for (let n = 0; n < 10; n++) rates.take('old', RATE, 0);
  for (let n = 0; n < 9_999; n++) rates.take(`k${n}`, RATE, 0);
  expect(rates.take('old', RATE, 0)).toBeGreaterThan(0);
  for (let n = 0; n < 10; n++) rates.take(`more${n}`, RATE, 0);
  expect(rates.take('old', RATE, 0)).toBe(0);
});
