// A session whose start failed: it tells why to a client whose first request is still on its way, and does not stay for ever.
import { beforeEach, describe, expect, test } from 'vitest';

import type { EdgeSessionEffect } from '../../../edge/core/session-effects.ts';
import { DrivenActor, SPARE } from './driven-actor.ts';

const { isSpare: _isSpare, ...SESSION } = SPARE;

/** Longer than a client takes for its first request; shorter than anybody pays for. */
const SECONDS = 30_000;

const ended = (fault: string): string => JSON.stringify({ type: 'ended', fault, message: 'why' });

const replies = (effects: readonly EdgeSessionEffect[]): unknown[] =>
  effects.flatMap((effect) => (effect.do === 'reply' ? [effect.reply] : []));

const refused = (fault: object): object => ({ kind: 'refused', fault });

describe('[F-543] a session that has ended', () => {
  let actor: DrivenActor;
  let socket: string;

  beforeEach(() => {
    actor = new DrivenActor();
    socket = actor.link(SESSION, 2) ?? '';
  });

  test('because its start failed says so for some seconds, and then lets go', () => {
    actor.hear(socket, ended('process_start_failed'));
    actor.forgotten();
    const until = actor.wakeAt ?? 0;
    expect(until).toBeGreaterThan(actor.now);
    expect(until).toBeLessThanOrEqual(actor.now + SECONDS);
    const why = { fault: 'process_start_failed', message: 'why' };
    expect(replies(actor.post('p1'))).toEqual([refused(why)]);
    actor.now = until;
    actor.tick();
    expect(actor.wakeAt).toBeUndefined();
  });

  test('in another way lets go at once', () => {
    actor.hear(socket, ended('process_exited'));
    actor.forgotten();
    expect(actor.wakeAt).toBeUndefined();
    expect(replies(actor.post('p1'))).toEqual([refused({ fault: 'session_not_found' })]);
  });

  test('says so already while posts that came before are looked after', () => {
    actor.post('p1');
    actor.hear(socket, ended('process_start_failed'));
    const why = { fault: 'process_start_failed', message: 'why' };
    expect(replies(actor.post('p2'))).toEqual([refused(why)]);
  });

  test('does not wait until a clock that was set back is there again', () => {
    actor.now += 3_600_000;
    actor.hear(socket, ended('process_start_failed'));
    actor.forgotten();
    actor.now -= 3_600_000;
    actor.tick();
    expect(actor.wakeAt).toBeUndefined();
  });
});
