// The SQLite of a Durable Object as the tables of core see it.
import type { Sql } from '../../core/fleet-tables.ts';

export function sqlOf({ storage }: DurableObjectState): Sql {
  const rows = <Row>(query: string, ...values: readonly (string | number | null)[]): Row[] =>
    storage.sql.exec(query, ...values).toArray() as Row[];
  return { rows, write: rows };
}
