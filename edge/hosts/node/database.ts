// The one database of an edge on Node: what must outlive the program. Each step of an actor is one transaction, so its writes are
// kept all together or not at all, and before those of the next step.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { ACCESS_SCHEMA } from '../../core/access-tables.ts';
import { FLEET_SCHEMA } from '../../core/fleet-tables.ts';
import { openSqlite } from './sqlite.ts';

/** Counts changes of {@link SCHEMA}; a newer one than ours is not touched. */
const SCHEMA_VERSION = 1;

/** The fleet's books, those of the access actor, and `actors` with a row for each session actor that has something to keep; the others have none. */
const SCHEMA = `${FLEET_SCHEMA}${ACCESS_SCHEMA}
  CREATE TABLE IF NOT EXISTS actors (actor TEXT PRIMARY KEY, lost TEXT, wake_at INTEGER) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};`;

/** Why a database cannot be used. */
export type DatabaseProblem = 'in_use' | 'newer' | 'full' | 'unusable';

/** Thrown by {@link Database.open}; the message says what is wrong with the file. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly problem: DatabaseProblem;

  constructor(problem: DatabaseProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.problem = problem;
  }
}

/** SQLite's result code for a file that another program has locked (sqlite.org, "Result Codes"). */
const SQLITE_BUSY = 5;

/** The same for a disk without room. */
const SQLITE_FULL = 13;

/** A value of a column. */
export type Value = string | number | null;

export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isWriting = false;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens the file, or makes it, for this program alone. A killed program's lock is gone with it. Throws {@link DatabaseError}.
   *
   * The log is handed to the system at each commit and to the disk now and then: what was committed survives the end of the program
   * however it ends, and a loss of power may take the last moments, but never a part of a step.
   */
  static async open(path: string): Promise<Database> {
    let db: DatabaseSync | undefined;
    try {
      db = await openSqlite(path);
      db.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL',
      );
      const { user_version: version } = db.prepare('PRAGMA user_version').get() as {
        user_version: number;
      };
      if (version > SCHEMA_VERSION)
        throw new DatabaseError('newer', `${path} was written by a newer mcp-bridge`);
      db.exec(SCHEMA);
      return new Database(db);
    } catch (error) {
      db?.close();
      throw asDatabaseError(path, error);
    }
  }

  /** Does the work of one step. If it throws, nothing of it is kept. */
  step<T>(work: () => T): T {
    try {
      const result = work();
      if (this.#isWriting) this.#db.exec('COMMIT');
      this.#isWriting = false;
      return result;
    } catch (error) {
      if (this.#isWriting) this.#rollback();
      this.#isWriting = false;
      throw error;
    }
  }

  /** Rows of a query. */
  rows<Row>(query: string, ...values: readonly Value[]): Row[] {
    return this.#statement(query).all(...(values as SQLInputValue[])) as Row[];
  }

  /** Changes rows, in the transaction of the step; returns how many. */
  write(statement: string, ...values: readonly Value[]): number {
    if (!this.#isWriting) this.#db.exec('BEGIN IMMEDIATE');
    this.#isWriting = true;
    return Number(this.#statement(statement).run(...(values as SQLInputValue[])).changes);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #rollback(): void {
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      // After some errors, such as a full disk, SQLite has rolled back by itself.
    }
  }

  #statement(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

function asDatabaseError(path: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = (error as { readonly errcode?: number }).errcode ?? 0;
  if (code === SQLITE_BUSY)
    return new DatabaseError('in_use', `${path} is used by another edge`, error);
  if (code === SQLITE_FULL)
    return new DatabaseError('full', `${path} does not fit on its disk`, error);
  const why = error instanceof Error ? error.message : 'unknown error';
  return new DatabaseError('unusable', `${path} cannot be used as a database (${why})`, error);
}

/** Whether a step failed because it could not be kept, after which what the actor remembers is not what is on disk. */
export const isStorageFailure = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
