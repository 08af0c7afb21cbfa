// A session that is over: its actor is there until the fleet has heard of it, for nobody else would take it off the books.
import { beforeEach, describe, expect, test } from 'vitest';

import { DrivenActor, NAME, SPARE } from './driven-actor.ts';

const { isSpare: _isSpare, ...SESSION } = SPARE;

const CLOSED = { do: 'closed', session: NAME };

describe('[F-344] an actor whose session is over', () => {
  let actor: DrivenActor;
  let socket: string;

  beforeEach(() => {
    actor = new DrivenActor();
    socket = actor.link(SESSION, 2) ?? '';
    actor.hear(socket, JSON.stringify({ type: 'ended' }));
  });

  test('has told the fleet', () => {
    expect(actor.effects).toContainEqual(CLOSED);
  });

  test('is awake until the fleet has heard of it, and lets the runner go then', () => {
    expect(actor.wakeAt).toBeGreaterThan(actor.now);
    expect(actor.forgotten()).toMatchObject([{ do: 'close', socket }]);
    expect(actor.wakeAt).toBeUndefined();
  });

  test('tells the fleet again when nothing comes back', () => {
    const at = actor.wakeAt ?? 0;
    actor.now = at - 1;
    expect(actor.tick()).toEqual([]);
    actor.now = at;
    expect(actor.tick()).toEqual([CLOSED]);
    expect(actor.wakeAt).toBeGreaterThan(at);
  });

  test('does not wait until a clock that was set back is there again', () => {
    actor.now -= 3_600_000;
    expect(actor.tick()).toEqual([CLOSED]);
  });
});
