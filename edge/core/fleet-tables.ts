// The fleet's books as tables of SQLite, which every host of the edge has: the host runs the statements (`Sql`) and wakes the fleet.
import type {
  AdmittedAs,
  FleetStore,
  GivenUp,
  PolicyOf,
  RunnerRecord,
  SessionRow,
  SpareRow,
} from './ports.ts';
import type { Fault } from '../../shared/fault.ts';
import type { Figure } from '../../shared/figures.ts';
import type {
  ActorName,
  PrincipalName,
  RunnerName,
  ServerName,
  SessionName,
} from '../../shared/ids.ts';

type Value = string | number | null;

/** A database, with the promises of the store (core/ports). Both throw what the database throws. */
export interface Sql {
  /** Rows of a query. */
  rows<Row>(query: string, ...values: readonly Value[]): Row[];
  /** Changes rows. */
  write(statement: string, ...values: readonly Value[]): void;
}

/** Makes the tables where they are missing. Objects are JSON. */
export const FLEET_SCHEMA = `
  CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY, runner TEXT NOT NULL, boot TEXT NOT NULL,
    server TEXT NOT NULL, principal TEXT NOT NULL, opened_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS sessions_by_runner ON sessions (runner);
  CREATE INDEX IF NOT EXISTS sessions_by_principal ON sessions (principal);
  CREATE INDEX IF NOT EXISTS sessions_by_opening ON sessions (opened_at);
  CREATE TABLE IF NOT EXISTS session_grants (session TEXT PRIMARY KEY, grant_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS session_admissions (session TEXT PRIMARY KEY, admitted_as TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS spares (session TEXT PRIMARY KEY, runner TEXT NOT NULL, boot TEXT NOT NULL,
    server TEXT NOT NULL, opened_at INTEGER NOT NULL, is_ready INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS spares_by_runner ON spares (runner);
  CREATE INDEX IF NOT EXISTS spares_by_server ON spares (server);
  CREATE TABLE IF NOT EXISTS homes (actor TEXT PRIMARY KEY, session TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS homes_by_session ON homes (session);
  CREATE TABLE IF NOT EXISTS runners (runner TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS owed (session TEXT PRIMARY KEY, fault TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS fleet_policies (of TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS fleet (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS figures (id INTEGER PRIMARY KEY CHECK (id = 0), figures TEXT NOT NULL) STRICT;`;

const ROW = 'session, runner, boot, server, principal, opened_at AS openedAt';

const SPARE = 'session, runner, boot, server, opened_at AS openedAt, is_ready AS isReady';

const REVIEW = 'reviewAt';

export class FleetTables implements FleetStore {
  readonly #sql: Sql;
  readonly #wakeAt: (at: number | undefined) => void;

  /** `wakeAt`: when the fleet is to be woken for its review, in milliseconds since the epoch. The tables are there. */
  constructor(sql: Sql, wakeAt: (at: number | undefined) => void) {
    this.#sql = sql;
    this.#wakeAt = wakeAt;
  }

  runners(): RunnerRecord[] {
    return this.#sql
      .rows<{ record: string }>('SELECT record FROM runners')
      .map(({ record }) => JSON.parse(record) as RunnerRecord);
  }

  putRunner(record: RunnerRecord): void {
    const text = JSON.stringify(record);
    this.#sql.write('INSERT OR REPLACE INTO runners VALUES (?, ?)', record.runner, text);
  }

  sessions(runner?: RunnerName): SessionRow[] {
    return runner === undefined
      ? this.#sql.rows(`SELECT ${ROW} FROM sessions`)
      : this.#sql.rows(`SELECT ${ROW} FROM sessions WHERE runner = ?`, runner);
  }

  session(session: SessionName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions WHERE session = ?`;
    return this.#sql.rows<SessionRow>(query, session)[0];
  }

  newestSessions(most: number): SessionRow[] {
    return this.#sql.rows(`SELECT ${ROW} FROM sessions ORDER BY opened_at DESC LIMIT ?`, most);
  }

  sessionsOf(principal: PrincipalName): SessionRow[] {
    const query = `SELECT ${ROW}, (SELECT grant_id FROM session_grants WHERE session_grants.session = sessions.session) AS "grant",
      (SELECT admitted_as FROM session_admissions WHERE session_admissions.session = sessions.session) AS "as"
      FROM sessions WHERE principal = ?`;
    return this.#sql
      .rows<
        Omit<SessionRow, 'grant' | 'as'> & {
          readonly grant: string | null;
          readonly as: string | null;
        }
      >(query, principal)
      .map(({ grant, as, ...row }) => ({
        ...row,
        ...(grant !== null && { grant }),
        ...(as !== null && { as: JSON.parse(as) as AdmittedAs }),
      }));
  }

  newestOf(actor: ActorName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions
      WHERE session = ?1 OR (session > ?1 || '~' AND session < ?1 || '~~') ORDER BY opened_at DESC LIMIT 1`;
    return this.#sql.rows<SessionRow>(query, actor)[0];
  }

  putSession({ session, runner, boot, server, principal, openedAt, grant, as }: SessionRow): void {
    const row = [session, runner, boot, server, principal, openedAt];
    this.#sql.write('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)', ...row);
    if (grant !== undefined)
      this.#sql.write('INSERT OR REPLACE INTO session_grants VALUES (?, ?)', session, grant);
    if (as)
      this.#sql.write(
        'INSERT OR REPLACE INTO session_admissions VALUES (?, ?)',
        session,
        JSON.stringify(as),
      );
  }

  removeSession(session: SessionName): boolean {
    this.#sql.write('DELETE FROM homes WHERE session = ?', session);
    this.#sql.write('DELETE FROM session_grants WHERE session = ?', session);
    this.#sql.write('DELETE FROM session_admissions WHERE session = ?', session);
    return this.#remove('sessions', session);
  }

  spare(session: SessionName): SpareRow | undefined {
    return this.#spares('session = ?', session)[0];
  }

  spares(of: { readonly server: ServerName } | { readonly runner: RunnerName }): SpareRow[] {
    return 'server' in of
      ? this.#spares('server = ?', of.server)
      : this.#spares('runner = ?', of.runner);
  }

  putSpare({ session, runner, boot, server, openedAt, isReady }: SpareRow): void {
    const row = [session, runner, boot, server, openedAt, Number(isReady)];
    this.#sql.write('INSERT OR REPLACE INTO spares VALUES (?, ?, ?, ?, ?, ?)', ...row);
  }

  removeSpare(session: SessionName): boolean {
    return this.#remove('spares', session);
  }

  putHome(actor: ActorName, session: SessionName): void {
    this.#sql.write('INSERT OR REPLACE INTO homes VALUES (?, ?)', actor, session);
  }

  homeOf(actor: ActorName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions WHERE session = (SELECT session FROM homes WHERE actor = ?)`;
    return this.#sql.rows<SessionRow>(query, actor)[0];
  }

  countOn(runner: RunnerName): number {
    return this.#count('SELECT count(*) AS n FROM sessions WHERE runner = ?', runner);
  }

  countOf(principal: PrincipalName): number {
    return this.#count('SELECT count(*) AS n FROM sessions WHERE principal = ?', principal);
  }

  runnersOf(principal: PrincipalName): RunnerName[] {
    const query =
      'SELECT runner, count(*) AS n FROM sessions WHERE principal = ? GROUP BY runner ORDER BY n DESC';
    return this.#sql.rows<{ runner: RunnerName }>(query, principal).map(({ runner }) => runner);
  }

  owed(): GivenUp[] {
    return this.#sql
      .rows<{ session: SessionName; fault: string }>('SELECT session, fault FROM owed')
      .map(({ session, fault }) => ({ session, fault: JSON.parse(fault) as Fault }));
  }

  owe({ session, fault }: GivenUp): void {
    const text = JSON.stringify(fault);
    this.#sql.write('INSERT OR REPLACE INTO owed VALUES (?, ?)', session, text);
  }

  paid(session: SessionName): void {
    this.#sql.write('DELETE FROM owed WHERE session = ?', session);
  }

  policy(of: PolicyOf): string | undefined {
    const query = 'SELECT text FROM fleet_policies WHERE of = ?';
    return this.#sql.rows<{ text: string }>(query, of)[0]?.text;
  }

  putPolicy(of: PolicyOf, text: string | undefined): void {
    if (text === undefined) this.#sql.write('DELETE FROM fleet_policies WHERE of = ?', of);
    else this.#sql.write('INSERT OR REPLACE INTO fleet_policies VALUES (?, ?)', of, text);
  }

  reviewAt(): number | undefined {
    const query = 'SELECT value AS at FROM fleet WHERE key = ?';
    return this.#sql.rows<{ at: number }>(query, REVIEW)[0]?.at;
  }

  setReview(at: number | undefined): void {
    if (at === undefined) this.#sql.write('DELETE FROM fleet WHERE key = ?', REVIEW);
    else this.#sql.write('INSERT OR REPLACE INTO fleet VALUES (?, ?)', REVIEW, at);
    this.#wakeAt(at);
  }

  figures(): Figure[] {
    const [row] = this.#sql.rows<{ figures: string }>('SELECT figures FROM figures');
    return row ? (JSON.parse(row.figures) as Figure[]) : [];
  }

  keepFigures(figures: readonly Figure[]): void {
    const text = JSON.stringify(figures);
    this.#sql.write('INSERT OR REPLACE INTO figures VALUES (0, ?)', text);
  }

  #spares(where: string, value: string): SpareRow[] {
    const query = `SELECT ${SPARE} FROM spares WHERE ${where}`;
    return this.#sql
      .rows<Omit<SpareRow, 'isReady' | 'isSpare'> & { readonly isReady: number }>(query, value)
      .map((row) => ({ ...row, isReady: row.isReady === 1 }));
  }

  #remove(table: 'sessions' | 'spares', session: SessionName): boolean {
    const wasThere = this.#count(`SELECT count(*) AS n FROM ${table} WHERE session = ?`, session);
    if (wasThere > 0) this.#sql.write(`DELETE FROM ${table} WHERE session = ?`, session);
    return wasThere > 0;
  }

  #count(query: string, value: string): number {
    return this.#sql.rows<{ n: number }>(query, value)[0]?.n ?? 0;
  }
}
