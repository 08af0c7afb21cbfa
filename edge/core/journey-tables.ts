// Journeys as a table of SQLite: a part of the access actor's storage.
import type { SecretDigest } from './credential-ports.ts';
import type { Sql } from './fleet-tables.ts';
import type { JourneyRow, JourneyStore } from './journey-ports.ts';

/** Makes the table where it is missing. */
export const JOURNEY_SCHEMA = `
  CREATE TABLE IF NOT EXISTS journeys (state TEXT PRIMARY KEY, browser TEXT NOT NULL, sealed TEXT NOT NULL, network TEXT NOT NULL,
    started_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS journeys_by_network ON journeys (network, started_at);`;

export class JourneyTables implements JourneyStore {
  readonly #sql: Sql;

  /** The table is there. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  journey(state: SecretDigest): JourneyRow | undefined {
    const query =
      'SELECT state, browser, sealed, network, started_at AS startedAt FROM journeys WHERE state = ?';
    return this.#sql.rows<JourneyRow>(query, state)[0];
  }

  putJourney({ state, browser, sealed, network, startedAt }: JourneyRow): void {
    const row = [state, browser, sealed, network, startedAt];
    this.#sql.write('INSERT OR REPLACE INTO journeys VALUES (?, ?, ?, ?, ?)', ...row);
  }

  removeJourney(state: SecretDigest): void {
    this.#sql.write('DELETE FROM journeys WHERE state = ?', state);
  }

  dropJourneysBefore(startedAt: number): void {
    this.#sql.write('DELETE FROM journeys WHERE started_at < ?', startedAt);
  }

  countJourneys(): number {
    return this.#sql.rows<{ n: number }>('SELECT count(*) AS n FROM journeys')[0]?.n ?? 0;
  }

  oldestOfBusiest(): SecretDigest | undefined {
    const busiest =
      'SELECT network FROM journeys GROUP BY network ORDER BY count(*) DESC, network LIMIT 1';
    const query = `SELECT state FROM journeys WHERE network = (${busiest}) ORDER BY started_at, state LIMIT 1`;
    return this.#sql.rows<{ state: string }>(query)[0]?.state;
  }
}
