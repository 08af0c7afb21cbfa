// One timer for everything an actor waits for while awake. A pending timer keeps a Durable Object from hibernating, so an
// unneeded timer is cleared; if it fires too early, its owner only checks again.

export class ActorTimer {
  readonly #fire: () => void;
  #armed: { readonly at: number; readonly id: ReturnType<typeof setTimeout> } | undefined;

  constructor(fire: () => void) {
    this.#fire = fire;
  }

  /** Fires at `at` (ms since the epoch) or earlier; undefined: never. */
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
