// What the fleet adds up, and when it keeps it: some seconds after it changed, and never for each call.
import { expect, test } from 'vitest';

import { FleetFigures } from '../../../edge/core/fleet-figures.ts';
import { actDue, nextDue } from '../../../shared/dues.ts';
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

const refused = (value: number): Figure => ({ key: 'refusals', labels: ['not_found'], value });

test('[F-632] a thousand calls within ten seconds are one write, and an actor that breaks away loses no more', () => {
  const store = new Store();
  const figures = new FleetFigures(store);
  for (let call = 0; call < 1_000; call++) figures.add([refused(1)], call);
  expect(nextDue(figures.dues)).toBe(10_000);
  actDue(figures.dues, 9_999);
  expect(store.writes).toBe(0);
  actDue(figures.dues, 10_000);
  expect(store.writes).toBe(1);
  expect(nextDue(figures.dues)).toBeUndefined();
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
  figures.keep();
  expect([store.writes, nextDue(figures.dues)]).toEqual([0, undefined]);
});

test('the wall clock may be set back: what waits is kept then', () => {
  const store = new Store();
  const figures = new FleetFigures(store);
  figures.add([refused(1)], 1_000_000);
  actDue(figures.dues, 5);
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
