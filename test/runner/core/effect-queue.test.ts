// The order in which what two machines want done is performed, and what is left of it by a throw.
import { expect, test } from 'vitest';
import { EffectQueue } from '../../../runner/core/effect-queue.ts';

/** A queue whose effects are names; performing one adds what it leads to. */
function driven(leadsTo: Record<string, readonly string[]> = {}) {
  const queue = new EffectQueue();
  const done: string[] = [];
  const add = (name: string, effects: readonly string[]): void =>
    queue.add(effects, perform, () => done.push(`${name} settled`));
  const perform = (effect: string): void => {
    if (effect === 'throw') throw new Error('it failed');
    done.push(effect);
    const next = leadsTo[effect];
    if (next) add(`after ${effect}`, next);
  };
  return { add, done };
}

test('what an effect leads to comes behind all that was to be done before it', () => {
  const { add, done } = driven({ write: ['say'], say: ['send'] });
  add('first', ['write', 'note']);
  expect(done).toEqual([
    'write',
    'note',
    'first settled',
    'say',
    'after write settled',
    'send',
    'after say settled',
  ]);
});

test('an input that wants nothing done is settled in its turn, too', () => {
  const { add, done } = driven({ write: [] });
  add('first', ['write', 'note']);
  expect(done).toEqual(['write', 'note', 'first settled', 'after write settled']);
});

test('what throws reaches the caller; what was behind it is performed with the next input, in order', () => {
  const { add, done } = driven({ write: ['say'] });
  expect(() => add('first', ['write', 'throw', 'note'])).toThrow('it failed');
  expect(done).toEqual(['write']);
  add('end', ['stop']);
  expect(done.slice(1)).toEqual([
    'note',
    'first settled',
    'say',
    'after write settled',
    'stop',
    'end settled',
  ]);
});
