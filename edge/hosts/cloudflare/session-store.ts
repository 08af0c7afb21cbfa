// What a session keeps in the storage of its Durable Object. Storage that was never used is not touched: touching it would leave
// an empty file behind.
import type { LostSession, SessionStore } from '../../core/ports.ts';

const LOST = 'lost';
const REVISION = 'revision';

export class DurableSessionStore implements SessionStore {
  readonly #ctx: DurableObjectState;
  /** Storage is or was used, or that is not remembered. */
  #isUsed: boolean;
  #cleared: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, isUsed: boolean) {
    this.#ctx = ctx;
    this.#isUsed = isUsed;
  }

  /** Settles once everything cleared is gone from storage. */
  get cleared(): Promise<unknown> {
    return this.#cleared;
  }

  lost(): LostSession | undefined {
    return this.#used.kv.get<LostSession>(LOST);
  }

  keepLost(lost: LostSession | undefined): void {
    if (lost) this.#used.kv.put(LOST, lost);
    else this.#used.kv.delete(LOST);
  }

  revision(): string | undefined {
    return this.#used.kv.get<string>(REVISION);
  }

  keepRevision(revision: string): void {
    this.#ctx.waitUntil(this.#used.put(REVISION, revision, { allowUnconfirmed: true }));
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
