// The empty files that workerd makes for each actor: which of them go, and which stay.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { StorageSweep } from '../../../runner/dev/storage-sweep.ts';

let folder: string;
let sweep: StorageSweep;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-sweep-'));
  sweep = new StorageSweep(folder);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const actor = (letter: string): string => `${letter.repeat(64)}.sqlite`;
const put = (name: string, bytes: number): void =>
  writeFileSync(join(folder, name), Buffer.alloc(bytes));
const left = (): string[] => readdirSync(folder).toSorted();

test('[F-164] before a start, the empty files of actors go, with what a killed workerd left beside them', () => {
  put(actor('a'), 4096);
  put(actor('b'), 4096);
  put(`${actor('b')}-wal`, 0);
  put(`${actor('b')}-shm`, 32_768);
  sweep.clear();
  expect(left()).toEqual([]);
});

test('[F-164] one that holds something stays, and so does one whose log does', () => {
  put(actor('a'), 8192);
  put(actor('b'), 4096);
  put(`${actor('b')}-wal`, 4152);
  put('metadata.sqlite', 4096);
  const before = left();
  sweep.clear();
  for (let looks = 0; looks < 3; looks++) sweep.tidy();
  expect(left()).toEqual(before);
});

test('[F-164] while workerd runs, an empty file goes at the second look that finds nobody has it open', () => {
  put(actor('a'), 4096);
  put(actor('b'), 4096);
  put(`${actor('b')}-wal`, 0);
  sweep.tidy();
  expect(left()).toHaveLength(3);
  sweep.tidy();
  expect(left()).toEqual([actor('b'), `${actor('b')}-wal`]);
});

test('a folder that is not there yet is no error', () => {
  const none = new StorageSweep(join(folder, 'none'));
  expect(() => none.clear()).not.toThrow();
  expect(() => none.tidy()).not.toThrow();
});
