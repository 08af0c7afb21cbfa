// Counts how many tests passed and failed, for .ci/run to print, and tells which passed only when they were run again, and what tests
// measured.
import { addToTotals } from './totals.ts';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

declare module 'vitest' {
  export interface TaskMeta {
    /** Lines that are to be read though the test passed: what something took, and under which load. */
    measured?: string[];
  }
}

/**
 * Counts tests by their final state. A file that failed outside any test (it could not be loaded, a hook of the
 * file threw) and an error that no test caught count as one failure each: else a broken file would count as nothing.
 */
export class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    const unsteady: TestCase[] = [];
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') failedHere += 1;
        if (test.diagnostic()?.flaky === true) unsteady.push(test);
        for (const line of test.meta().measured ?? []) console.log(`MEASURED  ${line}`);
      }
      if (failedHere === 0 && !module.ok()) failedHere = 1;
      failed += failedHere;
    }
    for (const test of unsteady) tell(test);
    addToTotals(passed, failed, unsteady.length);
  }
}

/** An unsteady test is a race in the test or in the bridge: it counts as passed, and is told with its first failure. */
function tell(test: TestCase): void {
  console.log(`UNSTEADY  ${test.project.name}  ${test.module.relativeModuleId} > ${test.fullName}`);
  for (const { message } of test.result().errors ?? []) console.log(`    ${message}`);
}
