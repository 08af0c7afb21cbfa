// A soak of two minutes: each fault once or more under mixed load. `npm run soak` goes on for as long as one likes.
import { expect, test } from 'vitest';

import { AROUND_MS, soak } from '../soak/soak.ts';

/** Enough for each fault, however long the pauses fall, and calls in between. */
const SOAK_MS = 120_000;

test(
  'R-1, R-2, R-4, R-8, R-9: two minutes of mixed load and faults break no rule and leave nothing',
  async () => {
    const seed = Date.now() % 1_000_000;
    const report: string[] = [];
    const print = (line: string): void => void report.push(line);
    const { calls, faults, violations } = await soak({
      ms: SOAK_MS,
      seed,
      print,
      clients: 'polite',
    });
    // The report only where it is wanted.
    const shown = violations.length > 0 ? [`seed ${seed}`, ...report] : [];
    expect({ violations, shown }).toEqual({ violations: [], shown: [] });
    expect(calls).toBeGreaterThan(100);
    expect(faults).toBeGreaterThanOrEqual(5);
  },
  SOAK_MS + AROUND_MS,
);
