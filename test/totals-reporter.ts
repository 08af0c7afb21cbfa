// Counts how many tests passed and failed, for .ci/run to print.
import { addToTotals } from './totals.ts';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Counts tests by their final state. A file that failed outside any test (it could not be loaded, a hook of the
 * file threw) and an error that no test caught count as one failure each: else a broken file would count as nothing.
 */
export class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') failedHere += 1;
      }
      if (failedHere === 0 && !module.ok()) failedHere = 1;
      failed += failedHere;
    }
    addToTotals(passed, failed);
  }
}
