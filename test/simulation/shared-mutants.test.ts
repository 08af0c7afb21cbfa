// Shows that the checker finds errors in processes that sessions share: each is put into their rules on purpose. That honest ones break
// nothing is shown by shared.test.ts.
import { setImmediate } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { check } from './history.ts';
import { mutatedSeats } from './mutated-rules.ts';
import { World } from './world.ts';

describe('[R-9] mutants of shared processes', () => {
  test.each<[string, string, Parameters<typeof mutatedSeats>]>([
    [
      'the process sees the ids of the sessions',
      'R-',
      [
        'from-seats.ts',
        'const edits: Edit[] = [{ ...idAt, with: own },',
        'const edits: Edit[] = [',
      ],
    ],
    [
      'an answer goes to another seat',
      'R-',
      [
        'from-process.ts',
        "out.say(seat, method === LISTEN_METHOD ? underSubscription(own, 'result', rawId) : own);",
        'out.say([...this.#parts.seats()][0] ?? seat, own);',
      ],
    ],
    [
      'progress goes to all seats',
      'R-[489]',
      [
        'from-process.ts',
        'out.say(call.seat, message.edited([edit]));',
        'for (const seat of this.#parts.seats()) out.say(seat, message.edited([edit]));',
      ],
    ],
    [
      'what belongs to no request goes to all sessions',
      'R-9',
      [
        'from-process.ts',
        'const owners = isOfOnePrincipal ? seats()',
        'const owners = seats ? seats()',
      ],
    ],
    [
      'who alone is being served is told by one of several',
      'R-9',
      ['seat-calls.ts', 'else return undefined;', 'else continue;'],
    ],
    [
      'principals share what is for one',
      'R-9',
      [
        'shared-processes.ts',
        'this.isOfOnePrincipal ? [principal ?? null, owner ?? null] : []',
        '[]',
      ],
    ],
    [
      'a process that nobody is at is kept',
      'R-11',
      ['hub-host.ts', 'this.#empty.arm(this.#time.now() + EMPTY_MS);', ''],
    ],
  ])('%s', async (_title, rule, mutation) => {
    const rules = await mutatedSeats(...mutation);
    const faults: string[] = [];
    for (let seed = 1; seed < 400 && faults.length === 0; seed++) {
      faults.push(...check(new World(seed, undefined, { isShared: true, rules }).run()));
      await setImmediate();
    }
    expect(faults.join('\n')).toMatch(new RegExp(`^${rule}`, 'mu'));
  });
});
