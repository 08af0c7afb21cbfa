// The keys of clients and runners, and invitations, as tables of SQLite: a part of the access actor's storage.
import type {
  CredentialKind,
  CredentialRow,
  CredentialStore,
  InvitationRow,
  Proof,
} from './credential-ports.ts';
import type { Sql } from './fleet-tables.ts';
import type { RunnerName } from '../../shared/ids.ts';

/** Makes the tables where they are missing. Lists of servers are JSON. */
export const CREDENTIAL_SCHEMA = `
  CREATE TABLE IF NOT EXISTS credentials (kind TEXT NOT NULL, proof TEXT NOT NULL, name TEXT NOT NULL, servers TEXT NOT NULL,
    created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, not_after INTEGER, PRIMARY KEY (kind, proof)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS credentials_by_name ON credentials (kind, name, created_at);
  CREATE TABLE IF NOT EXISTS invitations (id TEXT PRIMARY KEY, code TEXT NOT NULL, runner TEXT NOT NULL, servers TEXT NOT NULL,
    until INTEGER NOT NULL, tries INTEGER NOT NULL) STRICT, WITHOUT ROWID;`;

type Kept<Row> = Omit<Row, 'servers'> & { readonly servers: string };

const CREDENTIAL =
  'kind, proof, name, servers, created_at AS createdAt, used_at AS usedAt, not_after AS notAfter';

/** What is kept as JSON, read. */
const read = <Row extends { readonly servers: readonly string[] }>(row: Kept<Row>): Row =>
  ({ ...row, servers: JSON.parse(row.servers) }) as unknown as Row;

export class CredentialTables implements CredentialStore {
  readonly #sql: Sql;

  /** The tables are there. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  credentialsOf(kind: CredentialKind, name?: string): CredentialRow[] {
    const where = name === undefined ? '' : 'AND name = ?2';
    const query = `SELECT ${CREDENTIAL} FROM credentials WHERE kind = ?1 ${where} ORDER BY name, created_at`;
    const values = name === undefined ? [kind] : [kind, name];
    return this.#sql.rows<Kept<CredentialRow>>(query, ...values).map(read<CredentialRow>);
  }

  credential(kind: CredentialKind, proof: Proof): CredentialRow | undefined {
    const query = `SELECT ${CREDENTIAL} FROM credentials WHERE kind = ? AND proof = ?`;
    return this.#sql.rows<Kept<CredentialRow>>(query, kind, proof).map(read<CredentialRow>)[0];
  }

  countNames(kind: CredentialKind): number {
    return this.#count('SELECT count(DISTINCT name) AS n FROM credentials WHERE kind = ?', kind);
  }

  putCredential(row: CredentialRow): void {
    const { kind, proof, name, servers, createdAt, usedAt, notAfter } = row;
    const values = [kind, proof, name, JSON.stringify(servers), createdAt, usedAt, notAfter];
    this.#sql.write('INSERT OR REPLACE INTO credentials VALUES (?, ?, ?, ?, ?, ?, ?)', ...values);
  }

  removeCredentials(kind: CredentialKind, name: string): void {
    this.#sql.write('DELETE FROM credentials WHERE kind = ? AND name = ?', kind, name);
  }

  dropCredentialsBefore(now: number): void {
    this.#sql.write('DELETE FROM credentials WHERE not_after <= ?', now);
  }

  invitation(id: string): InvitationRow | undefined {
    const query = 'SELECT id, code, runner, servers, until, tries FROM invitations WHERE id = ?';
    return this.#sql.rows<Kept<InvitationRow>>(query, id).map(read<InvitationRow>)[0];
  }

  countInvitations(): number {
    return this.#count('SELECT count(*) AS n FROM invitations WHERE tries > 0');
  }

  putInvitation({ id, code, runner, servers, until, tries }: InvitationRow): void {
    const values = [id, code, runner, JSON.stringify(servers), until, tries];
    this.#sql.write('INSERT OR REPLACE INTO invitations VALUES (?, ?, ?, ?, ?, ?)', ...values);
  }

  removeInvitation(id: string): void {
    this.#sql.write('DELETE FROM invitations WHERE id = ?', id);
  }

  removeInvitationsFor(runner: RunnerName): void {
    this.#sql.write('DELETE FROM invitations WHERE runner = ?', runner);
  }

  dropInvitationsBefore(now: number): void {
    this.#sql.write('DELETE FROM invitations WHERE until <= ?', now);
  }

  #count(query: string, ...values: readonly string[]): number {
    return this.#sql.rows<{ n: number }>(query, ...values)[0]?.n ?? 0;
  }
}
