// Quotas of a day: several workers count together by what they tell the access actor, which keeps it.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Access } from '../../../edge/core/access.ts';
import { EdgeLimits } from '../../../edge/core/limits.ts';
import { UntoldUse } from '../../../edge/core/quotas.ts';
import { memoryAccessStore } from '../../fixtures/memory-access.ts';

const START = 1_800_000_000_000;
const DAY_MS = 86_400_000;

/** Workers before one access actor, which writes nothing but what it is told. */
class Workers {
  readonly #store = memoryAccessStore();
  #access = new Access(this.#store);
  limits: EdgeLimits[];
  asked = 0;
  now = START;
  isLost = false;

  constructor(count: number) {
    this.limits = Array.from({ length: count }, () => new EdgeLimits());
  }

  /** A request of ann at a worker; whether it was served. */
  request(worker: number, requestsPerDay: number): boolean {
    const limits = this.limits[worker] as EdgeLimits;
    const share = { key: 'ann', limits: { requestsPerDay } };
    const isServed = limits.budget([share])?.request(this.now) === undefined;
    const used = limits.toTell(this.now);
    if (used.length === 0) return isServed;
    this.asked += 1;
    if (this.isLost) limits.untold(used);
    else limits.told(this.#access.take('useQuotas', { used }, this.now).dues);
    return isServed;
  }

  restart(worker: number): void {
    this.limits[worker] = new EdgeLimits();
  }

  evict(): void {
    this.#access = new Access(this.#store);
  }

  sweep(): void {
    this.#access.sweep(this.now);
  }

  get rows(): number {
    return Number(this.#store.quotas.quotaDue('requestsPerDay ann') !== undefined);
  }
}

test('[F-585] all workers together serve what a day gives, and a hundredth more each at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(1, 10, 150, 1_000),
      fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 400 })), { maxLength: 40 }),
      (count, limit, bursts) => {
        const workers = new Workers(count);
        let served = 0;
        for (const [worker, requests] of bursts) {
          workers.now += 1_000;
          for (let n = 0; n < requests; n++)
            if (workers.request(worker % count, limit)) served += 1;
        }
        const passed = (workers.now - START) / DAY_MS;
        const slack = count * (1 + limit / 100);
        expect(served).toBeLessThanOrEqual(limit * (1 + passed) + slack);
      },
    ),
  );
});

test('[F-585] neither a new worker nor an actor without its memory forgives what was used', () => {
  const workers = new Workers(1);
  let served = 0;
  for (let n = 0; n < 300; n++) {
    if (workers.request(0, 200)) served += 1;
    if (n % 10 === 9) workers.restart(0);
    if (n % 50 === 49) workers.evict();
  }
  // A new worker serves one before it is told.
  expect(served).toBeLessThanOrEqual(200 + 300 / 10 + 30);
  workers.evict();
  workers.restart(0);
  workers.request(0, 200);
  expect(workers.request(0, 200)).toBe(false);
});

test('[F-585] what an actor out of reach was not told is told later', () => {
  const workers = new Workers(2);
  workers.isLost = true;
  for (let n = 0; n < 80; n++) workers.request(0, 100);
  workers.isLost = false;
  workers.now += 10_000;
  workers.request(0, 100);
  let served = 0;
  for (let n = 0; n < 100; n++) if (workers.request(1, 100)) served += 1;
  expect(served).toBeLessThanOrEqual(20);
});

test('[F-585] it is told in time or in bulk, not with each request', () => {
  const workers = new Workers(1);
  for (let n = 0; n < 10_000; n++) {
    workers.request(0, 1_000_000);
    workers.now += 10;
  }
  // 100 seconds, of which every ten tell.
  expect(workers.asked).toBeLessThanOrEqual(12);
  for (let n = 0; n < 100_000; n++) workers.request(0, 1_000_000);
  expect(workers.asked).toBeLessThanOrEqual(12 + 11);
});

test('[F-585] a day later it is forgotten', () => {
  const workers = new Workers(1);
  for (let n = 0; n < 100; n++) workers.request(0, 100);
  expect(workers.request(0, 100)).toBe(false);
  expect(workers.rows).toBe(1);
  workers.now += DAY_MS;
  workers.sweep();
  expect(workers.rows).toBe(0);
  workers.restart(0);
  expect(workers.request(0, 100)).toBe(true);
});

test('[F-608] what a request costs does not grow with those who have used something', () => {
  /** How often the use of others is looked at while ann makes a thousand requests. */
  const looksBeside = (others: number): number => {
    const use = new UntoldUse();
    let looks = 0;
    const rate = {
      periodMs: DAY_MS,
      get count() {
        looks += 1;
        return 1_000_000;
      },
    };
    for (let n = 0; n < others; n++) use.add(`other ${n}`, rate, 1);
    use.take(START);
    for (let n = 0; n < others; n++) use.add(`other ${n}`, rate, 1);
    looks = 0;
    for (let n = 0; n < 1_000; n++) {
      use.add('ann', rate, 1);
      use.take(START + n);
    }
    return looks;
  };
  expect(looksBeside(2_000)).toBeLessThan(2 * looksBeside(20));
});

test('[F-608] and all of them are told in time', () => {
  const use = new UntoldUse();
  const rate = { count: 1_000_000, periodMs: DAY_MS };
  const add = (): void => {
    for (let n = 0; n < 50; n++) use.add(`other ${n}`, rate, 1);
  };
  add();
  expect(use.take(START)).toHaveLength(50);
  add();
  const told = Array.from({ length: 12 }, (_, s) => use.take(START + s * 1_000).length);
  expect(told).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 0]);
});
