// The calls of modern clients that wait for their turn on a legacy process: how many there may be, how large, and for how long.
import { faultError } from '../../../shared/fault.ts';
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { earliest } from '../../../shared/dues.ts';
import type { ClientCall } from '../client-call.ts';
import { MAX_WAITING } from '../faults.ts';
import type { LegacyCall } from './call.ts';
import type { LegacyCalls } from './calls.ts';
import type { LegacyPool } from './pool.ts';

/** Bytes that they may hold together: four of the largest messages. */
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** How long a call waits for its turn: most clients give up sooner. */
const WAIT_MS = 120_000;

/** The share of a request's time that it may wait: a request that was not sent must get another error than one that was. */
const WAIT_SHARE = 0.9;

export const waitedInVain = (): ErrorObject =>
  faultError({
    fault: 'overloaded',
    message: `The request waited too long behind others that may ask their client for input, and was not sent. Try again when some of them are answered. If the server keeps no state, its calls can run side by side: set "stateless": true in its "bridge" block.`,
  });

export class WaitingCalls {
  /** All calls, including the waiting ones. */
  readonly #calls: LegacyCalls;
  readonly #pool: LegacyPool;
  readonly #waitMs: number;

  /** `requestTimeoutMs`: how long a request may go without an answer. */
  constructor(calls: LegacyCalls, pool: LegacyPool, requestTimeoutMs: number) {
    this.#calls = calls;
    this.#pool = pool;
    this.#waitMs = Math.min(WAIT_MS, requestTimeoutMs * WAIT_SHARE);
  }

  /** The time until which a call that comes now may wait. */
  until(now: number): number {
    return now + this.#waitMs;
  }

  /** Bytes count too: a few calls may be as large as many others. */
  isFull({ bytes }: ClientCall): boolean {
    const waiting = this.#all();
    const waitingBytes = waiting.reduce((sum, call) => sum + call.bytes.length, bytes.length);
    return waiting.length >= MAX_WAITING || waitingBytes > MAX_WAITING_BYTES;
  }

  /** Calls whose turn did not come in time. Waiting for a start has its own bound. */
  inVain(now: number): LegacyCall[] {
    return this.#ofRunning().filter(({ waitsUntil }) => waitsUntil <= now);
  }

  /** When one of them has waited for too long. */
  get inVainAt(): number | undefined {
    return earliest(this.#ofRunning().map(({ waitsUntil }) => waitsUntil));
  }

  /** When one of them gets its turn. */
  get turnAt(): number | undefined {
    return earliest(this.#ofRunning().map(({ turnAt }) => turnAt));
  }

  #ofRunning(): LegacyCall[] {
    return this.#all().filter((call) => !this.#isStarting(call));
  }

  #all(): LegacyCall[] {
    return [...this.#calls.all()].filter(({ state }) => state === 'waiting' || state === 'placed');
  }

  #isStarting({ slot }: LegacyCall): boolean {
    const process = this.#pool.get(slot);
    return process !== undefined && process.about === undefined;
  }
}
