// What the fleet adds up, and when it keeps it: some seconds after it changed, and never for each call.
import { expect, test } from 'vitest';

import { FleetFigures } from '../../../edge/core/fleet-figures.ts';
import { actDue as act, nextDue } from '../../../shared/dues.ts';
import type { Figure } from '../../../shared/figures.ts';

class Store {
  kept: readonly Figure[] = [];
  writes = 0;
  figures(): readonly Figure[] {
    return this.kept;
  }
  keepFigures(figures: readonly Figure[]): void {
    this.writes += 1;
    this.kept = figures;
  }
}

/** Does what is due, as a host does it that can write. */
const actDue = (figures: FleetFigures, now: number): void =>
  act((due) => figures.dues(due, () => figures.keep((writes) => writes())), now);

const dueAt = (figures: FleetFigures): number | undefined =>
  nextDue((due) => figures.dues(due, () => undefined));

const refused = (value: number): Figure => ({ key: 'refusals', labels: ['not_found'], value });

test('[F-632] a thousand calls within ten seconds are one write, and an actor that breaks away loses no more', () => {
  const store = new Store();
  const figures = new FleetFigures(store);
  for (let call = 0; call < 1_000; call++) figures.add([refused(1)], call);
  expect(dueAt(figures)).toBe(10_000);
  actDue(figures, 9_999);
  expect(store.writes).toBe(0);
  actDue(figures, 10_000);
  expect(store.writes).toBe(1);
  expect(dueAt(figures)).toBeUndefined();
  figures.add([refused(5)], 20_000);
  // It breaks away before that is kept.
  const next = new FleetFigures(store);
  next.add([refused(1)], 30_000);
  expect(next.all()).toEqual([refused(1_001)]);
});

test('nothing is kept that did not change', () => {
  const store = new Store();
  const figures = new FleetFigures(store);
  figures.add([], 0);
  figures.keep((writes) => writes());
  expect([store.writes, dueAt(figures)]).toEqual([0, undefined]);
});

test('[F-589] what could not be kept is tried again, by that time and not at once', () => {
  const store = new Store();
  const figures = new FleetFigures(store);
  figures.add([refused(1)], 0);
  const full = (): never => {
    throw new Error('the disk is full');
  };
  let failures = 0;
  const keep = (): void => {
    try {
      figures.keep(full);
    } catch {
      failures += 1;
    }
  };
  act((due) => figures.dues(due, keep), 10_000);
  expect([failures, dueAt(figures)]).toEqual([1, 20_000]);
  actDue(figures, 20_000);
  expect([store.kept, dueAt(figures)]).toEqual([[refused(1)], undefined]);
});

test('the wall clock may be set back: what waits is kept then', () => {
  const store = new Store();
  const figures = new FleetFigures(store);
  figures.add([refused(1)], 1_000_000);
  actDue(figures, 5);
  expect(store.writes).toBe(1);
});

test('sessions are counted as they open and end', () => {
  const figures = new FleetFigures(new Store());
  figures.opened({ server: 'files', openedAt: 1 });
  figures.ended(undefined, 2);
  figures.ended('runner_lost', 3);
  expect(figures.all()).toEqual([
    { key: 'edgeSessionsOpened', labels: ['files'], value: 1 },
    { key: 'edgeSessionsEnded', labels: ['closed'], value: 1 },
    { key: 'edgeSessionsEnded', labels: ['runner_lost'], value: 1 },
  ]);
});
