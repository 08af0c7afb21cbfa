// The fleet's books in the SQLite of its Durable Object.
import { FLEET_SCHEMA, FleetTables } from '../../core/fleet-tables.ts';
import { sqlOf } from './sql.ts';

export function durableFleetStore(ctx: DurableObjectState): FleetTables {
  const { storage } = ctx;
  storage.sql.exec(FLEET_SCHEMA);
  return new FleetTables(sqlOf(ctx), (at) => {
    // A wake-up too many does nothing.
    if (at !== undefined) ctx.waitUntil(storage.setAlarm(at));
  });
}
