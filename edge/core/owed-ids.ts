// Which ids of requests a worker was told are owed on its HTTP+SSE stream (`owes`), so that none is revived that was answered:
// the actor tells the same ids again to whoever follows anew, and may tell one behind its answer.
import { EVENTS_IN_FRAME, OWED_IDS } from '../../shared/link/sizes.ts';

export class OwedIds {
  /** Those told last. The actor tells in one order and repeats the last, so what it repeats is among these, or was never told here. */
  readonly #told = new Set<string>();
  /** Answered before they were told. The actor tells them in the same breath, behind the frame with their answers. */
  readonly #early = new Set<string>();

  /** The ids among these that are owed from now on. */
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

/** Lets go of the oldest until so many are left. */
function keep(ids: Set<string>, most: number): void {
  for (const oldest of ids) {
    if (ids.size <= most) return;
    ids.delete(oldest);
  }
}
