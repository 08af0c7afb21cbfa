// What a run of the suite means: which failed checks were not expected, and which expected ones did not fail.
import type { Access, ExpectedFailure, Subject } from './expected-failures.ts';
import type { Check, ScenarioOutcome, SuiteName } from './suite.ts';

/** What is run: one suite against one subject. */
export interface Run {
  readonly subject: Subject;
  readonly suite: SuiteName;
  readonly access: Access;
}

/** The figures of one run, and what makes it fail. */
export interface Verdict extends Run {
  readonly passed: number;
  readonly failed: number;
  readonly scenarios: number;
  readonly failedScenarios: number;
  /** Scenarios with a check that failed against, or passed against, the expectations. */
  readonly unexpectedScenarios: number;
  readonly complaints: readonly Complaint[];
}

/** The unexpected checks of one scenario, as lines. */
export interface Complaint {
  readonly scenario: string;
  readonly lines: readonly string[];
}

/**
 * Compares one run with the expectations. An expected failure that the run did not come to (an earlier check
 * ended the scenario, or the check was skipped) is no complaint: nothing shows that it would pass.
 */
export function verdictOn(
  run: Run,
  outcomes: readonly ScenarioOutcome[],
  expectations: readonly ExpectedFailure[],
): Verdict {
  const { subject, suite } = run;
  const here = expectations.filter(
    (each) => each.subjects.includes(subject) && each.suites.includes(suite),
  );
  const complaints = outcomes.flatMap(({ name, checks }) => {
    const expected = here
      .filter(({ scenario }) => scenario === name)
      .flatMap((each) => each.checks);
    const lines = [...unexpectedFailures(checks, expected), ...unexpectedPasses(checks, expected)];
    return lines.length > 0 ? [{ scenario: name, lines }] : [];
  });
  return {
    ...run,
    passed: sum(outcomes.map(({ passed }) => passed)),
    failed: sum(outcomes.map(({ failed }) => failed)),
    scenarios: outcomes.length,
    failedScenarios: outcomes.filter(({ checks }) => checks.some(({ isMet }) => !isMet)).length,
    unexpectedScenarios: complaints.length,
    complaints,
  };
}

function unexpectedFailures(checks: readonly Check[], expected: readonly string[]): string[] {
  return checks
    .filter(({ id, isMet }) => !isMet && !expected.includes(id))
    .map(({ id, words }) => `${id}: ${words}`);
}

function unexpectedPasses(checks: readonly Check[], expected: readonly string[]): string[] {
  return expected
    .map((id) => checks.filter((check) => check.id === id))
    .filter((made) => made.length > 0 && made.every(({ isMet }) => isMet))
    .map(([check]) => `${check?.id}: was expected to fail, and passes`);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
