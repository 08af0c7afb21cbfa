// Which session gives way when all places are taken.
import { describe, expect, test } from 'vitest';
import { fairlyIdle, ownIdle, type Held } from '../../../runner/core/yielding.ts';

/** `ann:5` is idle for 5 ms; `ann:busy` is not. */
const held = (...texts: readonly string[]): Held[] =>
  texts.map((text, index) => {
    const [principal = '', idle = ''] = text.split(':');
    const isIdle = idle !== 'busy';
    return { session: `s${index}`, principal, isIdle, idleMs: isIdle ? Number(idle) : 0 };
  });

describe('[F-166] [LP25] at its own quota, a principal', () => {
  test('gives its longest idle session', () => {
    expect(ownIdle(held('ann:5', 'ann:50', 'bob:500', 'ann:7'), 'ann')?.session).toBe('s1');
  });

  test('gives no session with a call in flight', () => {
    expect(ownIdle(held('ann:busy', 'bob:500', 'ann:busy'), 'ann')).toBeUndefined();
  });
});

describe('[F-166] [LP25] on a full runner', () => {
  test.each([
    ['whoever has most gives its longest idle', ['ann:5', 'ann:9', 'bob:99'], 'cy', 's1'],
    ['nobody gives for who has most already', ['ann:5', 'ann:9', 'bob:99'], 'ann', 's1'],
    ['nor for who has as many', ['ann:5', 'bob:99'], 'ann', 's0'],
    ['who has most but is busy is passed over', ['ann:busy', 'ann:busy', 'bob:3'], 'cy', 's2'],
    ['just opened counts as idle', ['ann:0'], 'bob', 's0'],
  ])('%s', (_title, sessions, principal, gone) => {
    expect(fairlyIdle(held(...sessions), principal)?.session).toBe(gone);
  });

  test.each([
    ['all are busy', ['ann:busy', 'bob:busy']],
    ['only poorer principals are idle', ['ann:busy', 'ann:busy', 'bob:5']],
  ])('nobody gives when %s', (_title, sessions) => {
    expect(fairlyIdle(held(...sessions), 'ann')).toBeUndefined();
  });
});
