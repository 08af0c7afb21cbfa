// The checks of the conformance suite that are known to fail, each with the reason why that is right or
// cannot be otherwise. A check that fails and is not here, or is here and passes, fails the run.
import type { SuiteName } from './suite.ts';

/**
 * The server under test: a stdio fixture behind the bridge; or the dual one served over HTTP by its own SDK, alone (`direct`) or behind
 * the bridge as a server at a URL (`remote`).
 */
export type Subject = 'dual' | 'legacy' | 'modern' | 'direct' | 'remote';

/**
 * `open`: nobody needs a key; `token`: an access token of somebody who signed in; `member`: as the only member of a virtual server;
 * `members`: beside the other fixtures, whose names have prefixes. What is expected is the same.
 */
export type Access = 'open' | 'token' | 'member' | 'members';

export interface ExpectedFailure {
  readonly scenario: string;
  /** Ids as the suite writes them. */
  readonly checks: readonly string[];
  readonly subjects: readonly Subject[];
  readonly suites: readonly SuiteName[];
  readonly reason: string;
}

const EVERY_SUBJECT: readonly Subject[] = ['dual', 'legacy', 'modern', 'direct', 'remote'];

const NO_TASKS =
  'The tasks extension: no SDK of the fixtures serves it, and the bridge does not invent it.';

const tasks = (scenario: string, checks: readonly string[]): ExpectedFailure => ({
  scenario,
  checks,
  subjects: EVERY_SUBJECT,
  suites: ['all'],
  reason: NO_TASKS,
});

export const EXPECTED_FAILURES: readonly ExpectedFailure[] = [
  tasks('tasks-lifecycle', [
    'tasks-sync-tool-call',
    'sep-2663-result-type-task-on-create',
    'sep-2663-tasks-get-status-working',
    'sep-2663-tasks-get-status-completed',
    'sep-2663-tool-error-uses-completed-status',
    'sep-2663-tasks-get-status-failed',
    'sep-2663-cancel-ack-empty-result',
    'tasks-cancel-terminal-idempotent-ack',
  ]),
  tasks('tasks-capability-negotiation', [
    'tasks-extension-advertised',
    'sep-2663-tasks-methods-non-declaring',
    'sep-2663-server-rejects-undeclared-client',
    'tasks-per-request-meta-opt-in',
  ]),
  tasks('tasks-wire-fields', [
    'tasks-wire-field-renames',
    'tasks-no-early-ttl-expiry',
    'tasks-no-related-task-meta-on-inlined-result',
  ]),
  tasks('tasks-request-state-removal', ['tasks-request-state-removal-setup']),
  tasks('tasks-mrtr-input', [
    'sep-2663-tasks-get-status-input-required',
    'tasks-mrtr-tasks-update-resumes',
    'tasks-mrtr-partial-fulfillment',
  ]),
  tasks('tasks-request-headers', [
    'tasks-headers-tolerate-mcp-method-on-tools-call',
    'sep-2663-routing-headers-accepted-on-tasks-get',
    'sep-2663-server-rejects-mismatched-mcp-name-on-tasks-get',
  ]),
  tasks('tasks-dispatch-and-envelope', [
    'tasks-server-directed-creation-no-hint',
    'sep-2663-legacy-task-param-ignored',
    'tasks-immediate-result-shortcut',
    'tasks-result-type-complete-on-non-task-responses',
    'sep-2663-durable-create-strong-consistency',
    'sep-2663-tasks-get-invalid-task-id-32602',
  ]),
  tasks('tasks-required-task-error', ['sep-2663-server-returns-missing-capability-when-required']),
  tasks('tasks-mrtr-composition', ['sep-2663-mrtr-synchronous-before-task-creation']),
  {
    scenario: 'input-required-result-basic-elicitation',
    checks: ['sep-2322-elicitation-incomplete'],
    subjects: ['legacy'],
    suites: ['all', '2026-07-28'],
    reason:
      'The check wants its question under the key "user_name"; a legacy process asks with a request, which has no key.',
  },
  {
    scenario: 'input-required-result-ignore-extra-params',
    checks: ['sep-2322-ignore-unexpected-params'],
    subjects: ['legacy'],
    suites: ['all', '2026-07-28'],
    reason:
      'The check sends answers without a requestState. The process that asked waits for them in the middle of its call, which only the state can name.',
  },
];
