// The fleet's books in the database.
import type { FleetStore, GivenUp, RunnerRecord, SessionRow, SpareRow } from '../../core/ports.ts';
import type {
  ActorName,
  PrincipalName,
  RunnerName,
  ServerName,
  SessionName,
} from '../../../shared/ids.ts';
import type { Fault } from '../../../shared/fault.ts';
import type { Database } from './database.ts';

const ROW = 'session, runner, boot, server, principal, opened_at AS openedAt';

const SPARE = 'session, runner, boot, server, opened_at AS openedAt, is_ready AS isReady';

const REVIEW = 'reviewAt';

export class NodeFleetStore implements FleetStore {
  readonly #database: Database;
  readonly #wakeAt: (at: number | undefined) => void;

  /** `wakeAt`: when the fleet is to be woken for its review. */
  constructor(database: Database, wakeAt: (at: number | undefined) => void) {
    this.#database = database;
    this.#wakeAt = wakeAt;
  }

  runners(): RunnerRecord[] {
    return this.#database
      .rows<{ record: string }>('SELECT record FROM runners')
      .map(({ record }) => JSON.parse(record) as RunnerRecord);
  }

  putRunner(record: RunnerRecord): void {
    const text = JSON.stringify(record);
    this.#database.write('INSERT OR REPLACE INTO runners VALUES (?, ?)', record.runner, text);
  }

  sessions(runner?: RunnerName): SessionRow[] {
    return runner === undefined
      ? this.#database.rows(`SELECT ${ROW} FROM sessions`)
      : this.#database.rows(`SELECT ${ROW} FROM sessions WHERE runner = ?`, runner);
  }

  session(session: SessionName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions WHERE session = ?`;
    return this.#database.rows<SessionRow>(query, session)[0];
  }

  newestOf(actor: ActorName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions
      WHERE session = ?1 OR (session > ?1 || '~' AND session < ?1 || '~~') ORDER BY opened_at DESC LIMIT 1`;
    return this.#database.rows<SessionRow>(query, actor)[0];
  }

  putSession({ session, runner, boot, server, principal, openedAt }: SessionRow): void {
    const row = [session, runner, boot, server, principal, openedAt];
    this.#database.write('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)', ...row);
  }

  removeSession(session: SessionName): boolean {
    this.#database.write('DELETE FROM homes WHERE session = ?', session);
    return this.#database.write('DELETE FROM sessions WHERE session = ?', session) > 0;
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
    this.#database.write('INSERT OR REPLACE INTO spares VALUES (?, ?, ?, ?, ?, ?)', ...row);
  }

  removeSpare(session: SessionName): boolean {
    return this.#database.write('DELETE FROM spares WHERE session = ?', session) > 0;
  }

  putHome(actor: ActorName, session: SessionName): void {
    this.#database.write('INSERT OR REPLACE INTO homes VALUES (?, ?)', actor, session);
  }

  homeOf(actor: ActorName): SessionRow | undefined {
    const query = `SELECT ${ROW} FROM sessions WHERE session = (SELECT session FROM homes WHERE actor = ?)`;
    return this.#database.rows<SessionRow>(query, actor)[0];
  }

  #spares(where: string, value: string): SpareRow[] {
    const query = `SELECT ${SPARE} FROM spares WHERE ${where}`;
    return this.#database
      .rows<Omit<SpareRow, 'isReady' | 'isSpare'> & { readonly isReady: number }>(query, value)
      .map((row) => ({ ...row, isReady: row.isReady === 1 }));
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
    return this.#database
      .rows<{ runner: RunnerName }>(query, principal)
      .map(({ runner }) => runner);
  }

  owed(): GivenUp[] {
    return this.#database
      .rows<{ session: SessionName; fault: string }>('SELECT session, fault FROM owed')
      .map(({ session, fault }) => ({ session, fault: JSON.parse(fault) as Fault }));
  }

  owe({ session, fault }: GivenUp): void {
    this.#database.write(
      'INSERT OR REPLACE INTO owed VALUES (?, ?)',
      session,
      JSON.stringify(fault),
    );
  }

  paid(session: SessionName): void {
    this.#database.write('DELETE FROM owed WHERE session = ?', session);
  }

  reviewAt(): number | undefined {
    const query = 'SELECT value AS at FROM fleet WHERE key = ?';
    return this.#database.rows<{ at: number }>(query, REVIEW)[0]?.at;
  }

  setReview(at: number | undefined): void {
    if (at === undefined) this.#database.write('DELETE FROM fleet WHERE key = ?', REVIEW);
    else this.#database.write('INSERT OR REPLACE INTO fleet VALUES (?, ?)', REVIEW, at);
    this.#wakeAt(at);
  }

  #count(query: string, value: string): number {
    return this.#database.rows<{ n: number }>(query, value)[0]?.n ?? 0;
  }
}
