// Who may open a runner's control link, and what it may offer there.
import { expect, test } from 'vitest';

import { UsedOnce } from '../../../edge/core/used-once.ts';
import { CLOSE } from '../../../shared/link/close-codes.ts';
import { DrivenFleet } from './driven-fleet.ts';

const MINUTE_MS = 60_000;

test('[F-61] a statement opens one control link: who repeats it is turned away, and the first link stays', () => {
  const fleet = new DrivenFleet();
  const use = { id: 'once', until: fleet.now + MINUTE_MS };
  const first = fleet.link('vm', {}, { use });
  expect(fleet.frames(first, 'welcome')).toHaveLength(1);
  const second = fleet.link('vm', {}, { use });
  expect(fleet.frames(second, 'welcome')).toEqual([]);
  const closed = fleet.effects.filter((effect) => effect.do === 'close');
  expect(closed).toEqual([expect.objectContaining({ socket: second, code: CLOSE.notGranted })]);
});

test('[F-500] a runner with all servers offers none that is bound to another, and is told which it serves', () => {
  const fleet = new DrivenFleet();
  const vm = fleet.link('vm', { servers: ['files', 'mail'] }, { withheld: ['files'] });
  expect(fleet.frames(vm, 'welcome')).toEqual([{ type: 'welcome', servers: ['mail'] }]);
  expect(fleet.open('s'.repeat(22))).toMatchObject({ ok: false });
});

test('[F-61] what is remembered of used statements is bounded, and forgotten as it ends', () => {
  const used = new UsedOnce();
  const of = (id: number) => ({ id: String(id), until: 1_000 });
  let taken = 0;
  while (used.isFirst(of(taken), 0)) taken += 1;
  expect(taken).toBe(10_000);
  expect(used.isFirst(of(taken), 999)).toBe(false);
  expect(used.isFirst({ id: '0', until: 2_000 }, 1_000)).toBe(true);
  expect(used.isFirst({ id: 'late', until: 1_000 }, 1_000)).toBe(false);
});
