// One timer for all an actor waits for while it is awake. A pending timer keeps a Durable Object from hibernating, so one that
// nobody needs is cleared; one that fires too early only has its owner look again.

export class ActorTimer {
  readonly #fire: () => void;
  #armed: { readonly at: number; readonly id: ReturnType<typeof setTimeout> } | undefined;

  constructor(fire: () => void) {
    this.#fire = fire;
  }

  /** Fires at `at` (ms since the epoch) or earlier; undefined: not at all. */
  arm(at: number | undefined): void {
    if (at !== undefined && this.#armed && this.#armed.at <= at) return;
    if (this.#armed) clearTimeout(this.#armed.id);
    this.#armed = undefined;
    if (at === undefined) return;
    const id = setTimeout(
      () => {
        this.#armed = undefined;
        this.#fire();
      },
      Math.max(0, at - Date.now()),
    );
    this.#armed = { at, id };
  }
}
