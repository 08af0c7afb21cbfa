// Which process starts next.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  COUNTS_MS,
  FREE_GONE,
  GONE_MS,
  REST_MS,
  StartTurns,
} from '../../../runner/core/start-turns.ts';

interface Start {
  readonly of: string | undefined;
}

const alone = () => false;
const shared = () => true;

function asked(turns: StartTurns<Start>, of: string | undefined, count: number): Start[] {
  const starts = Array.from({ length: count }, () => ({ of }));
  for (const start of starts) turns.ask(start, of);
  return starts;
}

/** Its process has answered, and is gone at once. */
function endAt(turns: StartTurns<Start>, start: Start | undefined, now: number): void {
  turns.over(start ?? { of: '' }, now);
  turns.gone(start ?? { of: '' }, now);
}

/** So many processes start at time 0, and are gone at once. */
function comeAndGo(turns: StartTurns<Start>, of: string, count: number): void {
  for (let n = 0; n < count; n += 1) {
    const [start] = asked(turns, of, 1);
    turns.next(0, alone);
    endAt(turns, start, 0);
  }
}

describe('[F-253] starts of processes take turns', () => {
  test('a principal alone has as many at once as there are places, in the order of asking', () => {
    const turns = new StartTurns<Start>(4);
    const starts = asked(turns, 'alice', 6);
    expect(turns.next(0, alone)).toEqual(starts.slice(0, 4));
    expect(turns.next(10, alone)).toEqual([]);
    turns.over(starts[1] ?? { of: '' }, 20);
    expect(turns.next(20, alone)).toEqual([starts[4]]);
  });

  test('beside others it has half of them, and rests after each as long as it took, at most 100 ms', () => {
    const turns = new StartTurns<Start>(4);
    const starts = asked(turns, 'alice', 5);
    expect(turns.next(0, shared)).toEqual(starts.slice(0, 2));
    turns.over(starts[0] ?? { of: '' }, 30);
    expect(turns.next(30, shared)).toEqual([]);
    expect(turns.wakeAt(30)).toBe(60);
    expect(turns.next(60, shared)).toEqual([starts[2]]);
    turns.over(starts[1] ?? { of: '' }, 500);
    expect(turns.wakeAt(500)).toBe(500 + REST_MS);
    expect(turns.next(500 + REST_MS, shared)).toEqual([starts[3]]);
  });

  test('at least one at a time, on however small a machine', () => {
    const turns = new StartTurns<Start>(1);
    const [first, second] = asked(turns, 'alice', 2);
    expect(turns.next(0, shared)).toEqual([first]);
    turns.over(first ?? { of: '' }, 0);
    expect(turns.next(0, shared)).toEqual([second]);
  });

  test('one that is slow makes way after a second', () => {
    const turns = new StartTurns<Start>(2);
    const starts = asked(turns, 'alice', 3);
    turns.next(0, alone);
    expect(turns.wakeAt(0)).toBe(COUNTS_MS);
    expect(turns.next(COUNTS_MS - 1, alone)).toEqual([]);
    expect(turns.next(COUNTS_MS, alone)).toEqual([starts[2]]);
  });

  test('principals take turns: one that comes last does not wait for all of another', () => {
    const turns = new StartTurns<Start>(2);
    const many = asked(turns, 'alice', 10);
    turns.next(0, shared);
    const [bobs] = asked(turns, 'bob', 1);
    expect(turns.next(1, shared)).toEqual([bobs]);
    const later = asked(turns, 'bob', 1);
    turns.over(many[0] ?? { of: '' }, 2);
    turns.over(bobs ?? { of: '' }, 2);
    expect(turns.next(1_000, shared)).toEqual([many[1], ...later]);
  });

  test('one that is given up while it waits takes no turn', () => {
    const turns = new StartTurns<Start>(1);
    const [first, second, third] = asked(turns, undefined, 3);
    turns.next(0, alone);
    turns.over(second ?? { of: '' }, 5);
    turns.over(first ?? { of: '' }, 10);
    expect(turns.next(10, alone)).toEqual([third]);
    expect(turns.wakeAt(10)).toBeUndefined();
  });

  test('[F-894] none begins ahead of time while a session waits for its own, though that one is held back', () => {
    const turns = new StartTurns<Start>(4);
    const ahead = asked(turns, undefined, 2);
    const starts = asked(turns, 'alice', 3);
    expect(turns.next(0, shared)).toEqual(starts.slice(0, 2));
    for (const start of starts.slice(0, 2)) turns.over(start, 50);
    expect(turns.next(100, shared)).toEqual([starts[2], ...ahead]);
  });

  test('[F-894] one that was started ahead waits in the place of the session that has it now', () => {
    const turns = new StartTurns<Start>(2);
    const starts = asked(turns, 'alice', 4);
    const ahead = asked(turns, undefined, 2);
    const [taken] = ahead;
    expect(turns.next(0, alone)).toEqual(starts.slice(0, 2));
    if (taken) turns.claim(taken, 'bob');
    for (const start of starts.slice(0, 2)) turns.over(start, 0);
    // Another turn of alice's, and bob's; then the others.
    expect(turns.next(0, alone)).toEqual([starts[2], taken]);
    for (const start of [starts[2], taken]) if (start) turns.over(start, 1);
    if (taken) turns.claim(taken, 'bob');
    expect(turns.next(2, alone)).toEqual([starts[3], ahead[1]]);
    expect(turns.wakeAt(2)).toBeUndefined();
  });

  test('one whose processes come and go may start two a second beside others, and as it likes when it is alone', () => {
    const turns = new StartTurns<Start>(2);
    comeAndGo(turns, 'alice', FREE_GONE);
    const [next, afterIt] = asked(turns, 'alice', 2);
    expect(turns.next(0, shared)).toEqual([next]);
    endAt(turns, next, 0);
    expect(turns.next(0, shared)).toEqual([]);
    expect(turns.wakeAt(0)).toBe(GONE_MS);
    expect(turns.next(GONE_MS - 1, shared)).toEqual([]);
    expect(turns.next(GONE_MS, shared)).toEqual([afterIt]);
    endAt(turns, afterIt, GONE_MS);
    const [last] = asked(turns, 'alice', 1);
    expect(turns.next(GONE_MS, shared)).toEqual([]);
    expect(turns.next(GONE_MS, alone)).toEqual([last]);
  });

  test('[F-1180] until then it is given nothing that was started ahead, and what is started ahead for others does not wait for it', () => {
    const turns = new StartTurns<Start>(2);
    comeAndGo(turns, 'alice', FREE_GONE);
    expect(turns.holdsBack('alice', 0, shared)).toBe(false);
    comeAndGo(turns, 'alice', 1);
    expect(turns.holdsBack('alice', 0, shared)).toBe(true);
    expect(turns.holdsBack('alice', 0, alone)).toBe(false);
    expect(turns.holdsBack('bob', 0, shared)).toBe(false);
    expect(turns.holdsBack('alice', GONE_MS, shared)).toBe(false);
    const [alices] = asked(turns, 'alice', 1);
    const [ahead, aheadToo] = asked(turns, undefined, 2);
    expect(turns.next(0, shared)).toEqual([ahead]);
    endAt(turns, ahead, 0);
    const bobs = asked(turns, 'bob', 2);
    // While one of his waits, it begins behind him.
    expect(turns.next(0, shared)).toEqual([bobs[0]]);
    endAt(turns, bobs[0], 0);
    expect(turns.next(0, shared)).toEqual([bobs[1], aheadToo]);
    endAt(turns, bobs[1], 0);
    expect(turns.next(GONE_MS, shared)).toEqual([alices]);
  });

  test('[F-1184] what several principals wait for comes with the first turn of any of them, once', () => {
    const turns = new StartTurns<Start>(2);
    const own = asked(turns, 'alice', 4);
    const [first, , together] = own;
    if (together) turns.join(together, 'bob');
    expect(turns.next(0, shared)).toEqual([first, together]);
    // What has begun waits for nobody's turn.
    if (together) turns.join(together, 'cara');
    for (const start of [first, together]) if (start) turns.over(start, 0);
    expect(turns.next(0, shared)).toEqual([own[1]]);
    if (own[1]) turns.over(own[1], 0);
    expect(turns.next(0, shared)).toEqual([own[3]]);
    expect(turns.wakeAt(0)).toBeUndefined();
  });

  test('many that go together hold it back no longer than one, and nobody else', () => {
    const turns = new StartTurns<Start>(2);
    comeAndGo(turns, 'alice', 100);
    const again = asked(turns, 'alice', 2);
    const [bobs] = asked(turns, 'bob', 1);
    expect(turns.next(0, shared)).toEqual([bobs]);
    expect(turns.wakeAt(0)).toBe(GONE_MS);
    expect(turns.next(GONE_MS, shared)).toEqual([again[0]]);
    turns.over(again[0] ?? { of: '' }, GONE_MS);
    expect(turns.next(GONE_MS, shared)).toEqual([again[1]]);
  });

  test('what was started ahead counts for the principal whose session had it; what never began does not count', () => {
    const turns = new StartTurns<Start>(2);
    for (let n = 0; n <= FREE_GONE; n += 1) {
      const [ahead] = asked(turns, undefined, 1);
      expect(turns.next(0, shared)).toEqual([ahead]);
      if (ahead) turns.claim(ahead, 'alice');
      endAt(turns, ahead, 0);
      const [waiting] = asked(turns, 'bob', 1);
      endAt(turns, waiting, 0);
    }
    asked(turns, 'alice', 1);
    const [bobs] = asked(turns, 'bob', 1);
    expect(turns.next(0, shared)).toEqual([bobs]);
  });

  test('whatever comes, no more run at once than may, and every one that is wanted gets its turn', () => {
    const step = fc.record({
      of: fc.constantFrom('alice', 'bob', undefined),
      afterMs: fc.nat(300),
      tookMs: fc.nat(2_000),
      isGone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, isShared) => {
        const turns = new StartTurns<Start>(2);
        const took = new Map<Start, number>();
        const running = new Map<Start, number>();
        const begun = new Set<Start>();
        const comesAndGoes = new Set<Start>();
        let now = 0;
        const look = (): void => {
          for (const [start, endsAt] of running) {
            if (endsAt > now) continue;
            running.delete(start);
            turns.over(start, now);
            if (comesAndGoes.has(start)) turns.gone(start, now);
          }
          for (const start of turns.next(now, () => isShared)) {
            begun.add(start);
            running.set(start, now + (took.get(start) ?? 0));
          }
          const counted = [...running.keys()].filter(
            (start) => now - ((running.get(start) ?? 0) - (took.get(start) ?? 0)) < COUNTS_MS,
          );
          expect(counted.length).toBeLessThanOrEqual(2);
        };
        for (const { of, afterMs, tookMs, isGone } of steps) {
          now += afterMs;
          const start = { of };
          took.set(start, tookMs);
          if (isGone) comesAndGoes.add(start);
          turns.ask(start, of);
          look();
        }
        for (let at = turns.wakeAt(now); at !== undefined; at = turns.wakeAt(now)) {
          now = Math.max(now + 1, Math.min(at, ...running.values()));
          look();
        }
        expect(begun.size).toBe(steps.length);
      }),
    );
  });
});
