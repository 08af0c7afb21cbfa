// What the access actor is asked about the keys of client programs and of runners, and what it keeps of them: digests and public keys,
// never a secret.
import type { Limited, Network } from './access-limits.ts';
import type { PrincipalName, RunnerName, ServerName } from '../../shared/ids.ts';

/** SHA-256 of a secret, as lower-case hex. */
export type SecretDigest = string;

/** Whose a credential is. */
export type CredentialKind = 'client' | 'runner';

/** What proves a credential: the digest of a key or token, or a runner's public key (`ed25519:…`). */
export type Proof = SecretDigest;

/** A credential as it is kept: a row for each key. */
export interface CredentialRow {
  readonly kind: CredentialKind;
  readonly name: PrincipalName | RunnerName;
  readonly proof: Proof;
  /** `['*']`: every server. */
  readonly servers: readonly string[];
  /** ms since the epoch, as are the next two. */
  readonly createdAt: number;
  /** 0: never. */
  readonly usedAt: number;
  /** The key does not count from then on. */
  readonly notAfter: number | null;
}

/** A code with which one runner may bring its public key. */
export interface InvitationRow {
  /** The part of the code by which it is found. */
  readonly id: string;
  /** Of the whole code. */
  readonly code: SecretDigest;
  readonly runner: RunnerName;
  readonly servers: readonly string[];
  readonly until: number;
  /** Wrong codes that may still come; 0 when the code was used. */
  readonly tries: number;
}

/** A name with its keys, as its operator sees it. */
export interface CredentialView {
  readonly name: string;
  readonly servers: readonly string[];
  readonly keys: readonly Pick<CredentialRow, 'createdAt' | 'usedAt' | 'notAfter'>[];
}

/** Who a credential belongs to, and what it opens. */
export interface Holder {
  readonly name: string;
  readonly servers: readonly string[];
  /** When the key stops to count. */
  readonly notAfter: number | null;
}

type Step<Input, Output> = (input: Input, now: number) => Output;

type Named = { readonly kind: CredentialKind; readonly name: string };

export interface CredentialSteps {
  /** A new name with its first key. `full`: no place is left. */
  addCredential: Step<
    Named & {
      readonly proof: Proof;
      readonly servers: readonly string[];
      readonly notAfter: number | null;
    },
    { readonly kind: 'added' | 'taken' | 'full' }
  >;
  /** A new key for a known name; those before it count for so much longer. */
  rotateCredential: Step<
    Named & { readonly proof: Proof; readonly overlapMs: number },
    { readonly kind: 'rotated' | 'unknown' }
  >;
  /** Removes a name with all of its keys; false if there is none. */
  removeCredential: Step<Named, { readonly isRemoved: boolean }>;
  credentials: Step<{ readonly kind: CredentialKind }, readonly CredentialView[]>;
  /** Whose a proof is. */
  holder: Step<
    { readonly kind: CredentialKind; readonly proof: Proof },
    { readonly holder: Holder | undefined }
  >;
  /** The servers that runners' credentials name: they are bound to those runners. */
  boundServers: Step<Record<string, never>, readonly string[]>;
  /** Lets one machine join as this runner. An earlier invitation of the same runner counts no more. */
  invite: Step<
    Pick<InvitationRow, 'id' | 'code' | 'runner' | 'servers'>,
    { readonly kind: 'invited'; readonly until: number } | { readonly kind: 'full' }
  >;
  /** A machine brings a code and its public key. */
  join: Step<
    {
      readonly id: string;
      readonly code: SecretDigest;
      readonly proof: Proof;
      readonly from: Network;
    },
    | {
        readonly kind: 'joined';
        readonly runner: RunnerName;
        readonly servers: readonly ServerName[];
      }
    | { readonly kind: 'refused' }
    | Limited
  >;
}

/** The tables of credentials, a part of the access actor's. */
export interface CredentialStore {
  /** In the order of names, and of a name's keys in that of their making. */
  credentialsOf(kind: CredentialKind, name?: string): CredentialRow[];
  credential(kind: CredentialKind, proof: Proof): CredentialRow | undefined;
  countNames(kind: CredentialKind): number;
  putCredential(row: CredentialRow): void;
  removeCredentials(kind: CredentialKind, name: string): void;
  dropCredentialsBefore(now: number): void;

  invitation(id: string): InvitationRow | undefined;
  countInvitations(): number;
  putInvitation(row: InvitationRow): void;
  removeInvitation(id: string): void;
  removeInvitationsFor(runner: RunnerName): void;
  dropInvitationsBefore(now: number): void;
}
