// The calls that wait for their clients' answers, each under a sealed state, for a limited time and in limited number.
import { earlier } from '../../../shared/dues.ts';
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { ClientCall } from '../client-call.ts';
import { moveTo, type CallThat, type LegacyCall, type Parked, type Running } from './call.ts';
import { openState, sealState, subjectOf, type Digest, type Sealer } from './request-state.ts';

/** Bytes of answers that may wait for their clients to come back: two of the longest lines. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

export interface ParkLimits {
  /** How long a call waits for the client's answers. */
  readonly parkTimeoutMs: number;
  readonly maxParked: number;
}

export interface ParkedCallsParts {
  readonly sealer: Sealer;
  readonly digest: Digest;
  readonly limits: ParkLimits;
}

export class ParkedCalls {
  readonly #parts: ParkedCallsParts;
  /** The oldest first. */
  readonly #byId = new Map<BridgeRequestId, CallThat<Parked>>();

  constructor(parts: ParkedCallsParts) {
    this.#parts = parts;
  }

  /** Parks a call, and gives the state by which its retry will name it. */
  add(call: CallThat<Running>, now: number): string {
    const { sealer, limits } = this.#parts;
    const { bridgeId, digest } = call;
    const expiresAt = now + limits.parkTimeoutMs;
    const sealed = sealState(sealer, { bridgeId, digest, expiresAt });
    const parked: Parked = {
      ...call.state,
      kind: 'parked',
      sealed,
      expiresAt,
      isComing: false,
      answer: undefined,
    };
    this.#byId.set(bridgeId, moveTo(call, parked));
    return sealed;
  }

  remove(call: LegacyCall): void {
    this.#byId.delete(call.bridgeId);
  }

  /** The parked call that a retry belongs to: the state must be the last one sent, and the request the same. */
  claimed(client: ClientCall, now: number): CallThat<Parked> | undefined {
    const { sealer, digest } = this.#parts;
    const sealed = client.message.parsed('params', 'requestState');
    const opened = openState(sealer, sealed);
    const call = opened && this.#byId.get(opened.bridgeId);
    if (!opened || !call || call.state.isComing || call.state.sealed !== sealed) return undefined;
    if (opened.expiresAt <= now) return undefined;
    return opened.digest === digest(subjectOf(client.message)) ? call : undefined;
  }

  /** Parked calls whose client did not come back, and the oldest ones if there are too many or they hold too much. */
  forsaken(now: number): CallThat<Parked>[] {
    const all = this.#forsakable;
    const tooMany = all.length - this.#parts.limits.maxParked;
    let keptBytes = all.reduce((sum, call) => sum + keptBytesOf(call), 0);
    return all.filter((call, age) => {
      const isOver = keptBytesOf(call) > 0 && keptBytes > MAX_KEPT_BYTES;
      if (isOver) keptBytes -= keptBytesOf(call);
      return isOver || age < tooMany || call.state.expiresAt <= now;
    });
  }

  /** When the next of them has waited for too long. */
  get forsakenAt(): number | undefined {
    let at: number | undefined;
    for (const { state } of this.#byId.values())
      if (!state.isComing) at = earlier(at, state.expiresAt);
    return at;
  }

  /** Those whose client has not come back yet, the oldest first. */
  get #forsakable(): CallThat<Parked>[] {
    return [...this.#byId.values()].filter(({ state }) => !state.isComing);
  }
}

const keptBytesOf = ({ state: { answer } }: CallThat<Parked>): number => answer?.bytes.length ?? 0;
