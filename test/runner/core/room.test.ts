// Whether one more session has room on a runner.
import { describe, expect, test } from 'vitest';
import { roomFor, yieldedFor, type HeldPlace, type Places } from '../../../runner/core/room.ts';

const place = (session: string, changes: Partial<HeldPlace> = {}): HeldPlace => ({
  session,
  server: 'files',
  principal: 'ann',
  isIdle: true,
  idleMs: 1,
  ...changes,
});

const room = (held: readonly HeldPlace[], changes: Partial<Places> = {}) =>
  roomFor(
    { server: 'files', principal: 'bob' },
    { capacity: 2, maxSessions: 2, held: () => held, kept: held.length, ...changes },
  );

describe('[F-166] one more session', () => {
  test('has room where a place is free', () => {
    expect(room([place('a')])).toEqual({ ok: true, gives: undefined });
  });

  test('has room without a look at those that hold others, as long as there are fewer than places', () => {
    const held = (): never => {
      throw new Error('Nobody has to give way.');
    };
    expect(room([], { capacity: 10_000, maxSessions: 9_000, held, kept: 8_999 })).toMatchObject({
      ok: true,
    });
    expect(room([place('a')], { maxSessions: 1 })).toMatchObject({ gives: { session: 'a' } });
  });

  test('takes the place of an idle one where none is', () => {
    expect(room([place('a'), place('b', { idleMs: 5 })])).toMatchObject({
      ok: true,
      gives: { session: 'b' },
    });
  });

  test('has none while all are busy', () => {
    const busy = [place('a', { isIdle: false }), place('b', { isIdle: false })];
    expect(room(busy)).toEqual({ ok: false });
  });

  test('takes the place of one of its own server where that has no more', () => {
    const held = [place('a'), place('b', { server: 'other', idleMs: 9 })];
    expect(room(held, { capacity: 9, maxSessions: 1 })).toMatchObject({ gives: { session: 'a' } });
  });

  test('has none while too many are ending', () => {
    expect(room([], { kept: 18 })).toEqual({ ok: false });
    expect(room([], { kept: 17 })).toMatchObject({ ok: true });
  });
});

test('[LP25] what the edge asks for gives way', () => {
  const held = [place('a'), place('b', { idleMs: 9 }), place('c', { principal: 'bob' })];
  expect(yieldedFor({ principal: 'bob', own: true }, held)?.session).toBe('c');
  expect(yieldedFor({ principal: 'bob', own: false }, held)?.session).toBe('b');
});
