// How fast a principal opens sessions.
import { expect, test } from 'vitest';

import {
  APART_MS,
  LONGEST_TURN_MS,
  OPENINGS_AT_ONCE,
  OPENINGS_PER_SECOND,
  OpeningTurns,
} from '../../../edge/core/opening-turns.ts';

const EVERY_MS = 1_000 / OPENINGS_PER_SECOND;

const times = <T>(count: number, act: () => T): T[] => Array.from({ length: count }, act);

test('[F-254] a burst of openings is not delayed, those behind it begin at a steady pace, and one too many is refused', () => {
  const turns = new OpeningTurns();
  const take = (): number | undefined => turns.take('alice', 0);
  expect(times(OPENINGS_AT_ONCE, take)).toEqual(times(OPENINGS_AT_ONCE, () => 0));
  const waiting = times(LONGEST_TURN_MS / EVERY_MS, take);
  expect(waiting).toEqual(waiting.map((_, index) => (index + 1) * EVERY_MS));
  expect(take()).toBeUndefined();
  expect(turns.take('alice', EVERY_MS)).toBe(LONGEST_TURN_MS);
});

test('[F-254] nobody waits for another principal, and a pause brings the burst back', () => {
  const turns = new OpeningTurns();
  times(OPENINGS_AT_ONCE + 5, () => turns.take('alice', 0));
  expect(turns.take('bob', 0)).toBe(0);
  const later = (OPENINGS_AT_ONCE + 5) * EVERY_MS;
  expect(times(OPENINGS_AT_ONCE, () => turns.take('alice', later))).not.toContain(EVERY_MS);
  expect(turns.take('alice', later)).toBe(EVERY_MS);
});

test('principals that have not opened for long are forgotten', () => {
  const turns = new OpeningTurns();
  for (let n = 0; n < 1_001; n++) turns.take(`principal ${n}`, n < 600 ? 0 : 500);
  expect(turns.size).toBeLessThan(500);
});

test('[F-372] openings of one principal begin apart from each other, and no other principal waits for them', () => {
  const turns = new OpeningTurns();
  const apart = times(5, () => turns.apart('alice', 1_000));
  expect(apart).toEqual([0, 1, 2, 3, 4].map((n) => n * APART_MS));
  expect(turns.apart('bob', 1_000)).toBe(0);
  expect(turns.apart('alice', 1_000 + 5 * APART_MS)).toBe(0);
  expect(turns.apart('alice', 5 - LONGEST_TURN_MS)).toBe(0);
});
