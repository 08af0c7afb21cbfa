// The access actor: the one Durable Object that hosts core/access. It owns the storage, a clock and an alarm, and no rules.
import { DurableObject } from 'cloudflare:workers';
import { Access } from '../../core/access.ts';
import { ACCESS_SCHEMA, AccessTables } from '../../core/access-tables.ts';
import type { AccessSteps } from '../../core/access-ports.ts';
import type { Env } from './env.ts';
import type { AccessRpc } from './rpc.ts';
import { sqlOf } from './sql.ts';

export class AccessActor extends DurableObject<Env> implements AccessRpc {
  readonly #access = new Access(durableAccessStore(this.ctx));

  take<Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
  ): ReturnType<AccessSteps[Name]> {
    return this.ctx.storage.transactionSync(() => this.#access.take(name, input, Date.now()));
  }

  override alarm(): void {
    this.ctx.storage.transactionSync(() => this.#access.sweep(Date.now()));
  }
}

/** The tables in the SQLite of the Durable Object. */
export function durableAccessStore(ctx: DurableObjectState): AccessTables {
  ctx.storage.sql.exec(ACCESS_SCHEMA);
  return new AccessTables(sqlOf(ctx), (at) => ctx.waitUntil(ctx.storage.setAlarm(at)));
}
