// Which process a session is at, what waits for a session that does not read, and whose answer was lost.
import { expect, it, test } from 'vitest';
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { MOST_HELD_BYTES, HeldMessages } from '../../../runner/seats/held-messages.ts';
import { LostAnswers } from '../../../runner/seats/lost-answers.ts';
import { firstLineOf, hasRoom, seatAt, type FirstLine } from '../../../runner/seats/seating.ts';
import { ownMessage } from '../../../runner/translate/message.ts';

const LIMITS = { sessionsPerProcess: 3, mostProcesses: 2 };

const table = (seats: number, era: 'legacy' | 'modern' = 'legacy', isSilent = false) => ({
  seats,
  isSilent,
  suits: (first: FirstLine) => (first === 'modern') === (era === 'modern'),
});

const LEGACY: FirstLine = { revision: '2025-11-25' };

it('[F-880] takes the process with the fewest sessions, and a new one when all are full', () => {
  const [full, busy, idle] = [table(3), table(2), table(1)];
  expect(seatAt([full, busy, idle], LEGACY, LIMITS)).toEqual({ kind: 'join', table: idle });
  expect(seatAt([full], LEGACY, LIMITS)).toEqual({ kind: 'start' });
  expect(seatAt([full, table(3)], LEGACY, LIMITS)).toEqual({ kind: 'full' });
  expect(seatAt([full, table(1, 'modern')], LEGACY, LIMITS)).toEqual({ kind: 'full' });
  const empty = table(0, 'modern');
  expect(seatAt([full, empty], LEGACY, LIMITS)).toEqual({ kind: 'start', instead: empty });
  expect(hasRoom([full], LIMITS)).toBe(true);
  expect(hasRoom([full, table(3)], LIMITS)).toBe(false);
});

it('[F-941] takes one that gives no sign of life only if there can be no other', () => {
  const [silent, busy] = [table(1, 'legacy', true), table(2)];
  expect(seatAt([silent, busy], LEGACY, LIMITS)).toEqual({ kind: 'join', table: busy });
  expect(seatAt([silent], LEGACY, LIMITS)).toEqual({ kind: 'start' });
  const empty = table(0, 'modern');
  expect(seatAt([silent, empty], LEGACY, LIMITS)).toEqual({ kind: 'start', instead: empty });
  expect(seatAt([silent, table(3)], LEGACY, LIMITS)).toEqual({ kind: 'join', table: silent });
});

it.each([
  ['2025-06-18', { revision: '2025-06-18' }],
  ['2024-11-05', { revision: '2024-11-05' }],
  ['1999-01-01', { revision: '2025-11-25' }],
  [7, { revision: '2025-11-25' }],
])('[F-871] reads the revision that a client asks for: %s', (protocolVersion, first) => {
  const params = { protocolVersion };
  const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
  expect(firstLineOf(ownMessage(JSON.stringify(message)))).toEqual(first);
});

test('[F-879] what waits for a session that does not read has a bound', () => {
  const held = new HeldMessages();
  const message = ownMessage(
    JSON.stringify({ jsonrpc: '2.0', method: 'x', params: { text: 'x'.repeat(1024 * 1024) } }),
  );
  let count = 0;
  while (held.push(message)) count += 1;
  expect(held.bytes).toBeLessThanOrEqual(MOST_HELD_BYTES);
  expect(count).toBeGreaterThan(10);
  for (let n = 0; n < count; n += 1) expect(held.shift()?.bytes.length).toBe(message.bytes.length);
  expect([held.bytes, held.isEmpty, held.shift()]).toEqual([0, true, undefined]);
});

test('[F-877] of lost answers, those are found that nobody else can have', () => {
  const ids = [1, 2, 3] as BridgeRequestId[];
  const lost = new LostAnswers();
  expect(lost.lost(ids)).toEqual([]);
  expect(lost.cleared(2 as BridgeRequestId)).toEqual([]);
  expect(lost.cleared(9 as BridgeRequestId)).toEqual([]);
  expect(lost.cleared(1 as BridgeRequestId)).toEqual([3]);
  expect(lost.lost([4 as BridgeRequestId])).toEqual([4]);
  expect(lost.lost([])).toEqual([]);
});
