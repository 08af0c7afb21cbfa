// The fleet's actor on Node: what the failure of a write ends, and what it does not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';

import { RecordRing } from '../../../../edge/core/record.ts';
import { Database } from '../../../../edge/hosts/node/database.ts';
import { NodeFleetActor } from '../../../../edge/hosts/node/fleet-actor.ts';
import { Wakers } from '../../../../edge/hosts/node/wakers.ts';

const KEEP_MS = 10_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout'] }));
afterEach(() => void vi.useRealTimers());

async function newActor() {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-fleet-'));
  const database = await Database.open(join(folder, 'edge.sqlite'));
  const queue = new Wakers();
  onTestFinished(() => {
    queue.clear();
    database.close();
    rmSync(folder, { recursive: true });
  });
  const seen = { lives: 1, lines: [] as string[] };
  const actor = new NodeFleetActor({
    database,
    queue,
    log: ({ message }) => void seen.lines.push(message),
    terms: { isConfigured: true, hasQuotas: true },
    secret: undefined,
    ring: new RecordRing(Date.now()),
    session: () => {
      throw new Error('there is no session');
    },
    letGo: () => void (seen.lives -= 1),
  });
  const write = (statement: string): number => database.step(() => database.write(statement));
  const kept = (): unknown[] => database.rows('SELECT figures FROM figures');
  return { database, actor, seen, write, kept };
}

test('[F-589] figures that cannot be kept end nothing, and are kept when they can be', async () => {
  const { actor, seen, write, kept } = await newActor();
  write("CREATE TRIGGER full BEFORE INSERT ON figures BEGIN SELECT RAISE(ABORT, 'no room'); END");
  actor.counted([{ key: 'refusals', labels: ['not_found'], value: 1 }]);
  await vi.advanceTimersByTimeAsync(KEEP_MS);
  expect([seen, kept()]).toEqual([{ lives: 1, lines: ['an actor failed'] }, []]);
  write('DROP TRIGGER full');
  await vi.advanceTimersByTimeAsync(KEEP_MS);
  expect([seen.lives, kept()]).toEqual([
    1,
    [{ figures: '[{"key":"refusals","labels":["not_found"],"value":1}]' }],
  ]);
  expect(seen.lines).toHaveLength(1);
});

test('[F-609] a look of the console reads the sessions that it shows, and no others', async () => {
  const { database, actor } = await newActor();
  const rows = vi.spyOn(database, 'rows');
  await actor.look({ last: 1 });
  const asked = rows.mock.calls.filter(([query]) => query.includes('FROM sessions'));
  expect(asked).not.toEqual([]);
  rows.mockRestore();
  const plans = asked.flatMap(([query, ...values]) =>
    database.rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...values),
  );
  const opening = 'SCAN sessions USING INDEX sessions_by_opening';
  expect(plans.map(({ detail }) => detail)).toContain(opening);
  expect(plans.filter(({ detail }) => /B-TREE/u.test(detail))).toEqual([]);
});
