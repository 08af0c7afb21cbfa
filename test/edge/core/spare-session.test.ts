// The actor of a spare: linked without a session, taken once, gone without a trace (LP27).
import { describe, expect, test } from 'vitest';

import type { Opening } from '../../../edge/core/ports.ts';
import type { EdgeSessionEffect } from '../../../edge/core/session-effects.ts';
import { DrivenActor, sent, SPARE } from './driven-actor.ts';

const ANN: Opening = {
  server: 'files',
  principal: 'ann',
  clientKind: 'streamable',
  isSpare: true,
};
const MODERN: Opening = { ...ANN, clientKind: 'modern' };

const refusals = (effects: readonly EdgeSessionEffect[]): unknown[] =>
  effects.flatMap((effect) => (effect.do === 'reply' ? [effect.reply] : []));

const NOWHERE = [{ kind: 'refused', fault: { fault: 'session_not_found' } }];

describe('[LP27] [R-13] an actor that is dialled ahead', () => {
  test('says welcome and waits for nothing; nothing is on its disk', () => {
    const actor = new DrivenActor();
    expect(actor.link(SPARE)).toBeDefined();
    expect(sent(actor.effects)).toEqual(['welcome']);
    expect(actor.wakeAt).toBeUndefined();
    expect(actor.store.isEmpty).toBe(true);
  });

  test.each([false, true])(
    'tells its runner whose it is ahead of the first post, asleep before: %s',
    (sleeps) => {
      const actor = new DrivenActor();
      actor.link(SPARE);
      if (sleeps) actor.sleep();
      const effects = actor.openWith(ANN);
      expect(effects.some((effect) => effect.do === 'find')).toBe(false);
      expect(sent(effects)).toEqual(['take', 'post']);
      expect(actor.effects).toContainEqual(
        expect.objectContaining({
          do: 'send',
          text: '{"type":"take","server":"files","principal":"ann","clientKind":"streamable"}',
        }),
      );
    },
  );

  test('[LP28] tells its runner who its client is', () => {
    const actor = new DrivenActor();
    actor.link(SPARE);
    actor.openWith({ ...ANN, person: { id: 'ann', email: 'ann@corp.example' } });
    expect(actor.effects).toContainEqual(
      expect.objectContaining({
        do: 'send',
        text: expect.stringContaining('"person":{"id":"ann","email":"ann@corp.example"}}'),
      }),
    );
  });

  test('has one client: whoever else comes is sent elsewhere, also after it slept', () => {
    const actor = new DrivenActor();
    actor.link(SPARE);
    actor.openWith(ANN);
    expect(refusals(actor.openWith({ ...ANN, principal: 'bob' }, 'p2'))).toEqual(NOWHERE);
    expect(refusals(actor.openWith(ANN, 'p3'))).toEqual(NOWHERE);
    actor.sleep();
    expect(refusals(actor.openWith({ ...ANN, principal: 'bob' }, 'p4'))).toEqual(NOWHERE);
  });

  test('is shared by the modern clients of one principal, and by no others', () => {
    const actor = new DrivenActor();
    actor.link(SPARE);
    expect(sent(actor.serve(MODERN))).toEqual(['take', 'post']);
    expect(sent(actor.serve(MODERN, 'p2'))).toEqual(['post']);
    actor.sleep();
    expect(sent(actor.serve(MODERN, 'p3'))).toEqual(['post']);
    expect(refusals(actor.serve({ ...MODERN, principal: 'bob' }, 'p4'))).toEqual(NOWHERE);
  });

  test('is none any more when its socket is gone, or its runner: no trace, and nobody is told', () => {
    for (const lose of [
      (actor: DrivenActor, socket: string) => actor.gone(socket),
      (actor: DrivenActor) => actor.release(),
    ]) {
      const actor = new DrivenActor();
      lose(actor, actor.link(SPARE) ?? '');
      expect(actor.store.isEmpty).toBe(true);
      expect(actor.effects.some(({ do: what }) => what === 'closed')).toBe(false);
      actor.openWith(ANN);
      expect(refusals(actor.found(undefined))).toEqual(NOWHERE);
    }
  });

  test('is not released once it is taken', () => {
    const actor = new DrivenActor();
    actor.link(SPARE);
    actor.openWith(ANN);
    expect(actor.release()).toEqual([]);
  });

  test('a dial of another boot is refused, and leaves it no spare', () => {
    const actor = new DrivenActor();
    expect(actor.link({ ...SPARE, boot: 'c'.repeat(22) })).toBeUndefined();
    actor.openWith(ANN);
    expect(actor.effects.at(-1)).toEqual({ do: 'find' });
  });
});

describe('[LP27] [F-337] an actor that has lost its spare when its client comes', () => {
  const { isSpare: _isSpare, ...session } = SPARE;

  test('lets the post wait for the next dial, and says first whose it is', () => {
    const actor = new DrivenActor();
    actor.gone(actor.link(SPARE) ?? '');
    actor.openWith(ANN);
    expect(sent(actor.found(session))).toEqual([]);
    const before = actor.effects.length;
    expect(actor.link(undefined, 2)).toBeDefined();
    expect(sent(actor.effects.slice(before))).toEqual(['welcome', 'take', 'post']);
  });

  test('takes it all the same when the runner was there again first', () => {
    const actor = new DrivenActor();
    expect(actor.link(session, 2)).toBeDefined();
    expect(sent(actor.openWith(ANN))).toEqual(['take', 'post']);
  });

  test('a socket that has not pinged for long is not believed', () => {
    const actor = new DrivenActor();
    actor.link(SPARE);
    actor.now += 60_000;
    const effects = actor.openWith(ANN);
    expect(sent(effects)).toEqual([]);
    const before = actor.effects.length;
    actor.link(undefined, 2);
    expect(sent(actor.effects.slice(before))).toEqual(['welcome', 'take', 'post']);
  });
});
