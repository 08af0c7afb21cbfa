// The totals of one or more runs of tests: a line a run, in the file that the variable TEST_TOTALS names.
import { appendFileSync } from 'node:fs';

/**
 * Notes the totals of a run; does nothing where nobody asks for them. `unsteady` tests are among those that passed: they failed, and
 * passed when they were run again.
 */
export function addToTotals(passed: number, failed: number, unsteady = 0): void {
  const file = process.env['TEST_TOTALS'];
  if (file !== undefined) appendFileSync(file, `${passed} ${failed} ${unsteady}\n`);
}
