// Which request's answer was in a line that was too long to be read, on a process with several requests in flight. All of them are
// suspects; each that is answered is none. When there are as many left as answers were lost, those are the ones.
import type { BridgeRequestId } from '../../shared/ids.ts';

export class LostAnswers {
  #suspects = new Set<BridgeRequestId>();
  #lost = 0;

  /** A line was dropped while these were in flight. Returns those whose answers were lost, as far as that is certain. */
  lost(inFlight: readonly BridgeRequestId[]): BridgeRequestId[] {
    for (const id of inFlight) this.#suspects.add(id);
    this.#lost += 1;
    return this.#found();
  }

  /** A request has its answer, or needs none any more; what that tells of the others. */
  cleared(id: BridgeRequestId): BridgeRequestId[] {
    return this.#lost > 0 && this.#suspects.delete(id) ? this.#found() : [];
  }

  #found(): BridgeRequestId[] {
    if (this.#suspects.size > this.#lost) return [];
    const found = [...this.#suspects];
    this.#suspects = new Set();
    this.#lost = 0;
    return found;
  }
}
