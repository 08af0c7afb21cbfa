// Parked calls whose clients have come back with answers. They continue in turn, just as calls begin in turn.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { earlier } from '../../../shared/dues.ts';
import type { InputRequests } from './input-requests.ts';
import type { ClientCall } from '../client-call.ts';
import type { CallThat, LegacyCall, Parked, Running } from './call.ts';
import type { LegacyPool } from './pool.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import type { Turns } from './turns.ts';

interface Parts {
  readonly inputRequests: InputRequests;
  readonly pool: LegacyPool;
  readonly turns: Turns;
  /** The call goes on, and its process had answered it meanwhile. */
  readonly answered: (call: LegacyCall, answer: MessageView, now: number) => void;
  /** The call goes on, and its process had asked more meanwhile. */
  readonly asks: (call: CallThat<Running>, now: number) => void;
}

interface Returning {
  readonly call: CallThat<Parked>;
  /** The request with which its client came back. */
  readonly client: ClientCall;
  turnAt: number;
}

export class ReturningCalls {
  readonly #parts: Parts;
  readonly #byCall = new Map<LegacyCall, Returning>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A retry. If it belongs to no parked call, it is refused at once. */
  add(client: ClientCall, now: number): void {
    const call = this.#parts.inputRequests.claim(client, now);
    if (call) this.#byCall.set(call, { call, client, turnAt: 0 });
  }

  /** Calls whose turn has come go on. A call that has been answered meanwhile needs no turn. */
  proceed(now: number): void {
    const { inputRequests, pool, turns, answered, asks } = this.#parts;
    for (const returning of this.#byCall.values()) {
      const { call, client } = returning;
      const { slot, answer } = call.state;
      const process = pool.get(slot);
      returning.turnAt = process && !answer ? turns.mayResumeAt(process, call) : 0;
      if (returning.turnAt > now) continue;
      this.#byCall.delete(call);
      const resumed = inputRequests.resume(call, client);
      if (process) process.enteredAt = now;
      if (answer) answered(resumed, answer, now);
      else if (resumed.state.questions.length > 0) asks(resumed, now);
    }
  }

  /** The client left again; it may come back once more. */
  cancel(bridgeId: BridgeRequestId): void {
    for (const { call, client } of this.#byCall.values()) {
      if (client.bridgeId !== bridgeId) continue;
      this.#byCall.delete(call);
      call.state.isComing = false;
    }
  }

  /** The request that waits for a call that is over; undefined if there is none. */
  take(call: LegacyCall): ClientCall | undefined {
    const returning = this.#byCall.get(call);
    this.#byCall.delete(call);
    return returning?.client;
  }

  /** When the next call gets its turn. */
  get turnAt(): number | undefined {
    let at: number | undefined;
    for (const { turnAt } of this.#byCall.values()) at = earlier(at, turnAt);
    return at;
  }
}
