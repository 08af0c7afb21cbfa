// Wakes session actors at the times in the database, including those that an earlier run of the program has set.
import type { ActorName } from '../../../shared/ids.ts';
import type { Database } from './database.ts';
import { Waker, type Wakers } from './wakers.ts';

export class Alarms {
  readonly #database: Database;
  readonly #timers: Wakers;
  readonly #wake: (actor: ActorName) => void;
  readonly #wakers = new Map<ActorName, Waker>();

  /** `wake`: an actor's time has come; it is no longer in the database. */
  constructor(database: Database, timers: Wakers, wake: (actor: ActorName) => void) {
    this.#database = database;
    this.#timers = timers;
    this.#wake = wake;
  }

  /** Sets the timers of what an earlier life has left. */
  start(): void {
    const query = 'SELECT actor, wake_at AS at FROM actors WHERE wake_at IS NOT NULL';
    for (const { actor, at } of this.#database.rows<{ actor: ActorName; at: number }>(query))
      this.set(actor, at);
  }

  /** The timer of an actor, in place of any other. Its row is the store's. */
  set(actor: ActorName, at: number | undefined): void {
    this.#wakers.delete(actor);
    if (at === undefined) return;
    const waker = new Waker(() => this.#fire(actor, waker));
    this.#wakers.set(actor, waker);
    this.#timers.arm(waker, at);
  }

  #fire(actor: ActorName, waker: Waker): void {
    if (this.#wakers.get(actor) !== waker) return;
    this.#wakers.delete(actor);
    this.#wake(actor);
  }
}
