// The database of an edge on Node: a step is kept as a whole or not at all, and its file belongs to one edge at a time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { Database, isStorageFailure } from '../../../../edge/hosts/node/database.ts';

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-database-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'edge.sqlite');
}

const put = (database: Database, actor: string): number =>
  database.write('INSERT INTO actors (actor) VALUES (?)', actor);

const actors = (database: Database): unknown[] =>
  database.rows<{ actor: string }>('SELECT actor FROM actors').map(({ actor }) => actor);

test('[F-316] of a step that fails nothing is kept, and the next one is whole', async () => {
  const database = await Database.open(newPath());
  onTestFinished(() => database.close());
  const failing = (): void =>
    database.step(() => {
      put(database, 'a');
      put(database, 'b');
      throw new RangeError('half done');
    });
  expect(failing).toThrow('half done');
  expect(actors(database)).toEqual([]);
  database.step(() => put(database, 'c'));
  expect(actors(database)).toEqual(['c']);
});

test('[F-316] what the database itself refuses is told from an error of the rules', async () => {
  const database = await Database.open(newPath());
  onTestFinished(() => database.close());
  let refused: unknown;
  try {
    database.step(() => put(database, 'a') + put(database, 'a'));
  } catch (error) {
    refused = error;
  }
  expect([isStorageFailure(refused), isStorageFailure(new RangeError('rule'))]).toEqual([
    true,
    false,
  ]);
  expect(actors(database)).toEqual([]);
});

test('[F-317] a database is used by one edge at a time', async () => {
  const path = newPath();
  const first = await Database.open(path);
  await expect(Database.open(path)).rejects.toMatchObject({ problem: 'in_use' });
  first.step(() => put(first, 'a'));
  first.close();
  const second = await Database.open(path);
  expect(actors(second)).toEqual(['a']);
  second.close();
});

test('[F-317] a database of a newer version is left alone, and a file that is none', async () => {
  const path = newPath();
  const database = await Database.open(path);
  database.step(() => put(database, 'a'));
  database.rows('PRAGMA user_version = 1000');
  database.close();
  await expect(Database.open(path)).rejects.toMatchObject({ problem: 'newer' });
  writeFileSync(`${path}2`, 'not a database, but text that is long enough to be taken for one');
  await expect(Database.open(`${path}2`)).rejects.toMatchObject({ problem: 'unusable' });
});
