// The fleet's books in the SQLite of its Durable Object.
import type { FleetStore, GivenUp, RunnerRecord, SessionRow, SpareRow } from '../../core/ports.ts';
import type {
  ActorName,
  PrincipalName,
  RunnerName,
  ServerName,
  SessionName,
} from '../../../shared/ids.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY, runner TEXT NOT NULL, boot TEXT NOT NULL,
    server TEXT NOT NULL, principal TEXT NOT NULL, opened_at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS sessions_by_runner ON sessions (runner);
  CREATE INDEX IF NOT EXISTS sessions_by_principal ON sessions (principal);
  CREATE TABLE IF NOT EXISTS spares (session TEXT PRIMARY KEY, runner TEXT NOT NULL, boot TEXT NOT NULL,
    server TEXT NOT NULL, opened_at INTEGER NOT NULL, is_ready INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS spares_by_runner ON spares (runner);
  CREATE INDEX IF NOT EXISTS spares_by_server ON spares (server);
  CREATE TABLE IF NOT EXISTS homes (actor TEXT PRIMARY KEY, session TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS homes_by_session ON homes (session);`;

const ROW = 'session, runner, boot, server, principal, opened_at AS openedAt';

const SPARE = 'session, runner, boot, server, opened_at AS openedAt, is_ready AS isReady';

type Value = string | number;
/** A row of a query as a type alias: the storage's types need an index signature, which interfaces lack. */
type Row<T> = { [Key in keyof T]: T[Key] & SqlStorageValue };

const REVIEW = 'reviewAt';
const RUNNER = 'runner:';
const OWED = 'owed:';

export class SqlFleetStore implements FleetStore {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.storage.sql.exec(SCHEMA);
  }

  runners(): RunnerRecord[] {
    const records = this.#ctx.storage.kv.list<RunnerRecord>({ prefix: RUNNER });
    return [...records].map(([, record]) => record);
  }

  putRunner(record: RunnerRecord): void {
    this.#ctx.storage.kv.put(`${RUNNER}${record.runner}`, record);
  }

  sessions(runner?: RunnerName): SessionRow[] {
    return runner === undefined
      ? this.#rows(`SELECT ${ROW} FROM sessions`)
      : this.#rows(`SELECT ${ROW} FROM sessions WHERE runner = ?`, runner);
  }

  session(session: SessionName): SessionRow | undefined {
    return this.#rows<SessionRow>(`SELECT ${ROW} FROM sessions WHERE session = ?`, session)[0];
  }

  newestOf(actor: ActorName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions
      WHERE session = ?1 OR (session > ?1 || '~' AND session < ?1 || '~~') ORDER BY opened_at DESC LIMIT 1`;
    return this.#rows<SessionRow>(query, actor)[0];
  }

  putSession({ session, runner, boot, server, principal, openedAt }: SessionRow): void {
    const row = [session, runner, boot, server, principal, openedAt];
    this.#rows('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)', ...row);
  }

  removeSession(session: SessionName): boolean {
    this.#rows('DELETE FROM homes WHERE session = ?', session);
    return this.#rows('DELETE FROM sessions WHERE session = ? RETURNING 1', session).length > 0;
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
    this.#rows('INSERT OR REPLACE INTO spares VALUES (?, ?, ?, ?, ?, ?)', ...row);
  }

  removeSpare(session: SessionName): boolean {
    return this.#rows('DELETE FROM spares WHERE session = ? RETURNING 1', session).length > 0;
  }

  putHome(actor: ActorName, session: SessionName): void {
    this.#rows('INSERT OR REPLACE INTO homes VALUES (?, ?)', actor, session);
  }

  homeOf(actor: ActorName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions WHERE session = (SELECT session FROM homes WHERE actor = ?)`;
    return this.#rows<SessionRow>(query, actor)[0];
  }

  #spares(where: string, value: string): SpareRow[] {
    const rows = this.#rows<Omit<SpareRow, 'isReady' | 'isSpare'> & { readonly isReady: number }>(
      `SELECT ${SPARE} FROM spares WHERE ${where}`,
      value,
    );
    return rows.map((row) => ({ ...row, isReady: row.isReady === 1 }));
  }

  countOn(runner: RunnerName): number {
    return this.#count('SELECT count(*) AS n FROM sessions WHERE runner = ?', runner);
  }

  countOf(principal: PrincipalName): number {
    return this.#count('SELECT count(*) AS n FROM sessions WHERE principal = ?', principal);
  }

  runnersOf(principal: PrincipalName): string[] {
    const query =
      'SELECT runner, count(*) AS n FROM sessions WHERE principal = ? GROUP BY runner ORDER BY n DESC';
    return this.#rows<{ runner: RunnerName }>(query, principal).map(({ runner }) => runner);
  }

  owed(): GivenUp[] {
    return [...this.#ctx.storage.kv.list<GivenUp>({ prefix: OWED })].map(([, givenUp]) => givenUp);
  }

  owe(givenUp: GivenUp): void {
    this.#ctx.storage.kv.put(`${OWED}${givenUp.session}`, givenUp);
  }

  paid(session: SessionName): void {
    this.#ctx.storage.kv.delete(`${OWED}${session}`);
  }

  reviewAt(): number | undefined {
    return this.#ctx.storage.kv.get<number>(REVIEW);
  }

  setReview(at: number | undefined): void {
    const { storage } = this.#ctx;
    if (at === undefined) storage.kv.delete(REVIEW);
    else {
      storage.kv.put(REVIEW, at);
      this.#ctx.waitUntil(storage.setAlarm(at));
    }
  }

  #count(query: string, value: string): number {
    return this.#rows<{ n: number }>(query, value)[0]?.n ?? 0;
  }

  #rows<T>(query: string, ...values: Value[]): T[] {
    return this.#ctx.storage.sql.exec<Row<T>>(query, ...values).toArray();
  }
}
