// The calls of modern clients that wait for their turn on a legacy process: how many there may be, how large, and for how long.
import { faultError } from '../../../shared/fault.ts';
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { earlier } from '../../../shared/dues.ts';
import type { ClientCall } from '../client-call.ts';
import type { Effects } from '../effects.ts';
import { MAX_WAITING } from '../faults.ts';
import type { CallThat, LegacyCall, Placed, Waiting } from './call.ts';
import type { LegacyCalls } from './calls.ts';
import type { LegacyPool } from './pool.ts';

/** Bytes that they may hold together: four of the largest messages. */
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** How long a call waits for its turn: most clients give up sooner. */
const WAIT_MS = 120_000;

/** The share of a request's time that it may wait: a request that was not sent must get another error than one that was. */
const WAIT_SHARE = 0.9;

const waitedInVain = (): ErrorObject =>
  faultError({
    fault: 'overloaded',
    message: `The request waited too long behind others that may ask their client for input, and was not sent. Try again when some of them are answered. If the server keeps no state, its calls can run side by side: set "stateless": true in its "bridge" block.`,
  });

interface Parts {
  readonly effects: Effects;
  readonly pool: LegacyPool;
  /** All calls, including the waiting ones. */
  readonly calls: LegacyCalls;
  /** `requestTimeoutMs`: how long a request may go without an answer. */
  readonly limits: { readonly requestTimeoutMs: number };
}

export class WaitingCalls {
  readonly #parts: Parts;
  readonly #waitMs: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#waitMs = Math.min(WAIT_MS, parts.limits.requestTimeoutMs * WAIT_SHARE);
  }

  /** The time until which a call that comes now may wait. */
  until(now: number): number {
    return now + this.#waitMs;
  }

  /** Bytes count too: a few calls may be as large as many others. */
  isFull({ message: { bytes } }: ClientCall): boolean {
    let count = 0;
    let waitingBytes = bytes.length;
    for (const call of this.#parts.calls.all()) {
      if (!isUnsent(call)) continue;
      count += 1;
      waitingBytes += call.state.bytes.length;
    }
    return count >= MAX_WAITING || waitingBytes > MAX_WAITING_BYTES;
  }

  /** Refuses the calls whose turn did not come in time. Waiting for a start has its own bound. */
  failInVain(now: number): void {
    const { effects, calls } = this.#parts;
    const all = [...calls.all()].filter((call) => this.#isOfRunning(call));
    for (const call of all) {
      if (call.state.waitsUntil > now) continue;
      effects.fail(call.client.bridgeId, waitedInVain());
      calls.release(call, now);
    }
  }

  /** When one of them has waited for too long. */
  get inVainAt(): number | undefined {
    let at: number | undefined;
    for (const call of this.#parts.calls.all())
      if (this.#isOfRunning(call)) at = earlier(at, call.state.waitsUntil);
    return at;
  }

  /** When one of them gets its turn. */
  get turnAt(): number | undefined {
    let at: number | undefined;
    for (const call of this.#parts.calls.all()) {
      const { state } = call;
      if (state.kind === 'placed' && this.#isOfRunning(call)) at = earlier(at, state.turnAt);
    }
    return at;
  }

  #isOfRunning(call: LegacyCall): call is CallThat<Waiting | Placed> {
    return isUnsent(call) && !this.#isStarting(call);
  }

  #isStarting({ state }: CallThat<Waiting | Placed>): boolean {
    const process = state.kind === 'placed' ? this.#parts.pool.get(state.slot) : undefined;
    return process !== undefined && process.about === undefined;
  }
}

const isUnsent = (call: LegacyCall): call is CallThat<Waiting | Placed> =>
  call.state.kind === 'waiting' || call.state.kind === 'placed';
