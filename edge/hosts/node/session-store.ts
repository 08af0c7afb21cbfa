// What a session keeps in the database while its runner is away: one row for an actor, none for one that has nothing to keep.
import type { LostSession, SessionStore } from '../../core/ports.ts';
import type { ActorName } from '../../../shared/ids.ts';
import type { Alarms } from './alarms.ts';
import type { Database } from './database.ts';

interface Row {
  readonly lost: string | null;
}

export class NodeSessionStore implements SessionStore {
  readonly #actor: ActorName;
  readonly #database: Database;
  readonly #alarms: Alarms;

  constructor(actor: ActorName, database: Database, alarms: Alarms) {
    this.#actor = actor;
    this.#database = database;
    this.#alarms = alarms;
  }

  lost(): LostSession | undefined {
    const lost = this.#row()?.lost;
    return typeof lost === 'string' ? (JSON.parse(lost) as LostSession) : undefined;
  }

  keepLost(lost: LostSession): void {
    this.#put('lost', JSON.stringify(lost));
  }

  wakeAt(at: number | undefined): void {
    this.#put('wake_at', at ?? null);
    this.#alarms.set(this.#actor, at);
  }

  clear(): void {
    this.#database.write('DELETE FROM actors WHERE actor = ?', this.#actor);
    this.#alarms.set(this.#actor, undefined);
  }

  #row(): Row | undefined {
    const query = 'SELECT lost FROM actors WHERE actor = ?';
    return this.#database.rows<Row>(query, this.#actor)[0];
  }

  #put(column: 'lost' | 'wake_at', value: string | number | null): void {
    this.#database.write(
      `INSERT INTO actors (actor, ${column}) VALUES (?1, ?2) ON CONFLICT (actor) DO UPDATE SET ${column} = ?2`,
      this.#actor,
      value,
    );
  }
}
