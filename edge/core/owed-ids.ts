// The request ids a worker was told are owed on its HTTP+SSE stream (`owes`), kept so that an answered request is not counted as
// owed again: the actor repeats the ids to each new follower, and may send an id after its answer.
import { EVENTS_IN_FRAME, OWED_IDS } from '../../shared/link/sizes.ts';

export class OwedIds {
  /** The last ids received. The actor repeats its last ids in the same order, so a repeated id is among these or is new here. */
  readonly #told = new Set<string>();
  /** Answered before they were announced: the actor sends them right after the frame with their answers. */
  readonly #early = new Set<string>();

  /** Returns those of the ids that are owed from now on. */
  told(ids: readonly string[]): string[] {
    const owed: string[] = [];
    for (const id of ids) {
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      if (!this.#early.delete(id)) owed.push(id);
    }
    keep(this.#told, OWED_IDS);
    return owed;
  }

  answered(id: string): void {
    if (this.#told.has(id)) return;
    this.#early.add(id);
    keep(this.#early, EVENTS_IN_FRAME);
  }
}

/** Drops the oldest until `most` are left. */
function keep(ids: Set<string>, most: number): void {
  for (const oldest of ids) {
    if (ids.size <= most) return;
    ids.delete(oldest);
  }
}
