// The access actor's rules: which app may ask, what a code, a token and a refresh token are good for, and when a grant ends. Pure: it
// is given digests, ids and the time, and never a secret. The sources are OAuth 2.1 (draft-ietf-oauth-v2-1), RFC 7009, RFC 7591 and
// MCP 2026-07-28, Authorization.
// One file above 300 lines: a grant, its codes and its tokens end together, and each step looks at all three.
import { AccessLimits, type Network } from './access-limits.ts';
import type { CredentialSteps } from './credential-ports.ts';
import { Credentials } from './credentials.ts';
import type { JourneySteps } from './journey-ports.ts';
import { Journeys } from './journeys.ts';
import { People } from './people.ts';
import type { QuotaSteps } from './quota-ports.ts';
import { Quotas } from './quotas.ts';
import type { EndedGrant, Person, PersonSteps } from './person-ports.ts';
import type {
  AccessSteps,
  AccessStore,
  AppKind,
  GrantChoice,
  GrantRow,
  GrantView,
  Issued,
  RefusedExchange,
} from './access-ports.ts';

const SECOND_MS = 1_000;
const DAY_MS = 24 * 3_600 * SECOND_MS;

/** A code travels through a browser and is redeemed at once. */
const CODE_MS = 60 * SECOND_MS;

/** A grant that is not refreshed for so long ends. */
const IDLE_MS = 30 * DAY_MS;

/** A document that cannot be read again serves so much longer. */
const STALE_MS = DAY_MS;

/** Registered apps that nobody signed in with are forgotten after so long. */
const UNUSED_MS = 90 * DAY_MS;

/** That a grant is used is written down so often. */
const NOTED_MS = 3_600 * SECOND_MS;

const GRANTS_OF_PERSON = 50;
const TOKENS_OF_GRANT = 32;
const SPENT_OF_GRANT = 200;
const APPS: Readonly<Record<AppKind, number>> = { registered: 1_000, document: 500 };

type OwnSteps = Omit<
  AccessSteps,
  keyof CredentialSteps | keyof PersonSteps | keyof JourneySteps | keyof QuotaSteps
>;

/** The other steps are those of {@link Credentials}, {@link People}, {@link Journeys} and {@link Quotas}. */
export class Access implements OwnSteps {
  readonly #store: AccessStore;
  readonly #limits = new AccessLimits();
  readonly #credentials: Credentials;
  readonly #people: People;
  readonly #journeys: Journeys;
  readonly #quotas: Quotas;

  constructor(store: AccessStore) {
    this.#store = store;
    this.#credentials = new Credentials(store.credentials, this.#limits);
    this.#journeys = new Journeys(store.journeys, this.#limits);
    this.#quotas = new Quotas(store.quotas, (now) => this.#scheduleSweep(now));
    this.#people = new People(store.people, (person) => this.#endBy({ person }));
  }

  readonly app: AccessSteps['app'] = ({ id, isDocument, from }, now) => {
    const limited = this.#limits.take('page', from, now);
    if (limited) return limited;
    const kind = isDocument ? 'document' : 'registered';
    const row = this.#store.app(kind, id);
    if (row && (!isDocument || now < row.freshUntil)) return { kind: 'known', app: appOf(row) };
    if (!isDocument) return { kind: 'unknown' };
    const stale = row && now < row.freshUntil + STALE_MS ? appOf(row) : undefined;
    return this.#limits.take('document', from, now) ?? { kind: 'fetch', stale };
  };

  readonly keepDocument: AccessSteps['keepDocument'] = ({ app, freshMs }, now) => {
    this.#putApp('document', { ...app, usedAt: now, freshUntil: now + freshMs }, now);
    return undefined;
  };

  readonly register: AccessSteps['register'] = ({ app, from }, now) => {
    const limited = this.#limits.take('register', from, now);
    if (limited) return limited;
    const isKept = this.#putApp('registered', { ...app, usedAt: now, freshUntil: 0 }, now);
    return { kind: isKept ? 'registered' : 'full' };
  };

  readonly ownerKey: AccessSteps['ownerKey'] = ({ isRight, from }, now) => {
    // A key cannot be guessed, so the right one is taken from everywhere: no stranger locks its owner out.
    if (isRight) return { kind: 'right' };
    return this.#limits.take('key', from, now) ?? { kind: 'wrong' };
  };

  readonly approve: AccessSteps['approve'] = (approval, now) => {
    const store = this.#store;
    if (now >= approval.pageUntil || !store.usePage(approval.page, approval.pageUntil))
      return { kind: 'spent' };
    if (store.people.blockedPerson(approval.person.id)) return { kind: 'blocked' };
    this.#makeRoom(approval.person.id, now);
    store.people.putPerson(approval.person, now);
    const kind = store.app('registered', approval.app.id) ? 'registered' : 'document';
    const app = store.app(kind, approval.app.id);
    if (app) store.putApp(kind, { ...app, usedAt: now });
    store.putGrant({
      grant: approval.grant,
      person: approval.person.id,
      client: approval.app.id,
      app: approval.app.name,
      server: approval.server,
      scopes: approval.scopes.join(' '),
      createdAt: now,
      usedAt: now,
      expiresAt: now + approval.lastsMs,
      code: approval.code,
      codeUntil: now + CODE_MS,
      challenge: approval.challenge,
      redirect: approval.redirect,
      refresh: null,
      refreshUntil: 0,
      previous: null,
      sealed: null,
    });
    this.#scheduleSweep(now);
    return { kind: 'approved' };
  };

  readonly redeem: AccessSteps['redeem'] = (redemption, now) => {
    const { code, client, redirect, challenge, server, from } = redemption;
    const limited = this.#limits.check('token', from, now);
    if (limited) return limited;
    const row = this.#store.grantOfCode(code);
    if (!row) return this.#refused('invalid_grant', from, now);
    // Whoever comes with another client, URI or verifier, or for the second time, has the code from somewhere else.
    const isBound =
      row.client === client && row.redirect === redirect && row.challenge === challenge;
    const isTarget = server === undefined || server === row.server;
    if (row.refresh !== null || now >= row.codeUntil || !isBound || !isTarget) {
      const kind = isBound && !isTarget ? 'invalid_target' : 'invalid_grant';
      return this.#refused(kind, from, now, this.#ended(row));
    }
    this.#store.putGrant({
      ...row,
      usedAt: now,
      refresh: redemption.refresh,
      refreshUntil: refreshUntil(row, now),
    });
    return this.#issue(row, redemption.access, redemption.accessMs, row.scopes, now);
  };

  readonly renew: AccessSteps['renew'] = (renewal, now) => {
    const { presented, client, server, from } = renewal;
    const limited = this.#limits.check('token', from, now);
    if (limited) return limited;
    const row = this.#store.grantOfRefresh(presented);
    if (!row) {
      return this.#refused('invalid_grant', from, now, this.#endStolen(presented, client));
    }
    if (row.client !== client) return this.#refused('invalid_grant', from, now);
    if (now >= row.expiresAt || now >= row.refreshUntil) {
      return this.#refused('invalid_grant', from, now, this.#ended(row));
    }
    if (server !== undefined && server !== row.server)
      return this.#refused('invalid_target', from, now);
    const granted = new Set(row.scopes.split(' '));
    const scopes = renewal.scopes ?? [...granted];
    if (!scopes.every((scope) => granted.has(scope)))
      return this.#refused('invalid_scope', from, now);
    const isFirst = row.refresh === presented;
    if (isFirst && row.previous !== null) {
      this.#store.spend(row.previous, row.grant, now);
      this.#store.trimSpent(row.grant, SPENT_OF_GRANT);
    }
    this.#store.putGrant({
      ...row,
      usedAt: now,
      refreshUntil: refreshUntil(row, now),
      ...(isFirst && { refresh: renewal.refresh, previous: presented, sealed: renewal.sealed }),
    });
    const issued = this.#issue(row, renewal.access, renewal.accessMs, scopes.join(' '), now);
    return isFirst ? issued : { ...issued, sealed: row.sealed ?? undefined };
  };

  readonly revoke: AccessSteps['revoke'] = ({ token, from }, now) => {
    if (this.#limits.check('revoke', from, now)) return { ended: [] };
    const store = this.#store;
    const grant =
      store.token(token)?.grant ?? store.grantOfRefresh(token)?.grant ?? store.grantOfSpent(token);
    const row = grant === undefined ? undefined : store.grant(grant);
    if (!row) this.#limits.count('revoke', from, now);
    return { ended: row ? [this.#ended(row)] : [] };
  };

  readonly validate: AccessSteps['validate'] = ({ token, server }, now) => {
    const row = this.#store.token(token);
    const grant = row && now < row.expiresAt ? this.#store.grant(row.grant) : undefined;
    if (!row || !grant || grant.server !== server || now >= grant.expiresAt)
      return { admission: undefined };
    if (now - grant.usedAt >= NOTED_MS) this.#store.putGrant({ ...grant, usedAt: now });
    const { client } = grant;
    const person = this.#personOf(grant);
    const scopes = row.scopes.split(' ');
    const { expiresAt } = row;
    return { admission: { person, client, grant: grant.grant, scopes, expiresAt } };
  };

  readonly policy: AccessSteps['policy'] = ({ known }) => {
    const { version, text } = this.#store.policy() ?? NO_POLICY;
    return version === known ? { version } : { version, text };
  };

  readonly setPolicy: AccessSteps['setPolicy'] = ({ text }) => {
    const before = this.#store.policy() ?? NO_POLICY;
    const version = before.version + 1;
    this.#store.putPolicy({ version, text });
    return { version, before: before.text };
  };

  readonly grants: AccessSteps['grants'] = ({ server, person }, now) => {
    const over = new Set(this.#store.grantsOver(now));
    return this.#store
      .grantsBy({ server, person })
      .filter(({ grant, refresh }) => refresh !== null && !over.has(grant))
      .map((row) => viewOf(row, this.#store.people.person(row.person)?.email));
  };

  readonly end: AccessSteps['end'] = (choice) => ({ ended: this.#endBy(choice) });

  readonly forgetApp: AccessSteps['forgetApp'] = ({ client }) => {
    if (!this.#store.app('registered', client)) return { isForgotten: false, ended: [] };
    const ended = this.#endBy({ client });
    this.#store.removeApp('registered', client);
    return { isForgotten: true, ended };
  };

  /** One step, by its name. */
  take<Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
    now: number,
  ): ReturnType<AccessSteps[Name]> {
    const all = [this, this.#credentials, this.#people, this.#journeys, this.#quotas];
    const steps = all.find((steps) => Object.hasOwn(steps, name));
    const step = Reflect.get(steps ?? this, name) as (
      input: unknown,
      now: number,
    ) => ReturnType<AccessSteps[Name]>;
    return step(input, now);
  }

  /** Forgets what can no longer be used, and sets the time of the next sweep. */
  sweep(now: number): void {
    const store = this.#store;
    for (const grant of store.grantsOver(now)) store.removeGrant(grant);
    store.dropTokensBefore(now);
    store.dropPagesBefore(now);
    store.dropAppsBefore('registered', now - UNUSED_MS);
    store.dropAppsBefore('document', now - UNUSED_MS);
    store.people.dropPeople();
    this.#credentials.sweep(now);
    this.#journeys.sweep(now);
    this.#quotas.sweep(now);
    store.setSweep(now + DAY_MS);
  }

  /** A refresh token whose successor was used came again: one of the two who had it has stolen it. */
  #endStolen(presented: string, client: string): EndedGrant | undefined {
    const grant = this.#store.grantOfSpent(presented);
    const row = grant === undefined ? undefined : this.#store.grant(grant);
    return row?.client === client ? this.#ended(row) : undefined;
  }

  #personOf({ person }: GrantRow): Person {
    return this.#store.people.person(person) ?? { id: person };
  }

  #endBy(choice: GrantChoice): readonly EndedGrant[] {
    return this.#store.grantsBy(choice).map((row) => this.#ended(row));
  }

  #ended({ grant, person, server }: GrantRow): EndedGrant {
    this.#store.removeGrant(grant);
    return { grant, person, server };
  }

  #issue(row: GrantRow, token: string, lastsMs: number, scopes: string, now: number): Issued {
    const { grant, server } = row;
    const expiresAt = Math.min(now + lastsMs, row.expiresAt);
    this.#store.putToken({ token, grant, scopes, expiresAt });
    this.#store.trimTokens(grant, TOKENS_OF_GRANT);
    const expiresInS = Math.floor((expiresAt - now) / SECOND_MS);
    const person = this.#personOf(row);
    return { kind: 'issued', person, server, scopes: scopes.split(' '), expiresInS };
  }

  #refused(
    kind: RefusedExchange['kind'],
    from: Network,
    now: number,
    ended?: EndedGrant,
  ): RefusedExchange {
    this.#limits.count('token', from, now);
    return { kind, ...(ended && { ended }) };
  }

  #putApp(kind: AppKind, row: Parameters<AccessStore['putApp']>[1], now: number): boolean {
    const store = this.#store;
    const isNew = store.app(kind, row.id) === undefined;
    if (isNew && store.countApps(kind) >= APPS[kind] && !store.dropApp(kind)) return false;
    store.putApp(kind, row);
    this.#scheduleSweep(now);
    return true;
  }

  /** Of a person's grants those that are over go first, then the one that was not used for longest. */
  #makeRoom(person: string, now: number): void {
    const over = new Set(this.#store.grantsOver(now));
    const rows = this.#store.grantsBy({ person });
    const living = rows.filter(({ grant }) => !over.has(grant));
    const tooMany = living.slice(0, Math.max(0, living.length + 1 - GRANTS_OF_PERSON));
    for (const { grant } of [...rows.filter(({ grant }) => over.has(grant)), ...tooMany])
      this.#store.removeGrant(grant);
  }

  #scheduleSweep(now: number): void {
    if (this.#store.sweepAt() === undefined) this.#store.setSweep(now + DAY_MS);
  }
}

const NO_POLICY = { version: 0, text: '' };

const refreshUntil = ({ expiresAt }: GrantRow, now: number): number =>
  Math.min(now + IDLE_MS, expiresAt);

const appOf = ({ id, name, redirects }: Parameters<AccessStore['putApp']>[1]) => ({
  id,
  name,
  redirects,
});

const viewOf = (row: GrantRow, email: string | undefined): GrantView => ({
  grant: row.grant,
  person: row.person,
  ...(email !== undefined && { email }),
  client: row.client,
  app: row.app,
  server: row.server,
  scopes: row.scopes.split(' '),
  createdAt: row.createdAt,
  usedAt: row.usedAt,
  expiresAt: row.expiresAt,
});
