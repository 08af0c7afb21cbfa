// Shows that the checker can fail: each rule is broken on purpose, and the checker finds it. That an honest deployment breaks none
// is shown by simulation.test.ts.
import { setImmediate } from 'node:timers/promises';

import { describe, expect, inject, test } from 'vitest';

import { AccessWorld } from './access-world.ts';
import { Chance } from './clock.ts';
import { check, emptyHistory, newCall, type CallHistory, type History } from './history.ts';
import { mutatedRules } from './mutated-rules.ts';
import { NO_SABOTAGE, type Sabotage } from './sabotage.ts';
import { BROKEN_AWAY, DOOMED, UNHEARD, UNSIGNED, World, type WorldOptions } from './world.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';

/** Seeds that a deployment is let run which is to break nothing. */
const SEEDS = inject('seeds');

/** Seeds within which a break is to show: some need a rare turn of events. */
const MANY_SEEDS = 3_000;

type Mutation = Partial<Sabotage> | ((chance: Chance) => Partial<Sabotage>);

/** Faults of one seed of a deployment with one thing broken. */
function faultsIn(seed: number, mutation: Mutation): Promise<string[]> {
  const world = new World(seed, () => ({
    ...NO_SABOTAGE,
    ...(typeof mutation === 'function' ? mutation(new Chance(seed)) : mutation),
  }));
  return faultsAfter(world);
}

/** The faults of a run, once the promises that it left are kept: they hold its memory. */
async function faultsAfter(world: World): Promise<string[]> {
  const faults = check(world.run());
  await setImmediate();
  return faults;
}

async function faultsOf(mutation: Mutation): Promise<string[]> {
  const faults: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) faults.push(...(await faultsIn(seed, mutation)));
  return faults;
}

/** The rules that faults are of. */
const rulesIn = (faults: readonly string[]): string[] =>
  faults.map((fault) => fault.split(':', 1)[0] ?? '');

/** The rules that a mutation was seen to break when all of those looked for were seen, or no seed was left. */
async function rulesBrokenBy(mutation: Mutation, ...wanted: readonly string[]): Promise<string[]> {
  const seen = new Set<string>();
  for (let seed = 1; seed <= MANY_SEEDS && !wanted.every((rule) => seen.has(rule)); seed++)
    for (const rule of rulesIn(await faultsIn(seed, mutation))) seen.add(rule);
  return [...seen];
}

describe('mutants of the deployment', () => {
  test('R-14: a runner that forbids something else is noticed', async () => {
    const policy = { tools: { deny: ['other'] } };
    const seen = new Set<string>();
    for (let seed = 1; seed <= MANY_SEEDS && !seen.has('R-14'); seed++)
      for (const rule of rulesIn(await faultsAfter(new World(seed, undefined, { policy }))))
        seen.add(rule);
    expect([...seen]).toContain('R-14');
  });

  test('R-2: a resent post under a new id runs twice', async () => {
    let count = 0;
    const mutation: Mutation = {
      repost: (post) => ({ ...post, id: `${post.id}x${String(count++)}` }),
    };
    expect(await rulesBrokenBy(mutation, 'R-2')).toContain('R-2');
  });

  test('R-4: a lost event that nobody asks for again is missed', async () => {
    const mutation: Mutation = (chance) => ({
      writesEvent: () => (chance.happens(0.1) ? 0 : 1),
    });
    expect(await rulesBrokenBy(mutation, 'R-4')).toContain('R-4');
  });

  test('R-1, R-4: an event written twice is seen twice', async () => {
    const mutation: Mutation = (chance) => ({
      writesEvent: () => (chance.happens(0.1) ? 2 : 1),
    });
    const rules = await rulesBrokenBy(mutation, 'R-1', 'R-4');
    expect(rules).toEqual(expect.arrayContaining(['R-1', 'R-4']));
  });

  test('R-1, R-9: a frame for one stream written to another crosses answers', async () => {
    const mutation: Mutation = (chance) => ({
      misroute: (socket, followers) =>
        followers.size > 1 && chance.happens(0.2) ? chance.pick([...followers.keys()]) : socket,
    });
    expect(await rulesBrokenBy(mutation, 'R-1')).toContain('R-1');
  });

  test('R-5: a runner that lets the calls of modern clients run on when they leave is noticed', async () => {
    const mutation: Mutation = { heeds: (type) => type !== 'cancel' && type !== 'detach' };
    expect(await rulesBrokenBy(mutation, 'R-5')).toContain('R-5');
  });

  test('[F-151] R-11: a frame that goes on elsewhere than where it was, after a break, never becomes whole, and its session never ends', async () => {
    const mutation: Mutation = { resumes: (hold) => ({ ...hold, to: hold.to - 7 }) };
    // A seed that comes to its end soon: in others the link of the session that never ends is dialled for hours of its time.
    expect(rulesIn(await faultsIn(6_133, mutation))).toContain('R-11');
  });

  test('R-8: a runner that reads posts in another order is noticed', async () => {
    const mutation: Mutation = (chance) => ({
      holdsLineMs: () => (chance.happens(0.3) ? 2_000 : 0),
    });
    expect(await rulesBrokenBy(mutation, 'R-8')).toContain('R-8');
  });
});

describe('mutants of the rules', () => {
  /** `seed`: one that meets the turn of events which the rule is for. */
  test.each<[string, Parameters<typeof mutatedRules>, number, WorldOptions?]>([
    [
      '[F-291] R-11: an actor that tells its runner of the end before the fleet knows',
      [
        'session.ts',
        'if (effect.code === CLOSE.done) this.#leaving = socket;\n        else if',
        'if',
      ],
      1,
      { troubles: DOOMED },
    ],
    [
      '[F-292] R-11: an actor that leaves what a life before it kept of a session that is over',
      ['kept-session.ts', 'if (this.#store.lost() !== undefined) this.#store.clear();', ''],
      46,
    ],
    [
      '[F-344] R-11: an actor that sleeps before it is known that the fleet has heard of an end',
      ['fleet-words.ts', 'this.#againAt = now + AGAIN_MS;', ''],
      1,
      { troubles: UNHEARD },
    ],
    [
      '[F-346] R-11: a fleet that sleeps while a ticket is signed',
      ['fleet.ts', 'this.#tickets.dues(due);', ''],
      1,
      { troubles: UNSIGNED },
    ],
    [
      'R-11: a fleet that keeps what a new boot of a runner does not hold',
      ['fleet.ts', 'if (boot !== hello.boot || !held.has(session))', 'if (false)'],
      1,
    ],
    [
      '[F-330] R-13: a fleet that hands a spare out and does not take it off the books',
      [
        'placing.ts',
        'this.#host.store.removeSpare(session);\n    const row = this.#book(',
        'const row = this.#book(',
      ],
      1,
    ],
    [
      '[F-331] R-11: a fleet that keeps the spares of a control link that is gone',
      ['fleet.ts', 'this.#spares.forget(this.#spares.on(runner))', '[]'],
      1,
    ],
    [
      '[F-330] R-11: a worker that opens a session in the actor of a spare as if it were none',
      ['opening.ts', '{ ...this.#opening, isSpare: true }', 'this.#opening'],
      90,
    ],
    [
      '[F-360] R-7: an actor that asks no link whether it lives',
      ['link-watch.ts', "if (verdict !== 'unsure') return;", 'return;'],
      1,
      { troubles: [], rests: true },
    ],
    [
      '[F-361] R-7: a fleet that does not tell a runner which of its sockets is dead',
      ['fleet.ts', "this.#links.say(socket, { type: 'redial', session, epoch });", '{}'],
      1,
      { troubles: [], rests: true },
    ],
    [
      '[F-362] R-4: a worker that does not ask a client whether it lives',
      ['unread.ts', 'this.write(encodeEvent({ data: livenessPing(id) }));', '{}'],
      1,
      { troubles: [] },
    ],
    [
      '[F-363] R-11: a worker that writes nothing to a client that may have left without a word',
      ['unread.ts', '&& !atOnce(KEEP_ALIVE)', '&& false'],
      1,
    ],
    [
      '[F-305] R-10: a fleet that does not count the sessions of a principal',
      ['placing.ts', 'store.countOf(opening.principal) >= this.#quotaOf(opening)', 'false'],
      2,
      { crowd: 120 },
    ],
    [
      '[F-574] R-9: a session actor that does not say who took its spare',
      ['session.ts', 'clientKind, person })', 'clientKind })'],
      1,
    ],
    [
      '[F-574] R-9: a fleet that does not say who opens a session',
      [
        'placing.ts',
        'const owner = { server, clientKind, principal, person }',
        'const owner = { server, clientKind, principal }',
      ],
      1,
    ],
    [
      '[F-294] R-2: a worker that takes what is refused now for the whole story',
      ['exchange.ts', 'this.#attempts > 0 ? inDoubt(answer) : answer', 'answer'],
      350,
      { troubles: BROKEN_AWAY },
    ],
  ])('%s', async (title, mutation, seed, options = {}) => {
    const rules = await mutatedRules(...mutation);
    const seen = new Set<string>();
    const rule = /R-\d+/u.exec(title)?.[0] ?? '';
    for (let at = seed; at < seed + 300 && !seen.has(rule); at++)
      for (const broken of rulesIn(
        await faultsAfter(new World(at, undefined, { ...options, rules })),
      ))
        seen.add(broken);
    expect([...seen]).toContain(rule);
  });
});

describe('[F-364] mutants of the access rules', () => {
  test.each<[string, string, string]>([
    ['I1: a code that gives tokens twice', 'row.refresh !== null || now', 'now'],
    ['I1: a code that asks for no verifier', '|| !isBound || !isTarget', '|| !isTarget'],
    [
      'I2: two refreshes at once that get tokens of their own',
      'return isFirst ? issued : { ...issued, sealed: row.sealed ?? undefined };',
      'return issued;',
    ],
    [
      'I2: a refresh whose answer is lost, and which cannot be asked for again',
      'previous: presented, sealed: renewal.sealed',
      'previous: null, sealed: null',
    ],
    [
      'I3: a spent refresh token that is forgotten',
      'this.#store.spend(row.previous, row.grant, now);',
      '',
    ],
    ['I4: a token that opens every server', 'grant.server !== server ||', ''],
    [
      'I5: a grant that is told as ended, and stays',
      'this.#store.removeGrant(grant);\n    return { grant, person',
      'return { grant, person',
    ],
  ])('%s', async (title, before, after) => {
    const rules = await mutatedRules('access.ts', before, after);
    const seen = new Set<string>();
    const rule = title.slice(0, 2);
    for (let seed = 1; seed <= 300 && !seen.has(rule); seed++)
      for (const broken of rulesIn(new AccessWorld(seed, rules).run())) seen.add(broken);
    expect([...seen]).toContain(rule);
  });
});

describe('[F-162] a runner that cannot count', () => {
  type Utterance = (frame: SessionUp & { type: 'event' }) => readonly SessionUp[];

  /** Says something else in place of one event in ten. */
  const uttering = (utter: Utterance) => (chance: Chance) => ({
    utters: (frame: SessionUp): readonly SessionUp[] =>
      frame.type === 'event' && chance.happens(0.1) ? utter(frame) : [frame],
  });

  test.each<[string, Utterance]>([
    ['repeats an event', (frame) => [frame, frame]],
    ['leaves one out', (frame) => (frame.final ? [frame] : [])],
    [
      'goes on after the end',
      (frame) => (frame.final ? [frame, { ...frame, seq: frame.seq + 1 }] : [frame]),
    ],
    ['jumps ahead', (frame) => [{ ...frame, seq: frame.seq + 1_000_000 }, frame]],
    [
      'says where a stream stands though nobody asked',
      (frame) => [{ type: 'attached', stream: frame.stream, after: frame.seq + 3 }, frame],
    ],
    [
      'accepts and owes what nobody sent',
      (frame) => [{ type: 'accepted', id: frame.stream }, frame],
    ],
  ])('and %s breaks no promise to a client', async (_title, utter) => {
    expect(await faultsOf(uttering(utter))).toEqual([]);
  });
});

describe('the checker', () => {
  const call = (change: Partial<CallHistory>): CallHistory => ({
    ...newCall({ session: 's0', client: 'http2025-11', uid: 'c1', progressSent: 0 }),
    outcomes: ['result:c1'],
    ...change,
  });
  const ran = [{ session: 's0', kind: 'call' as const, uid: 'c1' }];
  const history = (change: Partial<CallHistory>, journal: History['journal'] = ran): History => ({
    ...emptyHistory(),
    calls: new Map([['c1', call(change)]]),
    journal,
  });

  test.each([
    ['R-1: two outcomes', history({ outcomes: ['result:c1', 'error:runner_lost'] }), /^R-1/u],
    ['R-1: no outcome', history({ outcomes: [] }), /^R-1/u],
    ['R-1: a result of a call that never ran', history({}, []), /^R-1/u],
    ['R-2: two executions', history({}, [...ran, ...ran]), /^R-2/u],
    ['R-4: progress with a gap', history({ progress: [1, 3] }), /^R-4/u],
    ['R-8: something after the outcome', history({ isFollowed: true }), /^R-8/u],
    ['R-9: the answer of another call', history({ outcomes: ['result:c2'] }), /^R-9/u],
    [
      'R-5: a modern call that ran on after its client had left',
      history({ outcomes: [], isForsaken: true, leftAt: 1_000 }),
      /^R-5/u,
    ],
    [
      'R-9: run in another session',
      history({}, [{ session: 's1', kind: 'call', uid: 'c1' }]),
      /^R-9/u,
    ],
  ])('%s', (_title, broken, rule) => {
    expect(check(broken).some((fault) => rule.test(fault))).toBe(true);
  });

  test('a history in which all went well breaks nothing', () => {
    expect(check(history({ progress: [1, 2], progressSent: 2 }))).toEqual([]);
  });
});
