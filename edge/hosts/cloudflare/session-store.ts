// What a session keeps in the storage of its Durable Object. Storage that was never used is not touched: touching it would leave
// an empty file behind.
import type { LostSession, SessionStore } from '../../core/ports.ts';

const LOST = 'lost';

export class DurableSessionStore implements SessionStore {
  readonly #ctx: DurableObjectState;
  /** Storage is or was used in this life of the actor. What an earlier life left in it is read before it is cleared. */
  #isUsed = false;
  #cleared: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** Settles once everything cleared is gone from storage. */
  get cleared(): Promise<unknown> {
    return this.#cleared;
  }

  lost(): LostSession | undefined {
    return this.#used.kv.get<LostSession>(LOST);
  }

  keepLost(lost: LostSession): void {
    this.#used.kv.put(LOST, lost);
  }

  wakeAt(at: number | undefined): void {
    this.#ctx.waitUntil(at === undefined ? this.#used.deleteAlarm() : this.#used.setAlarm(at));
  }

  clear(): void {
    if (!this.#isUsed) return;
    this.#cleared = this.#used.deleteAll();
    this.#ctx.waitUntil(this.#cleared);
    this.#isUsed = false;
  }

  get #used(): DurableObjectStorage {
    this.#isUsed = true;
    return this.#ctx.storage;
  }
}
