// The table of threats is complete and true: each row is tried by rows of faults.ts, or says what is missing.
import { expect, test } from 'vitest';

import { FAULT_ROWS } from './faults.ts';
import { THREAT_ROWS } from './threats.ts';

test('no number is left out', () => {
  const ids = Object.keys(THREAT_ROWS);
  expect(ids).toEqual(ids.map((_, index) => `T${index + 1}`));
});

test.each(Object.entries(THREAT_ROWS))('%s is tried, or says why not', (_, { faults, missing }) => {
  expect(faults.length > 0 || (missing ?? '').length > 20).toBe(true);
  for (const id of faults) expect(FAULT_ROWS[id]?.tests, `${id} has no test`).not.toHaveLength(0);
  for (const id of faults) expect(FAULT_ROWS).toHaveProperty(id);
});
