// Wakes session actors at the times that stand in the database, those that an earlier life of the program has set as well.
import type { ActorName } from '../../../shared/ids.ts';
import type { Database } from './database.ts';
import { Due, type DueQueue } from './due-queue.ts';

export class Alarms {
  readonly #database: Database;
  readonly #queue: DueQueue;
  readonly #wake: (actor: ActorName) => void;
  readonly #dues = new Map<ActorName, Due>();

  /** `wake`: an actor's time has come; it is no longer in the database. */
  constructor(database: Database, queue: DueQueue, wake: (actor: ActorName) => void) {
    this.#database = database;
    this.#queue = queue;
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
    this.#dues.delete(actor);
    if (at === undefined) return;
    const due = new Due(() => this.#fire(actor, due));
    this.#dues.set(actor, due);
    this.#queue.arm(due, at);
  }

  #fire(actor: ActorName, due: Due): void {
    if (this.#dues.get(actor) !== due) return;
    this.#dues.delete(actor);
    this.#wake(actor);
  }
}
