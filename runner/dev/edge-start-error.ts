// Why the edge could not be started on this machine, and what to do about it.

/** A start that failed for a reason the operator can act on. */
export type EdgeStartReason =
  | 'workerd_missing'
  | 'port_in_use'
  | 'storage_in_use'
  | 'storage_unusable'
  | 'workerd_failed';

/** Thrown by `startLocalEdge` and by what opens its storage; the message is one for the terminal. */
export class EdgeStartError extends Error {
  override readonly name = 'EdgeStartError';
  readonly reason: EdgeStartReason;

  constructor(reason: EdgeStartReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
