// The table of faults is complete and true: each row has a test or a reason, and each test it names exists.
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { FAULT_IDS, FAULT_ROWS } from './faults.ts';
import { titlesOf } from './titles.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

/** UTF-8 is no row. */
const ROW_ID = /(?<!\w)F-\d+b?(?!\w)/gu;

function idsOf(text: string): Set<string> {
  return new Set([...text.matchAll(ROW_ID)].map(([id]) => id));
}

/** The rows that the titles of a test file name. */
const rowsOf = (file: string): Set<string> => idsOf(titlesOf(`${root}${file}`));

test('every row has an entry, and there is no entry without a row', () => {
  expect(Object.keys(FAULT_ROWS).toSorted()).toEqual([...FAULT_IDS].toSorted());
  expect(new Set(FAULT_IDS).size).toBe(FAULT_IDS.length);
});

test.each(Object.entries(FAULT_ROWS))('%s is tried, or says why not', (id, { tests, missing }) => {
  expect(tests.length > 0 || (missing ?? '').length > 20).toBe(true);
  for (const file of tests) {
    expect([...rowsOf(file)], `${file} has no test of ${id}`).toContain(id);
  }
});

test('every row that a test names exists', () => {
  const files = globSync('**/*.test.ts', { cwd: root });
  expect(files.length).toBeGreaterThan(50);
  for (const file of files) {
    for (const id of rowsOf(file)) expect(FAULT_IDS, `${file} names ${id}`).toContain(id);
  }
});
