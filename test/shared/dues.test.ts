// Due times in one list: what is acted on, in which order, and when to wake.
import { expect, test } from 'vitest';
import { actDue, earliest, nextDue, type Dues } from '../../shared/dues.ts';

/** Two things, of which the first brings the second about. */
class Machine {
  readonly done: string[] = [];
  #first: number | undefined = 10;
  #second: number | undefined;

  tick(now: number): void {
    actDue(this.#dues, now);
  }

  get wakeAt(): number | undefined {
    return nextDue(this.#dues);
  }

  readonly #dues: Dues = (due) => {
    due(this.#first, (now) => this.#doFirst(now));
    due(this.#second, (now) => this.#doSecond(now));
    due(30);
  };

  #doFirst(now: number): void {
    this.done.push(`first at ${now}`);
    this.#first = undefined;
    this.#second = 20;
  }

  #doSecond(now: number): void {
    this.done.push(`second at ${now}`);
    this.#second = undefined;
  }
}

test('nothing is done before its time, and the time to wake is the earliest', () => {
  const machine = new Machine();
  expect(machine.wakeAt).toBe(10);
  machine.tick(9);
  expect(machine.done).toEqual([]);
  machine.tick(10);
  expect(machine.done).toEqual(['first at 10']);
  expect(machine.wakeAt).toBe(20);
});

test('what one brings about is done in the same tick, when its time has come', () => {
  const machine = new Machine();
  machine.tick(25);
  expect(machine.done).toEqual(['first at 25', 'second at 25']);
  expect(machine.wakeAt).toBe(30);
});

test('on a clock that was set back, what is further off than it can be is due', () => {
  const done: string[] = [];
  const dues: Dues = (due) => {
    due(130, () => done.push('set back'), 20);
    due(120, () => done.push('still to come'), 20);
    due(1_000, () => done.push('of no such clock'));
  };
  actDue(dues, 100);
  expect(done).toEqual(['set back']);
});

test('without a time nothing is due', () => {
  expect(nextDue(() => undefined)).toBeUndefined();
  expect(nextDue((due) => due(undefined))).toBeUndefined();
  expect(earliest([undefined, 3, 1, undefined, 2])).toBe(1);
  expect(earliest([undefined])).toBeUndefined();
});
