// One timer wakes all, each at its time, however the wall clock is set meanwhile.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Waker, Wakers } from '../../../../edge/hosts/node/wakers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Wakers that note when they are woken, in ms since now. */
function noted(count: number): { readonly wakers: Waker[]; readonly woken: string[] } {
  const woken: string[] = [];
  const start = performance.now();
  const wakers = Array.from(
    { length: count },
    (_, n) => new Waker(() => woken.push(`${n} at ${Math.round(performance.now() - start)}`)),
  );
  return { wakers, woken };
}

test('each is woken once at its time, by a single timer', () => {
  const queue = new Wakers();
  const { wakers, woken } = noted(5);
  const times = [300, 100, 500, 200, 400];
  for (const [n, waker] of wakers.entries()) queue.arm(waker, Date.now() + (times[n] ?? 0));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1_000);
  expect(woken).toEqual(['1 at 100', '3 at 200', '0 at 300', '4 at 400', '2 at 500']);
  expect(vi.getTimerCount()).toBe(0);
});

test('an earlier time takes the place of a later one, and a later one does not', () => {
  const queue = new Wakers();
  const { wakers, woken } = noted(1);
  const [waker] = wakers;
  if (!waker) throw new Error('none');
  for (const ms of [300, 100, 200]) queue.arm(waker, Date.now() + ms);
  queue.arm(waker, undefined);
  vi.advanceTimersByTime(1_000);
  expect(woken).toEqual(['0 at 100']);
});

test('who is armed when it is woken is woken again', () => {
  const queue = new Wakers();
  let count = 0;
  const waker = new Waker(() => {
    count += 1;
    if (count < 4) queue.arm(waker, Date.now() + 50);
  });
  queue.arm(waker, Date.now());
  vi.advanceTimersByTime(1_000);
  expect(count).toBe(4);
});

test.each([-1, 1])('a wall clock that is set by %i day changes no time', (days) => {
  const queue = new Wakers();
  const { wakers, woken } = noted(2);
  const [one, two] = wakers;
  if (!one || !two) throw new Error('none');
  queue.arm(one, Date.now() + 100);
  vi.setSystemTime(Date.now() + days * 86_400_000);
  queue.arm(two, Date.now() + 200);
  vi.advanceTimersByTime(1_000);
  expect(woken).toEqual(['0 at 100', '1 at 200']);
});

test('a time that no timer reaches is waited for in steps', () => {
  const queue = new Wakers();
  const { wakers, woken } = noted(1);
  const [waker] = wakers;
  if (!waker) throw new Error('none');
  const month = 31 * 86_400_000;
  queue.arm(waker, Date.now() + month);
  vi.advanceTimersByTime(month - 1_000);
  expect(woken).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(woken).toHaveLength(1);
});
