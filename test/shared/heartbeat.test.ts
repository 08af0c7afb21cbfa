// When a runner pings, and when it takes a socket for half-open (PROTOCOL.md LP4, LP23).
import { describe, expect, test } from 'vitest';

import { Heartbeat } from '../../shared/link/heartbeat.ts';
import {
  IN_USE_MS,
  PING_MS,
  PONG_MS,
  RESTING_PING_MS,
  RESTING_SPREAD,
} from '../../shared/link/timing.ts';

/** A socket on which every ping is answered, for `ms` from `from` on; when it was pinged. */
function pings(heartbeat: Heartbeat, from: number, ms: number, random = 0): number[] {
  const at: number[] = [];
  let heard = 1_000;
  for (let now = heartbeat.dueAt; now <= from + ms; now = heartbeat.dueAt) {
    const beat = heartbeat.tick(now, heard, random);
    expect(beat).not.toBe('silent');
    if (beat === 'ping') at.push(now);
    heard += 1;
  }
  return at;
}

const gaps = (times: readonly number[]): number[] =>
  times.slice(1).map((time, index) => time - (times[index] ?? 0));

describe('[LP4] a socket whose pings are answered', () => {
  test('is pinged every 10 s on a control link, for ever', () => {
    const at = pings(new Heartbeat(false, 0, 0), 0, 600_000);
    expect(new Set(gaps(at))).toEqual(new Set([PING_MS]));
  });

  test('is pinged so on a session link while it is in use, then rarely', () => {
    const at = pings(new Heartbeat(true, 0, 0), 0, 600_000);
    const [busy, resting] = [gaps(at.filter((time) => time <= IN_USE_MS)), gaps(at).slice(3)];
    expect(new Set(busy)).toEqual(new Set([PING_MS]));
    expect(new Set(resting)).toEqual(new Set([RESTING_PING_MS]));
  });

  test('and not together with others: the time is shorter by chance', () => {
    const at = pings(new Heartbeat(true, 0, 0), 0, 600_000, 0.999_9);
    expect(gaps(at).at(-1)).toBeCloseTo(RESTING_PING_MS * (1 - RESTING_SPREAD), -2);
  });

  test('is soon pinged again when a frame comes', () => {
    const heartbeat = new Heartbeat(true, 0, 0);
    pings(heartbeat, 0, 300_000);
    const now = heartbeat.dueAt - 30_000;
    heartbeat.came(now);
    expect(heartbeat.dueAt).toBeLessThanOrEqual(now + PING_MS);
    expect(gaps(pings(heartbeat, now, IN_USE_MS))).toContain(PING_MS);
  });
});

describe('[LP23] [F-52] [F-360] a socket that brings nothing', () => {
  test('is silent 6 s after the ping', () => {
    const heartbeat = new Heartbeat(true, 0, 7);
    expect(heartbeat.dueAt).toBe(PONG_MS);
    expect(heartbeat.tick(PONG_MS, 7, 0)).toBe('silent');
  });

  test('is asked with the first frame after a rest, and not with the next', () => {
    const heartbeat = new Heartbeat(true, 0, 0);
    const last = pings(heartbeat, 0, 300_000).at(-1) ?? 0;
    if (heartbeat.isAwaited) heartbeat.tick(last + PONG_MS, 5_000, 0);
    const now = last + PONG_MS + 1_000;
    expect([heartbeat.left(now, 5_000), heartbeat.left(now + 1, 5_000)]).toEqual([
      'ping',
      undefined,
    ]);
    expect(heartbeat.tick(now + PONG_MS, 5_000, 0)).toBe('silent');
  });

  test('is asked at once when somebody doubts it, unless it is asked already', () => {
    const heartbeat = new Heartbeat(true, 0, 0);
    expect(heartbeat.ask(1, 0)).toBeUndefined();
    heartbeat.tick(PONG_MS, 1, 0);
    expect(heartbeat.ask(PONG_MS + 1, 1)).toBe('ping');
    expect(heartbeat.dueAt).toBe(PONG_MS + 1 + PONG_MS);
  });
});
