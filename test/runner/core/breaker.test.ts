import { expect, test } from 'vitest';
import {
  BREAKER_FAILURES,
  BREAKER_WINDOW_MS,
  Breaker,
  OPEN_FIRST_MS,
  OPEN_MAX_MS,
  PROBE_MAX_MS,
} from '../../../runner/core/breaker.ts';

const opened = (at: number): Breaker => {
  const breaker = new Breaker();
  for (let i = 0; i < BREAKER_FAILURES; i += 1) breaker.failed(at);
  return breaker;
};

test('[R-6] the numbers of the promise', () => {
  expect([BREAKER_FAILURES, BREAKER_WINDOW_MS]).toEqual([5, 60_000]);
});

test.each([0, 1])('[R-6] after %i failures a start is free', (failures) => {
  const breaker = new Breaker();
  for (let i = 0; i < failures; i += 1) breaker.failed(1000);
  expect(breaker.snapshot(1000)).toEqual({ state: 'closed', failures, retryAfterMs: 0 });
  expect(breaker.allow(1000)).toEqual({ ok: true });
});

test.each([
  [2, 250],
  [3, 500],
  [4, 1000],
])('[R-6] after %i failures a start waits %i ms', (failures, waitMs) => {
  const breaker = new Breaker();
  for (let i = 0; i < failures; i += 1) breaker.failed(1000);
  expect(breaker.snapshot(1000)).toEqual({ state: 'closed', failures, retryAfterMs: waitMs });
  expect(breaker.allow(1000)).toEqual({ ok: false, because: 'backoff', retryAfterMs: waitMs });
  expect(breaker.allow(1000 + waitMs - 1)).toMatchObject({ ok: false, retryAfterMs: 1 });
  expect(breaker.allow(1000 + waitMs)).toEqual({ ok: true });
});

test('[R-6] the fifth failure in 60 s opens it, and it answers at once with the time left', () => {
  const breaker = new Breaker();
  for (const at of [0, 15_000, 30_000, 45_000]) breaker.failed(at);
  expect(breaker.snapshot(59_998).state).toBe('closed');
  breaker.failed(59_999);
  expect(breaker.allow(59_999)).toEqual({
    ok: false,
    because: 'open',
    retryAfterMs: OPEN_FIRST_MS,
  });
  expect(breaker.allow(60_999)).toMatchObject({ retryAfterMs: OPEN_FIRST_MS - 1000 });
});

test('[R-6] five failures over more than 60 s do not open it', () => {
  const breaker = new Breaker();
  for (const at of [0, 15_000, 30_000, 45_000, 60_000]) breaker.failed(at);
  expect(breaker.snapshot(60_000)).toMatchObject({ state: 'closed', failures: 4 });
});

test('[F-76] serving does not excuse a server that crashes on every call', () => {
  const breaker = new Breaker();
  for (let at = 0; at < 5; at += 1) {
    breaker.served();
    breaker.failed(at);
  }
  expect(breaker.snapshot(5).state).toBe('open');
});

test('[F-76] when the time is over one probe goes through, and no second', () => {
  const breaker = opened(0);
  expect(breaker.allow(OPEN_FIRST_MS - 1).ok).toBe(false);
  expect(breaker.allow(OPEN_FIRST_MS)).toEqual({ ok: true });
  expect(breaker.snapshot(OPEN_FIRST_MS).state).toBe('half_open');
  expect(breaker.allow(OPEN_FIRST_MS)).toMatchObject({ ok: false, because: 'probing' });
});

test('[F-76] a probe that serves closes it and clears the record', () => {
  const breaker = opened(0);
  breaker.allow(OPEN_FIRST_MS);
  breaker.served();
  expect(breaker.snapshot(OPEN_FIRST_MS)).toEqual({
    state: 'closed',
    failures: 0,
    retryAfterMs: 0,
  });
  expect(breaker.allow(OPEN_FIRST_MS)).toEqual({ ok: true });
});

test('[F-76] a probe that fails opens it for twice as long, up to a limit', () => {
  const breaker = opened(0);
  let now = 0;
  for (const openMs of [OPEN_FIRST_MS, 20_000, 40_000, OPEN_MAX_MS, OPEN_MAX_MS]) {
    expect(breaker.allow(now)).toEqual({ ok: false, because: 'open', retryAfterMs: openMs });
    now += openMs;
    expect(breaker.allow(now).ok).toBe(true);
    breaker.failed(now);
  }
});

test('a probe given up lets the next one try at once', () => {
  const breaker = opened(0);
  breaker.allow(OPEN_FIRST_MS);
  breaker.withdrawn(OPEN_FIRST_MS + 5);
  expect(breaker.allow(OPEN_FIRST_MS + 5)).toEqual({ ok: true });
});

test('a probe that was lost does not keep the server shut for ever', () => {
  const breaker = opened(0);
  breaker.allow(OPEN_FIRST_MS);
  const lostAt = OPEN_FIRST_MS + PROBE_MAX_MS;
  expect(breaker.allow(lostAt - 1).ok).toBe(false);
  expect(breaker.allow(lostAt).ok).toBe(true);
});

test('late failures of processes started before neither shorten nor lengthen the open time', () => {
  const breaker = opened(0);
  breaker.failed(4000);
  expect(breaker.allow(OPEN_FIRST_MS)).toEqual({ ok: true });
});
