// The promises over many seeds, and the seeds that once broke one.
import { setImmediate } from 'node:timers/promises';

import { expect, inject, test } from 'vitest';

import { SESSIONS_PER_PRINCIPAL } from '../../edge/core/placement.ts';
import { callsOfCleanSeeds } from './clean-seeds.ts';
import { check } from './history.ts';
import { BREAKS, BROKEN_AWAY, DOOMED, GIVEN_UP, UNHEARD, UNSIGNED, World } from './world.ts';

const SEEDS = inject('seeds');

test(`[F-896] R-1, R-2, R-4, R-5, R-8, R-9, R-11, R-13 hold over ${SEEDS} seeds`, async () => {
  expect(await callsOfCleanSeeds('sessions', SEEDS)).toBeGreaterThan(SEEDS);
});

test('R-1, R-7: breaks that heal within moments cost no call its result', async () => {
  let results = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const world = new World(seed, undefined, { troubles: BREAKS });
    const calls = [...world.run().calls.values()];
    // The promises that a run leaves hold its memory until they are kept.
    await setImmediate();
    for (const { client, uid, outcomes, isForsaken, isCancelled } of calls) {
      // Calls of 2026-07-28 clients wait for each other's turns, and full sessions refuse what is too much.
      const isOwed = client !== 'modern' && world.maxInFlight > 2 && !isForsaken && !isCancelled;
      // A session that nobody listens to, or that gives way to another, is over.
      const isOver = outcomes[0] === 'error:session_not_found';
      if (!isOwed || isOver) continue;
      expect([seed, uid, outcomes]).toEqual([seed, uid, [`result:${uid}`]]);
      results += 1;
    }
  }
  expect(results).toBeGreaterThan(500);
});

test('[F-360] [LP4] R-7: a call on a link that died while it rested is answered, once, within moments of being made', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const rested = new World(seed, undefined, { troubles: ['hibernate the actor'], rests: true });
    const history = rested.run();
    await setImmediate();
    expect([seed, ...check(history)]).toEqual([seed]);
    expect(history.trace.some((line) => line.endsWith('link is dead'))).toBe(true);
  }
});

test('[F-362] R-4: a client that listens keeps its stream, also when another window of it asks for one', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    expect([seed, ...check(new World(seed, undefined, { troubles: [] }).run())]).toEqual([seed]);
    await setImmediate();
  }
});

test('[F-305] a principal has no more sessions than its quota, whatever breaks, and takes it up', async () => {
  let most = 0;
  for (let seed = 2; seed <= 4; seed++) {
    const history = new World(seed, undefined, { crowd: SESSIONS_PER_PRINCIPAL + 20 }).run();
    await setImmediate();
    expect([seed, ...check(history)]).toEqual([seed]);
    most = Math.max(most, history.mostOfOne);
  }
  expect(most).toBe(SESSIONS_PER_PRINCIPAL);
});

test('[F-454] R-14: what the runners forbid reaches no process, whatever breaks, and costs no other promise', async () => {
  const policy = { tools: { deny: ['for*'] } };
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 100; seed++) {
    const history = new World(seed, undefined, { policy }).run();
    await setImmediate();
    expect([seed, ...check(history)]).toEqual([seed]);
    for (const call of history.calls.values())
      if (call.isForbidden) for (const outcome of call.outcomes) outcomes.add(outcome);
  }
  expect([...outcomes].filter((outcome) => outcome.startsWith('result'))).toEqual([]);
  expect(outcomes).toContain('error:not_allowed');
});

test('a seed replays exactly', () => {
  const [first, second] = [new World(42).run(), new World(42).run()];
  expect(second).toEqual(first);
});

test('[F-291] R-11: an actor that dies as its session ends leaves no row with the fleet', async () => {
  for (let seed = 20; seed < 30; seed++) {
    expect(check(new World(seed, undefined, { troubles: DOOMED }).run())).toEqual([]);
    await setImmediate();
  }
});

test('[F-344] R-11: a session whose end the fleet did not hear of leaves no row although its actor would sleep', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    expect(check(new World(seed, undefined, { troubles: UNHEARD }).run())).toEqual([]);
    await setImmediate();
  }
});

test('[F-346] R-11: a spare that is named while the fleet would sleep is linked all the same', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    expect(check(new World(seed, undefined, { troubles: UNSIGNED }).run())).toEqual([]);
    await setImmediate();
  }
});

test.each([
  [46, '[F-292] R-11: a session given up while its actor sleeps leaves nothing on disk', undefined],
  [
    23,
    '[F-293] R-11: an actor that dies as it is told that its session is given up is told again',
    GIVEN_UP,
  ],
  [
    381,
    '[F-294] R-2: a post that may have arrived before its actor broke away is not told as unsent',
    BROKEN_AWAY,
  ],
  [
    80_273_485,
    '[F-347] R-1: the end of its stream is the outcome of a call whose actor and runner were lost before its stream heard of it',
    undefined,
  ],
  [
    80_131_503,
    '[F-345] R-1: a call whose actor broke away has one outcome where its POST is refused and its stream tells why',
    undefined,
  ],
])('seed %i: %s', (seed, _title, troubles) => {
  expect(check(new World(seed, undefined, troubles && { troubles }).run())).toEqual([]);
});
