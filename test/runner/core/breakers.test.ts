// [F-133] Which starts are held back, by the test's own clock.
import { expect, test } from 'vitest';
import { BREAKER_FAILURES, OPEN_FIRST_MS } from '../../../runner/core/breaker.ts';
import { Breakers } from '../../../runner/core/breakers.ts';

const crash = (breakers: Breakers, principal: string | undefined, hasServed: boolean): void => {
  for (let n = 0; n < BREAKER_FAILURES; n += 1) breakers.failed(principal, hasServed, n);
};

test('[F-133] [R-6] processes that crash under the calls of one principal are held back from it alone', () => {
  const breakers = new Breakers();
  crash(breakers, 'alice', true);
  expect(breakers.allow('alice', false, 10)).toMatchObject({ ok: false, isOwnDoing: true });
  // Not even one that is started already: it would go the same way.
  expect(breakers.allow('alice', true, 10)).toMatchObject({ ok: false, isOwnDoing: true });
  expect(breakers.allow('bob', false, 10)).toMatchObject({ ok: true });
  expect(breakers.allow(undefined, false, 10)).toMatchObject({ ok: true });
});

test('[R-6] processes that do not start are held back from everybody', () => {
  const breakers = new Breakers();
  crash(breakers, 'alice', false);
  expect(breakers.allow('bob', false, 10)).toMatchObject({ ok: false, isOwnDoing: false });
  expect(breakers.allow('bob', true, 10)).toMatchObject({ ok: true });
});

test('[F-133] after its time one start is let through, and what serves forgives', () => {
  const breakers = new Breakers();
  crash(breakers, 'alice', true);
  const later = OPEN_FIRST_MS + 10;
  expect(breakers.allow('alice', false, later)).toMatchObject({ ok: true });
  expect(breakers.allow('alice', false, later)).toMatchObject({ ok: false });
  breakers.served('alice');
  expect(breakers.allow('alice', false, later)).toMatchObject({ ok: true });
});

test('[F-942] a session at a process that served others before says nothing of the start that is tried', () => {
  const breakers = new Breakers();
  crash(breakers, 'alice', false);
  const later = OPEN_FIRST_MS + 10;
  expect(breakers.allow('alice', false, later).ok).toBe(true);
  breakers.served('bob', true);
  expect(breakers.allow('bob', false, later)).toMatchObject({ ok: false, because: 'probing' });
  breakers.served('alice', false);
  expect(breakers.allow('bob', false, later).ok).toBe(true);
});

test('[F-133] a probe that its server would not let start is not lost to its principal', () => {
  const breakers = new Breakers();
  crash(breakers, 'alice', true);
  crash(breakers, 'bob', false);
  const later = OPEN_FIRST_MS + 10;
  expect(breakers.allow('bob', false, later).ok).toBe(true);
  expect(breakers.allow('alice', false, later)).toMatchObject({ ok: false, isOwnDoing: false });
  breakers.served('bob');
  expect(breakers.allow('alice', false, later).ok).toBe(true);
});

test('[F-133] [R-10] principals of long ago are forgotten', () => {
  const breakers = new Breakers();
  for (let n = 0; n < 20_000; n += 1) breakers.failed(`p${n}`, true, n * 1_000);
  expect(breakers.size).toBeLessThan(2_000);
});
