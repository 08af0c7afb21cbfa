// The simulated access actor. It hosts edge/core/access.ts on its own tables in SQLite, and can die between any two of a step's
// statements, or after the step and before its answer. What memory it had is gone then, and it comes back on another machine.
import type { DatabaseSync } from 'node:sqlite';

import type { AccessSteps } from '../../edge/core/access-ports.ts';
import { AccessTables } from '../../edge/core/access-tables.ts';
import type { Sql } from '../../edge/core/fleet-tables.ts';
import { memoryDatabase } from '../fixtures/memory-access.ts';
import type { Chance } from './clock.ts';
import type { Rules } from './rules.ts';

/** The clocks of two machines differ by less than twice this. */
const SKEW_MS = 450;

/** Most steps take fewer statements. */
const MOST_STATEMENTS = 8;

class Death extends Error {}

/** What the actor does: its step's answer once that is on disk, also when nobody hears it. */
export type Kept = <Name extends keyof AccessSteps>(
  name: Name,
  input: Parameters<AccessSteps[Name]>[0],
  answer: ReturnType<AccessSteps[Name]>,
) => void;

export class AccessNode {
  readonly db: DatabaseSync;
  readonly #rules: Rules;
  readonly #chance: Chance;
  readonly #sql: Sql;
  #access: InstanceType<Rules['Access']>;
  #skewMs = 0;
  /** Statements after which it dies. */
  #left = Infinity;

  constructor(rules: Rules, chance: Chance) {
    const { db, sql } = memoryDatabase();
    this.db = db;
    this.#rules = rules;
    this.#chance = chance;
    this.#sql = {
      rows: (query, ...values) => {
        this.#count();
        return sql.rows(query, ...values);
      },
      write: (statement, ...values) => {
        this.#count();
        sql.write(statement, ...values);
      },
    };
    this.#access = this.#born();
  }

  /** The answer; undefined if the actor died of it, before the step was kept or after. */
  take<Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
    now: number,
    kept: Kept,
  ): ReturnType<AccessSteps[Name]> | undefined {
    const isDoomed = this.#chance.happens(0.2);
    this.#left = isDoomed ? this.#chance.between(0, MOST_STATEMENTS) : Infinity;
    this.db.exec('BEGIN');
    try {
      const answer = this.#access.take(name, input, now + this.#skewMs);
      this.db.exec('COMMIT');
      kept(name, input, answer);
      if (!isDoomed) return answer;
    } catch (error) {
      this.db.exec('ROLLBACK');
      if (!(error instanceof Death)) throw error;
    }
    this.evict();
    return undefined;
  }

  /** Its memory is gone. */
  evict(): void {
    this.#left = Infinity;
    this.#access = this.#born();
  }

  sweep(now: number): void {
    this.#access.sweep(now + this.#skewMs);
  }

  #born(): InstanceType<Rules['Access']> {
    this.#skewMs = this.#chance.between(-SKEW_MS, SKEW_MS);
    return new this.#rules.Access(new AccessTables(this.#sql, () => undefined));
  }

  #count(): void {
    if (this.#left === 0) throw new Death();
    this.#left -= 1;
  }
}
