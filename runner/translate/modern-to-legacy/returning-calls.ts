// Parked calls whose clients have come back with answers. They continue in turn, just as calls begin in turn.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { earliest } from '../../../shared/dues.ts';
import type { InputRequests } from './input-requests.ts';
import type { ClientCall } from '../client-call.ts';
import type { LegacyCall } from './call.ts';
import type { LegacyPool } from './pool.ts';
import type { Turns } from './turns.ts';

interface Parts {
  readonly inputRequests: InputRequests;
  readonly pool: LegacyPool;
  readonly turns: Turns;
  /** The call runs again. */
  readonly resumed: (call: LegacyCall, now: number) => void;
}

export class ReturningCalls {
  readonly #parts: Parts;
  /** By call: the request with which its client came back. */
  readonly #clients = new Map<LegacyCall, ClientCall>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A retry. If it belongs to no parked call, it is refused at once. */
  add(client: ClientCall, now: number): void {
    const call = this.#parts.inputRequests.claim(client, now);
    if (call) this.#clients.set(call, client);
  }

  /** Calls whose turn has come go on. A call that has been answered meanwhile needs no turn. */
  proceed(now: number): void {
    const { inputRequests, pool, turns, resumed } = this.#parts;
    for (const [call, client] of this.#clients) {
      const process = pool.get(call.slot);
      call.turnAt = process && !call.answer ? turns.mayResumeAt(process, call) : 0;
      if (call.turnAt > now) continue;
      this.#clients.delete(call);
      inputRequests.resume(call, client, now);
      if (process) process.enteredAt = now;
      resumed(call, now);
    }
  }

  /** The client left again; it may come back once more. */
  cancel(bridgeId: BridgeRequestId): void {
    for (const [call, client] of this.#clients) {
      if (client.bridgeId !== bridgeId) continue;
      this.#clients.delete(call);
      call.isComing = false;
    }
  }

  /** The request that waits for a call that is over; undefined if there is none. */
  take(call: LegacyCall): ClientCall | undefined {
    const client = this.#clients.get(call);
    this.#clients.delete(call);
    return client;
  }

  /** When the next call gets its turn. */
  get turnAt(): number | undefined {
    return earliest([...this.#clients.keys()].map(({ turnAt }) => turnAt));
  }
}
