// People who sign in, by the access actor or with a token of another issuer: what is known of them, and who is blocked.
import type { ServerName } from '../../shared/ids.ts';

/** Who signed in. */
export interface Person {
  /** `owner`, or `p-` and a digest of issuer and subject: a mail address may pass to somebody else. */
  readonly id: string;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** An address that the issuer vouches for. */
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly groups?: readonly string[] | undefined;
}

/**
 * What a person is let into who signs in at the console, where another grant names a server. No server can have this name, so no app can ask
 * for it, and no call goes there.
 */
export const CONSOLE_PLACE = '/-/';

/** A grant that ended. What its app has open ends too. */
export interface EndedGrant {
  readonly grant: string;
  /** Of the person. */
  readonly person: string;
  readonly server: ServerName;
}

/** Somebody who is let in no more. */
export interface BlockedPerson {
  readonly person: Person;
  /** ms since the epoch. */
  readonly since: number;
}

type Step<Input, Output> = (input: Input, now: number) => Output;

export interface PersonSteps {
  /** Lets a person in no more, and ends their grants. What is known of them already need not be said. `full`: no place is left. */
  block: Step<
    { readonly person: Person },
    { readonly kind: 'blocked'; readonly ended: readonly EndedGrant[] } | { readonly kind: 'full' }
  >;
  /** False if the person was not blocked. */
  unblock: Step<{ readonly person: string }, { readonly isUnblocked: boolean }>;
  blockedPeople: Step<Record<string, never>, readonly BlockedPerson[]>;
  /** Whether a person may enter who has no grant here, but a token of another issuer. */
  standing: Step<{ readonly person: string }, { readonly isBlocked: boolean }>;
}

/** The tables of people, a part of the access actor's. */
export interface PersonStore {
  person(id: string): Person | undefined;
  putPerson(person: Person, seenAt: number): void;
  /** Forgets people without grants. */
  dropPeople(): void;

  blockedPerson(id: string): BlockedPerson | undefined;
  /** In the order in which they were blocked. */
  blockedPeople(): BlockedPerson[];
  countBlocked(): number;
  putBlocked(blocked: BlockedPerson): void;
  removeBlocked(id: string): void;
}
