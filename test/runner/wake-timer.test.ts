// The one timer of a machine: it wakes at the earliest time that was asked for, and once.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WakeTimer } from '../../runner/wake-timer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(): { timer: WakeTimer; woken: number[] } {
  const woken: number[] = [];
  const timer = new WakeTimer(() => woken.push(performance.now()));
  return { timer, woken };
}

test('an earlier need replaces a later one', () => {
  const { timer, woken } = watched();
  const now = performance.now();
  timer.arm(now + 100);
  timer.arm(now + 20);
  vi.advanceTimersByTime(200);
  expect(woken).toEqual([now + 20]);
});

test('a later need leaves the timer: what is woken early looks again', () => {
  const { timer, woken } = watched();
  const now = performance.now();
  timer.arm(now + 20);
  timer.arm(now + 100);
  timer.arm(undefined);
  vi.advanceTimersByTime(20);
  expect(woken).toEqual([now + 20]);
  timer.arm(now + 100);
  vi.advanceTimersByTime(80);
  expect(woken).toEqual([now + 20, now + 100]);
});

test('what is cleared does not wake, and what is past wakes at once', () => {
  const { timer, woken } = watched();
  const now = performance.now();
  timer.arm(now + 20);
  timer.clear();
  vi.advanceTimersByTime(50);
  expect(woken).toEqual([]);
  timer.arm(now);
  vi.advanceTimersByTime(0);
  expect(woken).toEqual([now + 50]);
});
