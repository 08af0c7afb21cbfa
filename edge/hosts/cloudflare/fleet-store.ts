// The fleet's books in the SQLite of its Durable Object.
import { FLEET_SCHEMA, FleetTables } from '../../core/fleet-tables.ts';

export function durableFleetStore(ctx: DurableObjectState): FleetTables {
  const { storage } = ctx;
  storage.sql.exec(FLEET_SCHEMA);
  const rows = <Row>(query: string, ...values: readonly (string | number)[]): Row[] =>
    storage.sql.exec(query, ...values).toArray() as Row[];
  return new FleetTables({ rows, write: rows }, (at) => {
    // A wake-up too many does nothing.
    if (at !== undefined) ctx.waitUntil(storage.setAlarm(at));
  });
}
