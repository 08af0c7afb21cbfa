// As many processes are kept ready as are wanted, on a clock that is turned by hand.
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import type { WarmBounds } from '../../../runner/core/warm-size.ts';
import { WarmProcesses } from '../../../runner/sessions/warm-processes.ts';

const BOUNDS: WarmBounds = { min: 1, max: 4, holdMs: 60_000 };

/** Longer than a process that has served waits for the next one. */
const REPLACED_MS = 100;

class Pool {
  ready = 0;
  room = 100;
  mayStart = true;
  tries = 0;
  readonly told: number[] = [];
  readonly warm: WarmProcesses;

  constructor(bounds: WarmBounds = BOUNDS) {
    this.warm = new WarmProcesses({
      bounds,
      ready: () => this.ready,
      room: () => this.room,
      start: () => {
        this.tries += 1;
        if (this.mayStart) this.ready += 1;
        return this.mayStart;
      },
      end: () => void (this.ready -= 1),
      changed: () => void this.told.push(this.warm.wanted),
    });
    onTestFinished(() => this.warm.close());
    this.warm.fit();
  }

  /** So many sessions open at once, and are served. */
  async burst(count: number): Promise<void> {
    for (let opening = 0; opening < count; opening++) {
      this.ready = Math.max(0, this.ready - 1);
      this.warm.asked();
      this.warm.served();
    }
    await vi.advanceTimersByTimeAsync(REPLACED_MS);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

describe('processes that are kept ready', () => {
  test('[F-890] are as many as came together, once the burst was served', async () => {
    const pool = new Pool();
    expect([pool.ready, pool.warm.wanted, vi.getTimerCount()]).toEqual([1, 1, 0]);
    await pool.burst(3);
    expect([pool.ready, pool.told]).toEqual([3, [3]]);
    await pool.burst(9);
    expect([pool.ready, pool.told]).toEqual([4, [3, 4]]);
  });

  test('[F-891] become fewer one by one after a lull, and then nothing wakes any more', async () => {
    const pool = new Pool();
    await pool.burst(3);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pool.ready).toBe(2);
    await vi.advanceTimersByTimeAsync(6_000);
    expect([pool.ready, pool.told, vi.getTimerCount()]).toEqual([1, [3, 2, 1], 0]);
  });

  test('of a fixed number never become more or fewer, and nothing wakes but what replaces one', async () => {
    const pool = new Pool({ min: 2, max: 2, holdMs: 60_000 });
    await pool.burst(5);
    pool.room = 0;
    pool.warm.fit();
    expect([pool.ready, pool.told, vi.getTimerCount()]).toEqual([2, [], 0]);
  });

  test('[F-893] make room for sessions, but for the least number', async () => {
    const pool = new Pool();
    await pool.burst(4);
    pool.room = 2;
    pool.warm.fit();
    expect([pool.ready, pool.warm.wanted]).toEqual([2, 2]);
    pool.room = 0;
    pool.warm.fit();
    expect([pool.ready, pool.told]).toEqual([1, [4, 2, 1]]);
    // The room is there again: so are they, at the next opening.
    pool.room = 100;
    await pool.burst(1);
    expect(pool.ready).toBe(4);
  });

  test('[F-895] are not tried again and again while none may start, and none is started for a pool that is closed', async () => {
    const pool = new Pool();
    pool.mayStart = false;
    pool.tries = 0;
    await pool.burst(4);
    expect([pool.ready, pool.tries]).toEqual([0, 1]);
    pool.mayStart = true;
    await pool.burst(1);
    expect(pool.ready).toBe(4);
    pool.warm.served();
    pool.warm.close();
    expect(vi.getTimerCount()).toBe(0);
    pool.ready = 0;
    pool.warm.served();
    pool.warm.fit();
    expect([pool.ready, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
