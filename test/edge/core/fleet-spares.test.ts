// Spares in the fleet's books: who gets one, and what becomes of those nobody gets (LP27).
import { describe, expect, test } from 'vitest';

import { SESSIONS_PER_PRINCIPAL } from '../../../edge/core/placement.ts';
import { SPARES } from '../../../shared/link/sizes.ts';
import { SESSION_NAME } from '../../../shared/ids.ts';
import { BOOT, DrivenFleet, modernActor } from './driven-fleet.ts';

describe('[LP27] naming', () => {
  test('a runner that wants a spare is told a fresh name and a ticket for it', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    fleet.say(vm, { type: 'want', server: 'files' });
    fleet.say(vm, { type: 'want', server: 'files' });
    const [one, two] = fleet.frames(vm, 'spare');
    expect(one).toEqual({
      type: 'spare',
      session: expect.stringMatching(SESSION_NAME),
      server: 'files',
      ticket: 'ticket',
    });
    expect(two?.['session']).not.toBe(one?.['session']);
  });

  test('not for a server that it does not offer, not while it drains, and no more than a bound', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    fleet.say(vm, { type: 'want', server: 'mail' });
    expect(fleet.frames(vm, 'spare')).toEqual([]);
    for (let asked = 0; asked < SPARES + 5; asked++)
      fleet.say(vm, { type: 'want', server: 'files' });
    expect(fleet.frames(vm, 'spare')).toHaveLength(SPARES);
    const draining = fleet.link('draining');
    fleet.say(draining, { type: 'drain' });
    fleet.say(draining, { type: 'want', server: 'files' });
    expect(fleet.frames(draining, 'spare')).toEqual([]);
  });

  test('an actor that asks learns that it is a spare, and after the hand-out that it is a session', () => {
    const fleet = new DrivenFleet();
    const spare = fleet.spare(fleet.link('vm'));
    expect(fleet.placed(spare)).toMatchObject({ session: spare, boot: BOOT, isSpare: true });
    fleet.handOut();
    expect(fleet.placed(spare)).not.toHaveProperty('isSpare');
  });
});

describe('[LP27] [F-330] handing out', () => {
  test('[R-13] a spare goes to one opening and is in the books as that session; the runner is told', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    const spare = fleet.spare(vm);
    expect(fleet.handOut('ann')).toBe(spare);
    expect(fleet.handOut('bob')).toBeUndefined();
    expect(fleet.home(modernActor('c'), 'cara')).toMatchObject({
      value: { actor: modernActor('c') },
    });
    expect(fleet.store.session(spare)).toMatchObject({ principal: 'ann', server: 'files' });
    expect(fleet.frames(vm, 'open')).toEqual([
      {
        type: 'open',
        session: spare,
        server: 'files',
        ticket: 'ticket',
        clientKind: 'streamable',
        principal: 'ann',
      },
    ]);
  });

  test('one that is not linked yet, or was withdrawn, is not handed out', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    fleet.say(vm, { type: 'want', server: 'files' });
    expect(fleet.handOut()).toBeUndefined();
    const spare = fleet.spare(vm);
    fleet.say(vm, { type: 'withdraw', session: spare });
    expect(fleet.frames(vm, 'close')).toEqual([{ type: 'close', session: spare }]);
    expect(fleet.handOut()).toBeUndefined();
  });

  test('a withdrawal that crosses the hand-out changes nothing: the runner has its `open`', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    const spare = fleet.spare(vm);
    fleet.handOut();
    fleet.say(vm, { type: 'withdraw', session: spare });
    expect(fleet.frames(vm, 'close')).toEqual([]);
    expect(fleet.store.session(spare)).toBeDefined();
  });

  test.each<[string, (fleet: DrivenFleet, spare: string) => void]>([
    ['its client has ended it', (fleet, spare) => fleet.closed(spare)],
    ['its principal has lost its access', (fleet) => fleet.withdraw({ principal: 'ann' })],
    ['the owner has ended it', (fleet, spare) => void fleet.dismiss(spare)],
  ])(
    '[F-1181] when %s before its ticket is signed, the runner is not told to open it any more',
    (_what, end) => {
      const fleet = new DrivenFleet();
      const vm = fleet.link('vm');
      const spare = fleet.spare(vm);
      fleet.signsLater = true;
      expect(fleet.handOut('ann')).toBe(spare);
      end(fleet, spare);
      expect(fleet.store.session(spare)).toBeUndefined();
      fleet.sign();
      expect(fleet.frames(vm, 'open')).toEqual([]);
      expect(fleet.frames(vm, 'close')).toContainEqual({ type: 'close', session: spare });
    },
  );

  test('another runner says nothing of it', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    fleet.say(vm, { type: 'want', server: 'files' });
    const session = fleet.frames(vm, 'spare')[0]?.['session'];
    const other = fleet.link('other');
    fleet.say(other, { type: 'ready', session });
    expect(fleet.handOut()).toBeUndefined();
    fleet.say(vm, { type: 'ready', session });
    fleet.say(other, { type: 'withdraw', session });
    expect(fleet.handOut()).toBe(session);
  });

  test('it counts for no capacity, and a runner that is full gives none', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { capacity: 1 });
    const [one, two] = [fleet.spare(vm), fleet.spare(vm)];
    expect(fleet.view.sessions).toBe(0);
    expect(fleet.view.runners[0]).toMatchObject({ sessions: 0, spares: 2 });
    expect([one, two]).toContain(fleet.handOut());
    expect(fleet.view.runners[0]).toMatchObject({ sessions: 1, spares: 1 });
    expect(fleet.handOut('bob')).toBeUndefined();
  });

  test('of the runners that have one it is the emptiest', () => {
    const fleet = new DrivenFleet();
    const [vm, other] = [fleet.link('vm'), fleet.link('other')];
    fleet.link('without');
    const full = fleet.spare(vm);
    fleet.handOut();
    fleet.spare(vm);
    const empty = fleet.spare(other);
    expect(fleet.handOut('bob')).toBe(empty);
    expect(full).not.toBe(empty);
  });

  test('a principal at its quota, or that has to wait for its turn, gets none', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { capacity: 1_000 });
    const row = { runner: 'vm', boot: BOOT, server: 'files', principal: 'ann', openedAt: 1 };
    for (let held = 0; held < SESSIONS_PER_PRINCIPAL; held++)
      fleet.store.putSession({ ...row, session: `s${held}` });
    const spare = fleet.spare(vm);
    expect(fleet.handOut('ann')).toBeUndefined();
    for (let opened = 0; opened < 20; opened++) expect(fleet.mayOpen('bob', 'mail').ok).toBe(false);
    for (let opened = 0; opened < 21; opened++) fleet.handOut('cara');
    expect(fleet.store.spare(spare)).toBeUndefined();
    fleet.spare(vm);
    expect(fleet.mayOpen('cara')).toMatchObject({ ok: true, value: { spare: undefined } });
    expect(fleet.handOut('bob')).toBeDefined();
  });
});

describe('[LP27] [F-331] losing', () => {
  test.each<[string, (fleet: DrivenFleet, vm: string) => void]>([
    ['its control link', (fleet, vm) => fleet.cut(vm)],
    ['its old control link, by a newer', (fleet) => void fleet.link('vm')],
    [
      'a fleet that restarts',
      (fleet) => {
        fleet.restart();
        fleet.link('vm');
      },
    ],
    ['a drain', (fleet, vm) => fleet.say(vm, { type: 'drain' })],
    ['the server', (fleet, vm) => fleet.hello(vm, 'vm', { servers: ['mail'] })],
    [
      'the runner, for good',
      (fleet) => {
        fleet.restart();
        fleet.review();
      },
    ],
  ])('a runner that loses %s has no spare in the books, and nobody gets one', (_what, lose) => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    fleet.spare(vm);
    lose(fleet, vm);
    expect(fleet.store.spares({ runner: 'vm' })).toEqual([]);
    expect(fleet.handOut()).toBeUndefined();
  });

  test('until the runner is back, what a restarted fleet finds in its books is not shown and not handed out', () => {
    const fleet = new DrivenFleet();
    fleet.spare(fleet.link('vm'));
    fleet.restart();
    expect(fleet.view.runners[0]).toMatchObject({ isLinked: false, spares: 0 });
    expect(fleet.mayOpen().ok).toBe(false);
  });

  test('what was handed out and never made is lost with the next hello', () => {
    const fleet = new DrivenFleet();
    const spare = fleet.spare(fleet.link('vm'));
    fleet.handOut();
    fleet.restart();
    fleet.link('vm');
    expect(fleet.store.session(spare)).toBeUndefined();
    expect(fleet.effects).toContainEqual({
      do: 'giveUp',
      session: spare,
      fault: { fault: 'runner_lost' },
    });
  });

  test('an actor whose runner is gone is told; one whose spare broke need not say so', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    const spare = fleet.spare(vm);
    fleet.cut(vm);
    expect(fleet.effects).toContainEqual({ do: 'release', session: spare });
    const again = fleet.spare(fleet.link('vm'));
    fleet.closed(again);
    expect(fleet.store.spare(again)).toBeUndefined();
  });
});

describe('[LP27] modern clients', () => {
  const own = modernActor('a');

  test('a spare stands in for their actor until its session is over; all ask and all learn it', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    const spare = fleet.spare(vm);
    const home = { ok: true, value: { actor: spare, mayMove: true } };
    expect(fleet.home(own)).toEqual(home);
    fleet.spare(vm);
    expect(fleet.home(own)).toEqual(home);
    expect(fleet.open(`${own}~00000001`, 'modern')).toEqual({
      ok: false,
      fault: { fault: 'session_not_found' },
    });
    fleet.closed(spare);
    const next = fleet.home(own);
    expect(next.ok && next.value.actor).not.toBe(spare);
  });

  test('who has a session in their own actor stays there', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    fleet.open(`${own}~00000001`, 'modern');
    fleet.spare(vm);
    expect(fleet.home(own)).toEqual({ ok: true, value: { actor: own, mayMove: true } });
  });

  test('without spares nothing moves, and nobody need ask', () => {
    const fleet = new DrivenFleet();
    fleet.link('vm');
    expect(fleet.home(own)).toEqual({ ok: true, value: { actor: own, mayMove: false } });
  });
});
