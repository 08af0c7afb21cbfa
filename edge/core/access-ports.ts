// What the access actor is asked, what it answers, and what it keeps. It never sees a secret: those who ask mint codes and tokens and
// hand in their SHA-256 digests, so that storage and memory of the actor open nothing.
import type { Limited, Network } from './access-limits.ts';
import type { CredentialSteps, CredentialStore, SecretDigest } from './credential-ports.ts';
import type { JourneySteps, JourneyStore } from './journey-ports.ts';
import type { QuotaSteps, QuotaStore } from './quota-ports.ts';
import type { EndedGrant, Person, PersonSteps, PersonStore } from './person-ports.ts';
import type { ServerName } from '../../shared/ids.ts';

/** An app that asks for access (RFC 7591, or a Client ID Metadata Document). */
export interface ClientApp {
  /** A registered id, or the URL of the app's document. */
  readonly id: string;
  readonly name: string;
  /** As the app wrote them. */
  readonly redirects: readonly string[];
}

/** What a person lets an app do, and the code that the app gets for it. */
export interface Approval {
  /** Names the page on which it was given; it counts once. */
  readonly page: string;
  /** Until when that page counts, in ms since the epoch. */
  readonly pageUntil: number;
  readonly grant: string;
  readonly person: Person;
  readonly app: Pick<ClientApp, 'id' | 'name'>;
  readonly server: ServerName;
  readonly scopes: readonly string[];
  /** How long the grant may last at most, however often it is used. */
  readonly lastsMs: number;
  readonly code: SecretDigest;
  /** The code challenge (RFC 7636 §4.2, S256) and the redirect URI that the code is bound to. */
  readonly challenge: string;
  readonly redirect: string;
}

/** The tokens that an exchange asks for, minted by the one who asks. */
interface Minted {
  readonly access: SecretDigest;
  readonly refresh: SecretDigest;
  readonly accessMs: number;
}

export interface Redemption extends Minted {
  readonly code: SecretDigest;
  readonly client: string;
  readonly redirect: string;
  /** S256 of the verifier. */
  readonly challenge: string;
  /** The server that the request names by `resource`; undefined if it names none, null if it names something else. */
  readonly server: ServerName | undefined | null;
  readonly from: Network;
}

export interface Renewal extends Minted {
  /** The refresh token that was presented. */
  readonly presented: SecretDigest;
  /** The new refresh token, sealed so that only who has the presented one can read it. */
  readonly sealed: string;
  readonly client: string;
  readonly server: ServerName | undefined | null;
  /** Fewer than were granted, if named. */
  readonly scopes: readonly string[] | undefined;
  readonly from: Network;
}

/** Errors of RFC 6749 §5.2 and RFC 8707 §2. */
export interface RefusedExchange {
  readonly kind: 'invalid_grant' | 'invalid_target' | 'invalid_scope';
  /** The grant ended by it. */
  readonly ended?: EndedGrant | undefined;
}

export interface Issued {
  readonly kind: 'issued';
  /** Whose grant it is, as they were when they signed in last, and for what. */
  readonly person: Person;
  readonly server: ServerName;
  readonly scopes: readonly string[];
  readonly expiresInS: number;
  /** The refresh token to hand out is inside, in place of the new one: it was handed out before, and that answer may be lost. */
  readonly sealed?: string | undefined;
}

/** Who a token was issued to, and for what. */
export interface Admission {
  /** As they were when they signed in last. */
  readonly person: Person;
  readonly client: string;
  readonly grant: string;
  readonly scopes: readonly string[];
  /** ms since the epoch. */
  readonly expiresAt: number;
}

/** A grant as its owner sees it. Times are ms since the epoch. */
export interface GrantView {
  readonly grant: string;
  readonly person: string;
  /** Of the person, if an identity provider vouches for it. */
  readonly email?: string | undefined;
  readonly client: string;
  readonly app: string;
  readonly server: ServerName;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly usedAt: number;
  readonly expiresAt: number;
}

/** Grants to end: those that match every member that is there. */
export interface GrantChoice {
  readonly grant?: string | undefined;
  readonly person?: string | undefined;
  readonly client?: string | undefined;
}

type Step<Input, Output> = (input: Input, now: number) => Output;

/** What the access actor can be asked. Each question is one step: all of its writes are kept, or none. */
export interface AccessSteps extends CredentialSteps, PersonSteps, JourneySteps, QuotaSteps {
  /** The app of a client id. `fetch`: its document must be read; `stale` serves if that fails. */
  app: Step<
    { readonly id: string; readonly isDocument: boolean; readonly from: Network },
    | { readonly kind: 'known'; readonly app: ClientApp }
    | { readonly kind: 'fetch'; readonly stale: ClientApp | undefined }
    | { readonly kind: 'unknown' }
    | Limited
  >;
  /** Keeps what was read in an app's document. */
  keepDocument: Step<{ readonly app: ClientApp; readonly freshMs: number }, undefined>;
  /** `full`: no place is left, since each of the registered apps has a grant. */
  register: Step<
    { readonly app: ClientApp; readonly from: Network },
    { readonly kind: 'registered' } | { readonly kind: 'full' } | Limited
  >;
  /** Counts a person's try with an owner key, and refuses further ones from where too many were wrong. */
  ownerKey: Step<
    { readonly isRight: boolean; readonly from: Network },
    { readonly kind: 'right' } | { readonly kind: 'wrong' } | Limited
  >;
  /** `spent`: the page was used before. `blocked`: the person is. */
  approve: Step<Approval, { readonly kind: 'approved' | 'spent' | 'blocked' }>;
  redeem: Step<Redemption, Issued | RefusedExchange | Limited>;
  renew: Step<Renewal, Issued | RefusedExchange | Limited>;
  /** Ends the grant of an access or refresh token (RFC 7009), if there is one. */
  revoke: Step<
    { readonly token: SecretDigest; readonly from: Network },
    { readonly ended: readonly EndedGrant[] }
  >;
  validate: Step<
    { readonly token: SecretDigest; readonly server: ServerName },
    { readonly admission: Admission | undefined }
  >;
  /** The policy that was set; its text only if it is not the version that is known. Version 0 and an empty text: none. */
  policy: Step<
    { readonly known?: number | undefined },
    { readonly version: number; readonly text?: string | undefined }
  >;
  /** Sets it; its text was read before. `before`: the text that it replaces. */
  setPolicy: Step<{ readonly text: string }, { readonly version: number; readonly before: string }>;
  /** Those that match every member that is there. */
  grants: Step<
    { readonly server?: ServerName | undefined; readonly person?: string | undefined },
    readonly GrantView[]
  >;
  /** Ends grants. */
  end: Step<GrantChoice, { readonly ended: readonly EndedGrant[] }>;
  /** Forgets an app that registered, and ends its grants. */
  forgetApp: Step<
    { readonly client: string },
    { readonly isForgotten: boolean; readonly ended: readonly EndedGrant[] }
  >;
}

/** The access actor, from outside. Rejects when it is out of reach. */
export type AccessPort = <Name extends keyof AccessSteps>(
  name: Name,
  input: Parameters<AccessSteps[Name]>[0],
) => Promise<ReturnType<AccessSteps[Name]>>;

/** A grant as it is kept. */
export interface GrantRow extends Omit<GrantView, 'scopes' | 'email'> {
  /** Separated by spaces (RFC 6749 §3.3). */
  readonly scopes: string;
  /** The code, also after its use: a second use ends the grant. */
  readonly code: SecretDigest;
  readonly codeUntil: number;
  readonly challenge: string;
  readonly redirect: string;
  /** The refresh token that counts. Absent: the code was not redeemed yet. */
  readonly refresh: SecretDigest | null;
  readonly refreshUntil: number;
  /** The refresh token before it, and the one that counts, sealed under it. */
  readonly previous: SecretDigest | null;
  readonly sealed: string | null;
}

export interface TokenRow {
  readonly token: SecretDigest;
  readonly grant: string;
  readonly scopes: string;
  readonly expiresAt: number;
}

/** An app as it is kept, registered or from a document. */
export interface AppRow extends ClientApp {
  readonly usedAt: number;
  /** Until when a document counts without being read again; 0 for registered apps. */
  readonly freshUntil: number;
}

export type AppKind = 'registered' | 'document';

/** The tables of the access actor. Writes of one step are kept all together or not at all. */
export interface AccessStore {
  readonly credentials: CredentialStore;
  readonly people: PersonStore;
  readonly journeys: JourneyStore;
  readonly quotas: QuotaStore;

  app(kind: AppKind, id: string): AppRow | undefined;
  putApp(kind: AppKind, row: AppRow): void;
  countApps(kind: AppKind): number;
  /** Forgets the app without a grant that was not used for longest; false if each has one. */
  dropApp(kind: AppKind): boolean;
  removeApp(kind: AppKind, id: string): void;
  /** Forgets apps without a grant that were not used since. */
  dropAppsBefore(kind: AppKind, usedAt: number): void;

  grant(grant: string): GrantRow | undefined;
  grantOfCode(code: SecretDigest): GrantRow | undefined;
  /** By the refresh token that counts, or the one before it. */
  grantOfRefresh(refresh: SecretDigest): GrantRow | undefined;
  /** By a refresh token that was followed by one that was used. */
  grantOfSpent(refresh: SecretDigest): string | undefined;
  grantsBy(choice: GrantChoice & { readonly server?: ServerName | undefined }): GrantRow[];
  putGrant(row: GrantRow): void;
  /** With its tokens and spent refresh tokens. */
  removeGrant(grant: string): void;
  /** Grants that can no longer be used: their ends, or the ends of their codes or refresh tokens, are past. */
  grantsOver(now: number): string[];

  token(token: SecretDigest): TokenRow | undefined;
  putToken(row: TokenRow): void;
  /** Keeps the tokens of a grant that expire last. */
  trimTokens(grant: string, kept: number): void;
  dropTokensBefore(now: number): void;

  spend(refresh: SecretDigest, grant: string, now: number): void;
  trimSpent(grant: string, kept: number): void;

  /** Notes that a page was used; false if it was before. */
  usePage(page: string, until: number): boolean;
  dropPagesBefore(now: number): void;

  policy(): { readonly version: number; readonly text: string } | undefined;
  putPolicy(policy: { readonly version: number; readonly text: string }): void;

  sweepAt(): number | undefined;
  setSweep(at: number): void;
}
