// A session link that rests: whoever uses it asks first, and a dead one is dialled again through the control link (LP4).
import { beforeEach, describe, expect, test } from 'vitest';

import type { EdgeSessionEffect } from '../../../edge/core/session-effects.ts';
import { judgeLink } from '../../../edge/core/silence.ts';
import {
  LOOK_MS,
  PONG_MS,
  RESTING_PING_MS,
  RESTING_SILENCE_MS,
  SILENCE_MS,
} from '../../../shared/link/timing.ts';
import { DrivenActor, NAME, sent, SPARE } from './driven-actor.ts';
import { BOOT, DrivenFleet } from './driven-fleet.ts';

const { isSpare: _isSpare, ...SESSION } = SPARE;

const redials = (effects: readonly EdgeSessionEffect[]): unknown[] =>
  effects.filter((effect) => effect.do === 'redial');

const closes = (effects: readonly EdgeSessionEffect[]): unknown[] =>
  effects.flatMap((effect) => (effect.do === 'close' ? [effect.code] : []));

describe('[R-7] [LP4] [F-360] what the edge does with a link that may rest', () => {
  let actor: DrivenActor;
  let socket: string;

  /** It was linked and has rested since; `restedMs`: since the runner's last ping. */
  beforeEach(() => {
    actor = new DrivenActor();
    actor.now = 1_000_000;
    socket = actor.link(SESSION, 2) ?? '';
    actor.pingAt = actor.now + 60_000;
    actor.now = actor.pingAt + RESTING_PING_MS;
  });

  test('asks it with the post, and waits no longer than a pong may take', () => {
    const effects = actor.post('p1');
    expect(sent(effects)).toEqual(['ping', 'post']);
    expect(actor.wakeAt).toBeLessThanOrEqual(actor.now + PONG_MS);
    actor.now += PONG_MS;
    const late = actor.tick();
    expect(closes(late)).toEqual([4408]);
    expect(redials(late)).toEqual([{ do: 'redial', session: NAME, epoch: 2 }]);
  });

  test.each(['pong', '{"type":"accepted","id":"p1"}'])('takes %s for a sign of life', (text) => {
    actor.post('p1');
    actor.now += PONG_MS - 1;
    actor.hear(socket, text);
    actor.now += 1;
    expect(closes(actor.tick())).toEqual([]);
  });

  test('asks once, however many use it', () => {
    expect(sent(actor.post('p1'))).toEqual(['ping', 'post']);
    expect(sent(actor.post('p2'))).toEqual(['post']);
  });

  test('remembers in its sleep that it has asked', () => {
    actor.post('p1');
    actor.sleep();
    actor.now += SILENCE_MS;
    const effects = actor.post('p2');
    expect(closes(effects)).toEqual([4408]);
    expect(redials(effects)).toHaveLength(1);
  });

  test('does not ask one that was just heard', () => {
    actor.pingAt = actor.now - PONG_MS + 1;
    expect(sent(actor.post('p1'))).toEqual(['post']);
  });

  test('gives one up at once that has missed even the pings of a resting link', () => {
    actor.now = (actor.pingAt ?? 0) + RESTING_SILENCE_MS;
    const effects = actor.post('p1');
    expect(sent(effects)).toEqual([]);
    expect(redials(effects)).toHaveLength(1);
  });

  test('asks again for as long as something waits', () => {
    actor.pingAt = actor.now;
    expect(sent(actor.post('p1'))).toEqual(['post']);
    actor.now += LOOK_MS;
    expect(sent(actor.tick())).toContain('ping');
  });

  test('does not take a clock that was set back for silence, unless by more than that', () => {
    const at = { heardAt: 1_000_000, askedAt: 0 };
    expect(judgeLink(at, 1_000_000 - 10)).toBe('alive');
    expect(judgeLink(at, 1_000_000 - RESTING_SILENCE_MS)).toBe('silent');
  });
});

describe('[LP4] [F-361] the fleet', () => {
  test('tells the runner of a session that its socket is dead, and nobody of another', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { boot: BOOT });
    fleet.open(NAME);
    fleet.redial(NAME, 3);
    fleet.redial('t'.repeat(22), 1);
    expect(fleet.frames(vm, 'redial')).toEqual([{ type: 'redial', session: NAME, epoch: 3 }]);
  });

  test('tells nobody while the runner is away', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { boot: BOOT });
    fleet.open(NAME);
    fleet.cut(vm);
    fleet.redial(NAME, 3);
    expect(fleet.frames(vm, 'redial')).toEqual([]);
  });
});
