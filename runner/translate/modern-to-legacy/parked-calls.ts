// The calls that wait for their clients' answers, each under a sealed state, for a limited time and in limited number.
import { earliest } from '../../../shared/dues.ts';
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { parsedAt } from '../../../shared/jsonrpc/members.ts';
import type { ClientCall } from '../client-call.ts';
import type { LegacyCall } from './call.ts';
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
  readonly #byId = new Map<BridgeRequestId, LegacyCall>();

  constructor(parts: ParkedCallsParts) {
    this.#parts = parts;
  }

  /** Parks a call, and gives the state by which its retry will name it. */
  add(call: LegacyCall, now: number): string {
    const { sealer, limits } = this.#parts;
    const { bridgeId, digest } = call;
    const expiresAt = now + limits.parkTimeoutMs;
    const sealed = sealState(sealer, { bridgeId, digest, expiresAt });
    call.state = 'parked';
    call.parked = { sealed, expiresAt };
    this.#byId.set(bridgeId, call);
    return sealed;
  }

  remove(call: LegacyCall): void {
    this.#byId.delete(call.bridgeId);
    call.parked = undefined;
  }

  /** The parked call that a retry belongs to: the state must be the last one sent, and the request the same. */
  claimed(client: ClientCall, now: number): LegacyCall | undefined {
    const { sealer, digest } = this.#parts;
    const sealed = parsedAt(client.bytes, 'params', 'requestState');
    const state = openState(sealer, sealed);
    const call = state && this.#byId.get(state.bridgeId);
    if (!state || !call || call.isComing || call.parked?.sealed !== sealed) return undefined;
    if (state.expiresAt <= now) return undefined;
    return state.digest === digest(subjectOf(client.bytes)) ? call : undefined;
  }

  /** Parked calls whose client did not come back, and the oldest ones if there are too many or they hold too much. */
  forsaken(now: number): LegacyCall[] {
    const all = [...this.#byId.values()].filter(({ isComing }) => !isComing);
    const tooMany = all.length - this.#parts.limits.maxParked;
    let keptBytes = all.reduce((sum, call) => sum + keptBytesOf(call), 0);
    return all.filter((call, age) => {
      const isOver = keptBytesOf(call) > 0 && keptBytes > MAX_KEPT_BYTES;
      if (isOver) keptBytes -= keptBytesOf(call);
      return isOver || age < tooMany || (call.parked?.expiresAt ?? now) <= now;
    });
  }

  /** When the next of them has waited for too long. */
  get forsakenAt(): number | undefined {
    const waiting = [...this.#byId.values()].filter(({ isComing }) => !isComing);
    return earliest(waiting.map(({ parked }) => parked?.expiresAt));
  }
}

const keptBytesOf = ({ answer }: LegacyCall): number => answer?.bytes.length ?? 0;
