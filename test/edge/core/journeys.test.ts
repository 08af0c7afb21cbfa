// Journeys to an identity provider: each counts once, and nobody loses one because somebody else begins many.
import { describe, expect, test } from 'vitest';

import { Access } from '../../../edge/core/access.ts';
import { AccessTables } from '../../../edge/core/access-tables.ts';
import { memoryAccessStore, memoryDatabase } from '../../fixtures/memory-access.ts';

const START = 1_700_000_000_000;
const MINUTE = 60_000;

const depart = (access: Access, state: string, from: string, now = START) =>
  access.take('depart', { state, browser: `b ${state}`, sealed: 'x'.repeat(100), from }, now).kind;

const arrive = (access: Access, state: string, now = START, browser = `b ${state}`) =>
  access.take('arrive', { state, browser, from: `home of ${state}` }, now).kind;

describe('[F-525] a journey', () => {
  test('counts once, in its browser, within ten minutes', () => {
    const access = new Access(memoryAccessStore());
    for (const state of ['1', '2', '3']) depart(access, state, 'a');
    expect(arrive(access, '1', START, 'b 2')).toBe('unknown');
    expect([arrive(access, '1'), arrive(access, '1')]).toEqual(['arrived', 'unknown']);
    expect(arrive(access, '2', START + 10 * MINUTE - 1)).toBe('arrived');
    expect(arrive(access, '3', START + 10 * MINUTE)).toBe('unknown');
    expect(arrive(access, '4')).toBe('unknown');
  });

  test('is not lost by a network that begins as many as it may', () => {
    const { db, sql } = memoryDatabase();
    const access = new Access(new AccessTables(sql, () => undefined));
    depart(access, 'mine', 'a');
    let begun = 0;
    for (let at = 0; at < 3_000; at++)
      if (depart(access, `flood ${at}`, 'b', START + at * 190) === 'departed') begun += 1;
    expect(begun).toBeGreaterThan(500);
    expect(begun).toBeLessThan(700);
    const { n } = db.prepare('SELECT count(*) AS n FROM journeys').get() as { n: number };
    expect(n).toBeLessThanOrEqual(400);
    expect(arrive(access, 'mine', START + 9 * MINUTE)).toBe('arrived');
  });

  test('that nobody began is not guessed', () => {
    const access = new Access(memoryAccessStore());
    const kinds = Array.from(
      { length: 70 },
      (_, at) => access.take('arrive', { state: `s ${at}`, browser: 'b', from: 'a' }, START).kind,
    );
    expect(kinds.filter((kind) => kind === 'unknown')).toHaveLength(60);
    expect(kinds.at(-1)).toBe('limited');
  });

  test('that never ended is forgotten', () => {
    const { db, sql } = memoryDatabase();
    const access = new Access(new AccessTables(sql, () => undefined));
    depart(access, '1', 'a');
    access.sweep(START + 11 * MINUTE);
    expect(db.prepare('SELECT count(*) AS n FROM journeys').get()).toEqual({ n: 0 });
  });
});
