// What the access actor keeps, as tables of SQLite, which every host of the edge has. Of codes and tokens there are digests only.
import type {
  AccessStore,
  AppKind,
  AppRow,
  GrantChoice,
  GrantRow,
  TokenRow,
} from './access-ports.ts';
import type { SecretDigest } from './credential-ports.ts';
import { CREDENTIAL_SCHEMA, CredentialTables } from './credential-tables.ts';
import { JOURNEY_SCHEMA, JourneyTables } from './journey-tables.ts';
import { PERSON_SCHEMA, PersonTables } from './person-tables.ts';
import { QUOTA_SCHEMA, QuotaTables } from './quota-tables.ts';
import type { Sql } from './fleet-tables.ts';
import type { ServerName } from '../../shared/ids.ts';

/** Makes the tables where they are missing. Lists are JSON, scopes are separated by spaces. */
export const ACCESS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS grants (grant_id TEXT PRIMARY KEY, person TEXT NOT NULL, client TEXT NOT NULL, app TEXT NOT NULL,
    server TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    code TEXT NOT NULL, code_until INTEGER NOT NULL, challenge TEXT NOT NULL, redirect TEXT NOT NULL,
    refresh TEXT, refresh_until INTEGER NOT NULL, previous TEXT, sealed TEXT) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS grants_by_code ON grants (code);
  CREATE UNIQUE INDEX IF NOT EXISTS grants_by_refresh ON grants (refresh);
  CREATE INDEX IF NOT EXISTS grants_by_previous ON grants (previous);
  CREATE INDEX IF NOT EXISTS grants_by_person ON grants (person);
  CREATE INDEX IF NOT EXISTS grants_by_client ON grants (client);
  CREATE TABLE IF NOT EXISTS spent (refresh TEXT PRIMARY KEY, grant_id TEXT NOT NULL, spent_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS spent_by_grant ON spent (grant_id, spent_at);
  CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, grant_id TEXT NOT NULL, scopes TEXT NOT NULL,
    expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tokens_by_grant ON tokens (grant_id, expires_at);
  CREATE TABLE IF NOT EXISTS apps (kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, redirects TEXT NOT NULL,
    used_at INTEGER NOT NULL, fresh_until INTEGER NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS apps_by_use ON apps (kind, used_at);
  CREATE TABLE IF NOT EXISTS pages (page TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS policies (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS access (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;${CREDENTIAL_SCHEMA}${PERSON_SCHEMA}${JOURNEY_SCHEMA}${QUOTA_SCHEMA}`;

const GRANT = `grant_id AS "grant", person, client, app, server, scopes, created_at AS createdAt, used_at AS usedAt,
  expires_at AS expiresAt, code, code_until AS codeUntil, challenge, redirect, refresh, refresh_until AS refreshUntil, previous, sealed`;

const WITHOUT_GRANT = 'NOT EXISTS (SELECT 1 FROM grants WHERE grants.client = apps.id)';

const SWEEP = 'sweepAt';

export class AccessTables implements AccessStore {
  readonly credentials: CredentialTables;
  readonly people: PersonTables;
  readonly journeys: JourneyTables;
  readonly quotas: QuotaTables;
  readonly #sql: Sql;
  readonly #wakeAt: (at: number) => void;

  /** `wakeAt`: when the actor is to be woken to sweep, in ms since the epoch. The tables are there. */
  constructor(sql: Sql, wakeAt: (at: number) => void) {
    this.#sql = sql;
    this.credentials = new CredentialTables(sql);
    this.people = new PersonTables(sql);
    this.journeys = new JourneyTables(sql);
    this.quotas = new QuotaTables(sql);
    this.#wakeAt = wakeAt;
  }

  app(kind: AppKind, id: string): AppRow | undefined {
    const query =
      'SELECT id, name, redirects, used_at AS usedAt, fresh_until AS freshUntil FROM apps WHERE kind = ? AND id = ?';
    const [row] = this.#sql.rows<Omit<AppRow, 'redirects'> & { readonly redirects: string }>(
      query,
      kind,
      id,
    );
    return row && { ...row, redirects: JSON.parse(row.redirects) as string[] };
  }

  putApp(kind: AppKind, { id, name, redirects, usedAt, freshUntil }: AppRow): void {
    const row = [kind, id, name, JSON.stringify(redirects), usedAt, freshUntil];
    this.#sql.write('INSERT OR REPLACE INTO apps VALUES (?, ?, ?, ?, ?, ?)', ...row);
  }

  countApps(kind: AppKind): number {
    return this.#count('SELECT count(*) AS n FROM apps WHERE kind = ?', kind);
  }

  dropApp(kind: AppKind): boolean {
    const query = `SELECT id FROM apps WHERE kind = ? AND ${WITHOUT_GRANT} ORDER BY used_at LIMIT 1`;
    const [row] = this.#sql.rows<{ id: string }>(query, kind);
    if (row) this.removeApp(kind, row.id);
    return row !== undefined;
  }

  removeApp(kind: AppKind, id: string): void {
    this.#sql.write('DELETE FROM apps WHERE kind = ? AND id = ?', kind, id);
  }

  dropAppsBefore(kind: AppKind, usedAt: number): void {
    const statement = `DELETE FROM apps WHERE kind = ? AND used_at < ? AND ${WITHOUT_GRANT}`;
    this.#sql.write(statement, kind, usedAt);
  }

  grant(grant: string): GrantRow | undefined {
    return this.#grants('grant_id = ?', grant)[0];
  }

  grantOfCode(code: SecretDigest): GrantRow | undefined {
    return this.#grants('code = ?', code)[0];
  }

  grantOfRefresh(refresh: SecretDigest): GrantRow | undefined {
    return this.#grants('refresh = ?1 OR previous = ?1', refresh)[0];
  }

  grantOfSpent(refresh: SecretDigest): string | undefined {
    const query = 'SELECT grant_id AS id FROM spent WHERE refresh = ?';
    return this.#sql.rows<{ id: string }>(query, refresh)[0]?.id;
  }

  grantsBy(choice: GrantChoice & { readonly server?: ServerName | undefined }): GrantRow[] {
    const wanted = [
      ['grant_id', choice.grant],
      ['person', choice.person],
      ['client', choice.client],
      ['server', choice.server],
    ].flatMap(([column, value]) =>
      column === undefined || value === undefined ? [] : [{ column, value }],
    );
    const where = ['TRUE', ...wanted.map(({ column }) => `${column} = ?`)].join(' AND ');
    return this.#grants(`${where} ORDER BY used_at`, ...wanted.map(({ value }) => value));
  }

  putGrant(row: GrantRow): void {
    this.#sql.write(
      'INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      row.grant,
      row.person,
      row.client,
      row.app,
      row.server,
      row.scopes,
      row.createdAt,
      row.usedAt,
      row.expiresAt,
      row.code,
      row.codeUntil,
      row.challenge,
      row.redirect,
      row.refresh,
      row.refreshUntil,
      row.previous,
      row.sealed,
    );
  }

  removeGrant(grant: string): void {
    for (const table of ['tokens', 'spent', 'grants'])
      this.#sql.write(`DELETE FROM ${table} WHERE grant_id = ?`, grant);
  }

  grantsOver(now: number): string[] {
    const query = `SELECT grant_id AS id FROM grants WHERE expires_at <= ?1 OR (refresh IS NULL AND code_until <= ?1)
      OR (refresh IS NOT NULL AND refresh_until <= ?1)`;
    return this.#sql.rows<{ id: string }>(query, now).map(({ id }) => id);
  }

  token(token: SecretDigest): TokenRow | undefined {
    const query =
      'SELECT token, grant_id AS "grant", scopes, expires_at AS expiresAt FROM tokens WHERE token = ?';
    return this.#sql.rows<TokenRow>(query, token)[0];
  }

  putToken({ token, grant, scopes, expiresAt }: TokenRow): void {
    const row = [token, grant, scopes, expiresAt];
    this.#sql.write('INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?)', ...row);
  }

  trimTokens(grant: string, kept: number): void {
    const late = 'SELECT token FROM tokens WHERE grant_id = ?1 ORDER BY expires_at DESC LIMIT ?2';
    const statement = `DELETE FROM tokens WHERE grant_id = ?1 AND token NOT IN (${late})`;
    this.#sql.write(statement, grant, kept);
  }

  dropTokensBefore(now: number): void {
    this.#sql.write('DELETE FROM tokens WHERE expires_at <= ?', now);
  }

  spend(refresh: SecretDigest, grant: string, now: number): void {
    this.#sql.write('INSERT OR REPLACE INTO spent VALUES (?, ?, ?)', refresh, grant, now);
  }

  trimSpent(grant: string, kept: number): void {
    const late = 'SELECT refresh FROM spent WHERE grant_id = ?1 ORDER BY spent_at DESC LIMIT ?2';
    const statement = `DELETE FROM spent WHERE grant_id = ?1 AND refresh NOT IN (${late})`;
    this.#sql.write(statement, grant, kept);
  }

  usePage(page: string, until: number): boolean {
    if (this.#count('SELECT count(*) AS n FROM pages WHERE page = ?', page) > 0) return false;
    this.#sql.write('INSERT INTO pages VALUES (?, ?)', page, until);
    return true;
  }

  dropPagesBefore(now: number): void {
    this.#sql.write('DELETE FROM pages WHERE until <= ?', now);
  }

  policy(): { readonly version: number; readonly text: string } | undefined {
    const query = 'SELECT version, text FROM policies WHERE id = 1';
    return this.#sql.rows<{ version: number; text: string }>(query)[0];
  }

  putPolicy({ version, text }: { readonly version: number; readonly text: string }): void {
    this.#sql.write('INSERT OR REPLACE INTO policies VALUES (1, ?, ?)', version, text);
  }

  sweepAt(): number | undefined {
    const query = 'SELECT value AS at FROM access WHERE key = ?';
    return this.#sql.rows<{ at: number }>(query, SWEEP)[0]?.at;
  }

  setSweep(at: number): void {
    this.#sql.write('INSERT OR REPLACE INTO access VALUES (?, ?)', SWEEP, at);
    this.#wakeAt(at);
  }

  #grants(where: string, ...values: readonly string[]): GrantRow[] {
    return this.#sql.rows<GrantRow>(`SELECT ${GRANT} FROM grants WHERE ${where}`, ...values);
  }

  #count(query: string, value: string): number {
    return this.#sql.rows<{ n: number }>(query, value)[0]?.n ?? 0;
  }
}
