// The ids that the bridge gives to the requests it passes on to a process.
import type { BridgeRequestId } from '../../shared/ids.ts';

/**
 * Ids from here on are for the bridge's own requests to a process, so that they never equal a client's. They are still integers of 31 bits, which every
 * SDK sends and every server can read.
 */
export const OWN_IDS_FROM = 2 ** 30;

export class RequestIds {
  #next = 1;
  #hasWrapped = false;

  /** True if a request with this id was ever sent to the process. */
  hasIssued(id: BridgeRequestId): boolean {
    const isOfRange = Number.isInteger(id) && id > 0 && id < OWN_IDS_FROM;
    return isOfRange && (this.#hasWrapped || id < this.#next);
  }

  /** An id for a request. Starts again when the range is used up, and skips ids in flight. */
  mint(inFlight: { has(id: number): boolean }): BridgeRequestId {
    do {
      if (this.#next >= OWN_IDS_FROM) {
        this.#next = 1;
        this.#hasWrapped = true;
      }
    } while (inFlight.has(this.#next++));
    return (this.#next - 1) as BridgeRequestId;
  }
}
