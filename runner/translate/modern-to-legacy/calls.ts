// The calls of modern clients, from the request until nothing is owed for it any more. Finds them, and clears everything that refers
// to one that is over.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import type { Effects } from '../effects.ts';
import {
  slotOf,
  type CallState,
  type CallThat,
  type Cancelled,
  type LegacyCall,
  type Parked,
  type Running,
  type Waiting,
} from './call.ts';
import type { InputRequests } from './input-requests.ts';
import type { LegacyPool, LegacyProcess } from './pool.ts';
import type { ReturningCalls } from './returning-calls.ts';
import type { Subscriptions } from './subscriptions.ts';

interface Parts {
  readonly effects: Effects;
  readonly pool: LegacyPool;
  readonly inputRequests: InputRequests;
  readonly returning: ReturningCalls;
  readonly subscriptions: Subscriptions;
}

export class LegacyCalls {
  readonly #parts: Parts;
  readonly #byId = new Map<BridgeRequestId, LegacyCall>();
  /** Calls without a process, in order. */
  #line: CallThat<Waiting>[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  add(call: CallThat<Waiting>): void {
    this.#byId.set(call.bridgeId, call);
    this.#line.push(call);
  }

  all(): Iterable<LegacyCall> {
    return this.#byId.values();
  }

  /** `assign` gives a call its process; false if the call has to wait. */
  advance(assign: (call: CallThat<Waiting>) => boolean): void {
    if (this.#line.length > 0) this.#line = this.#line.filter((call) => !assign(call));
  }

  /** The call that a process at `slot` answers under this id. */
  answered(slot: number, bridgeId: BridgeRequestId | undefined): LegacyCall | undefined {
    const call = bridgeId === undefined ? undefined : this.#byId.get(bridgeId);
    return call && isOwed(call.state) && call.state.slot === slot ? call : undefined;
  }

  /** The call for which the client waits under this id. */
  waitingAs(bridgeId: BridgeRequestId): LegacyCall | undefined {
    for (const call of this.#byId.values()) {
      const { kind } = call.state;
      const isWaiting = kind !== 'parked' && kind !== 'cancelled';
      if (isWaiting && call.client.bridgeId === bridgeId) return call;
    }
    return undefined;
  }

  /** The ids of the calls that the process at `slot` owes an answer to, whether or not anybody wants it; listens have none to come. */
  owed(slot: number): BridgeRequestId[] {
    const calls = [...(this.#parts.pool.get(slot)?.calls ?? [])];
    return calls.flatMap(({ state, bridgeId }) => (isOwed(state) ? [bridgeId] : []));
  }

  /** Whether {@link owed} has this id. */
  owes(slot: number, bridgeId: BridgeRequestId): boolean {
    return this.answered(slot, bridgeId) !== undefined;
  }

  /** A call is over. */
  release(call: LegacyCall, now: number): void {
    const { pool, inputRequests, returning, subscriptions } = this.#parts;
    this.#byId.delete(call.bridgeId);
    if (this.#line.length > 0) this.#line = this.#line.filter((other) => other !== call);
    returning.take(call);
    inputRequests.drop(call);
    subscriptions.close(call);
    const process = pool.get(slotOf(call));
    if (!process?.calls.delete(call)) return;
    process.idleSince = now;
    if (call.state.kind === 'cancelled') inputRequests.muddled(process, call);
  }

  /** Answers all calls of a process that is gone. */
  failAll(process: LegacyProcess, errorFor: (call: LegacyCall) => ErrorObject): void {
    const { effects, inputRequests, returning, subscriptions } = this.#parts;
    for (const call of process.calls) {
      const client = returning.take(call);
      if (client) effects.fail(client.bridgeId, errorFor(call));
      this.#byId.delete(call.bridgeId);
      inputRequests.drop(call);
      if (subscriptions.end(call)) continue;
      if (call.state.kind === 'running' || call.state.kind === 'placed') {
        effects.fail(call.client.bridgeId, errorFor(call));
      }
    }
    process.calls.clear();
  }
}

/** The process was sent the call, and has not answered it. */
const isOwed = (state: CallState): state is Running | Parked | Cancelled =>
  state.kind === 'running' ||
  state.kind === 'cancelled' ||
  (state.kind === 'parked' && !state.answer);
