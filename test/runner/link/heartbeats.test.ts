// One timer for the heartbeats of all links.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Heartbeats } from '../../../runner/link/heartbeats.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Something that is due at these times, one after the other; when it beat. */
function beating(queue: Heartbeats, dues: number[], isAwaited: boolean) {
  const at: number[] = [];
  const each = {
    heartbeat: {
      get dueAt() {
        return dues[0] ?? Infinity;
      },
      isAwaited,
    },
    beat: () => {
      at.push(performance.now());
      dues.shift();
      if (dues.length > 0) queue.schedule(each);
    },
  };
  queue.schedule(each);
  return { each, at };
}

test('[LP4] a thousand links wake the program once a second at most, with one timer', async () => {
  const queue = new Heartbeats();
  const start = performance.now();
  const all = Array.from({ length: 1_000 }, (_, n) =>
    beating(queue, [start + 44_000 + 11 * n], false),
  );
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  const times = all.flatMap(({ at }) => at);
  expect(times).toHaveLength(1_000);
  expect(new Set(times).size).toBeLessThanOrEqual(12);
  expect(vi.getTimerCount()).toBe(0);
});

test('[LP4] a ping is early by less than a second, and a look late by less than that', async () => {
  const queue = new Heartbeats();
  const due = Math.ceil(performance.now() / 1_000) * 1_000 + 10_500;
  const [ping, look] = [beating(queue, [due], false), beating(queue, [due], true)];
  await vi.advanceTimersByTimeAsync(20_000);
  expect((due - (ping.at[0] ?? 0)) / 1_000).toBeCloseTo(0.5, 1);
  expect(((look.at[0] ?? 0) - due) / 1_000).toBeCloseTo(0.5, 1);
});

test('what is cancelled, or due sooner than it was, does not beat at its old time', async () => {
  const queue = new Heartbeats();
  const start = Math.ceil(performance.now() / 1_000) * 1_000;
  const gone = beating(queue, [start + 5_000], false);
  const dues = [start + 50_000];
  const moved = beating(queue, dues, false);
  queue.cancel(gone.each);
  dues[0] = start + 3_000;
  queue.schedule(moved.each);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gone.at).toEqual([]);
  expect(moved.at.map((at) => Math.round((at - start) / 1_000))).toEqual([3]);
});
