// Handles the end of a legacy process, whatever its cause: everything that waits for it gets an error.
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import type { Liveness } from '../../core/liveness.ts';
import type { Effects } from '../effects.ts';
import { processExited, processSilent, startFailed } from '../faults.ts';
import type { OwnRequests } from '../own-requests.ts';
import type { ToolHeaders } from '../tool-headers.ts';
import type { LegacyCall } from './call.ts';
import type { LegacyCalls } from './calls.ts';
import type { LegacyPool, LegacyProcess } from './pool.ts';

/** The error for a start that failed: `description` completes "the server process …", `answered` is what the process said to `initialize`. */
export type StartError = (
  slot: number,
  description: string,
  answered?: Partial<ErrorObject>,
  goesOn?: boolean,
) => ErrorObject;

interface Parts {
  readonly effects: Effects;
  readonly own: OwnRequests;
  readonly pool: LegacyPool;
  readonly calls: LegacyCalls;
  readonly headers: ToolHeaders;
  readonly liveness: Liveness;
  readonly startError: StartError;
}

export class ProcessEnds {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** It runs, but was useless from the start; in the form that {@link StartError} takes. */
  unusable(
    process: LegacyProcess,
    description: string,
    answered?: Partial<ErrorObject>,
    goesOn?: boolean,
  ): void {
    const error = this.#parts.startError(process.slot, description, answered, goesOn);
    this.#stop(process.slot, `it ${description}`);
    this.#fail(process, () => error);
  }

  /** It no longer answers: calls that wait for it fail now, and the next request gets another process. */
  silent(slot: number, description: string): void {
    const process = this.#parts.pool.get(slot);
    if (!process) return;
    this.#stop(slot, `it ${description}`);
    this.#fail(process, ({ state }) => processSilent(description, state.kind !== 'placed'));
  }

  exited(slot: number, description: string): void {
    const { pool, startError } = this.#parts;
    pool.gone(slot);
    const process = pool.get(slot);
    if (!process) return;
    const hasStarted = process.about !== undefined;
    this.#fail(process, ({ state }) =>
      hasStarted
        ? processExited(description, state.kind !== 'placed')
        : startError(slot, description),
    );
  }

  evict(process: LegacyProcess): void {
    this.#stop(process.slot, 'another client needs its place');
    this.#fail(process, () => startFailed('gave way to another client'));
  }

  /** Ends processes that have not been used for long. */
  idle(now: number): void {
    const { pool } = this.#parts;
    for (const { slot } of pool.idle(now)) this.#stop(slot, 'it was idle for too long');
  }

  #stop(slot: number, reason: string): void {
    const { effects, pool } = this.#parts;
    pool.end(slot);
    this.#forget(slot);
    effects.stop(slot, reason);
  }

  #forget(slot: number): void {
    const { own, headers, liveness } = this.#parts;
    own.forget(slot);
    headers.forget(slot);
    liveness.forget(slot);
  }

  /** Answers all calls of a process that is gone; the next request starts another. */
  #fail(process: LegacyProcess, errorFor: (call: LegacyCall) => ErrorObject): void {
    const { pool, calls } = this.#parts;
    pool.remove(process.slot);
    this.#forget(process.slot);
    calls.failAll(process, errorFor);
  }
}
