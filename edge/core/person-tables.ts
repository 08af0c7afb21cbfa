// People and who of them is blocked, as tables of SQLite: a part of the access actor's storage.
import type { Sql } from './fleet-tables.ts';
import type { BlockedPerson, Person, PersonStore } from './person-ports.ts';

/** Makes the tables where they are missing. What is known of a person is JSON. */
export const PERSON_SCHEMA = `
  CREATE TABLE IF NOT EXISTS people (person TEXT PRIMARY KEY, facts TEXT NOT NULL, seen_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS blocked (person TEXT PRIMARY KEY, facts TEXT NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;`;

interface BlockedRow {
  readonly facts: string;
  readonly since: number;
}

const read = ({ facts, since }: BlockedRow): BlockedPerson => ({
  person: JSON.parse(facts) as Person,
  since,
});

export class PersonTables implements PersonStore {
  readonly #sql: Sql;

  /** The tables are there. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  person(id: string): Person | undefined {
    const query = 'SELECT facts FROM people WHERE person = ?';
    const [row] = this.#sql.rows<{ facts: string }>(query, id);
    return row && (JSON.parse(row.facts) as Person);
  }

  putPerson(person: Person, seenAt: number): void {
    const row = [person.id, JSON.stringify(person), seenAt];
    this.#sql.write('INSERT OR REPLACE INTO people VALUES (?, ?, ?)', ...row);
  }

  dropPeople(): void {
    this.#sql.write(
      'DELETE FROM people WHERE NOT EXISTS (SELECT 1 FROM grants WHERE grants.person = people.person)',
    );
  }

  blockedPerson(id: string): BlockedPerson | undefined {
    const query = 'SELECT facts, since FROM blocked WHERE person = ?';
    return this.#sql.rows<BlockedRow>(query, id).map(read)[0];
  }

  blockedPeople(): BlockedPerson[] {
    const query = 'SELECT facts, since FROM blocked ORDER BY since, person';
    return this.#sql.rows<BlockedRow>(query).map(read);
  }

  countBlocked(): number {
    return this.#sql.rows<{ n: number }>('SELECT count(*) AS n FROM blocked')[0]?.n ?? 0;
  }

  putBlocked({ person, since }: BlockedPerson): void {
    const row = [person.id, JSON.stringify(person), since];
    this.#sql.write('INSERT OR REPLACE INTO blocked VALUES (?, ?, ?)', ...row);
  }

  removeBlocked(id: string): void {
    this.#sql.write('DELETE FROM blocked WHERE person = ?', id);
  }
}
