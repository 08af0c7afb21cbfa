// Quotas as a table of SQLite: a part of the access actor's storage.
import type { Sql } from './fleet-tables.ts';
import type { QuotaDue, QuotaStore } from './quota-ports.ts';

/** Makes the table where it is missing. */
export const QUOTA_SCHEMA = `
  CREATE TABLE IF NOT EXISTS quotas (key TEXT PRIMARY KEY, due_by REAL NOT NULL) STRICT, WITHOUT ROWID;`;

export class QuotaTables implements QuotaStore {
  readonly #sql: Sql;

  /** The table is there. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  quotaDue(key: string): number | undefined {
    const query = 'SELECT due_by AS dueBy FROM quotas WHERE key = ?';
    return this.#sql.rows<{ dueBy: number }>(query, key)[0]?.dueBy;
  }

  putQuotaDue({ key, dueBy }: QuotaDue): void {
    this.#sql.write('INSERT OR REPLACE INTO quotas VALUES (?, ?)', key, dueBy);
  }

  dropQuotasBefore(now: number): void {
    this.#sql.write('DELETE FROM quotas WHERE due_by <= ?', now);
  }
}
