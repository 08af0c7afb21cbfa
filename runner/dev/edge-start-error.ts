// Why the edge could not be started on this machine, and what to do about it.
import { problemText, type Problem } from '../../shared/problem.ts';

/** A start that failed for a reason the operator can act on. */
export type EdgeStartReason =
  | 'workerd_missing'
  | 'port_in_use'
  | 'storage_in_use'
  | 'storage_unusable'
  | 'tls_unusable'
  | 'workerd_failed';

/** Thrown by `startLocalEdge` and by what opens its storage. */
export class EdgeStartError extends Error {
  override readonly name = 'EdgeStartError';
  readonly reason: EdgeStartReason;
  readonly problem: Problem;

  constructor(reason: EdgeStartReason, problem: Problem) {
    super(problemText(problem));
    this.reason = reason;
    this.problem = problem;
  }
}
