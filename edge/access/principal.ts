// The proved identity of a client or a runner, and what it may reach.
import type { Person } from '../core/person-ports.ts';
import type { ServerName } from '../../shared/ids.ts';

export interface Principal {
  readonly name: string;
  /** `'*'`: every server. */
  readonly servers: ReadonlySet<string> | '*';
  /** Of a key of the settings: its digest. */
  readonly key?: string;
  /** The app that acts for a person, of those that signed in; absent for keys. */
  readonly client?: string;
  /** Of those that signed in: the grant, its scopes, and when their token expires (ms since the epoch). */
  readonly grant?: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: number;
  /** What an identity provider or issuer says of a person. A mail address only if it vouches for it. */
  readonly email?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Who they are there, and what they are called. */
  readonly identity?: Pick<Person, 'issuer' | 'subject' | 'name'> | undefined;
}

/** What the principal of a person who signed in has, whatever they may do. */
export const factsOfPerson = ({
  id: name,
  email,
  groups,
  ...identity
}: Person): Pick<Principal, 'name' | 'email' | 'groups' | 'identity'> => ({
  name,
  ...(email !== undefined && { email }),
  ...(groups && { groups }),
  identity,
});

/** Principals by the SHA-256 digest of their token (64 lower-case hex digits), or by the public key of a runner (`ed25519:…`). */
export type Grants = ReadonlyMap<string, Principal>;

/** The name of clients without a key, when none is required. No client with a key may have this name, or their actions would be mixed up. */
export const ANONYMOUS_NAME = 'anonymous';

/** Names of people that sign in: the owner, and others by a digest. No client with a key may have one of them. */
export const PERSON_NAME = /^(?:owner|p-[\w-]{22})$/u;

/** Whether a name is kept for somebody: see {@link ANONYMOUS_NAME} and {@link PERSON_NAME}. */
export const isKeptName = (name: string): boolean =>
  name === ANONYMOUS_NAME || PERSON_NAME.test(name);

/** The principal of every client if the operator sets BRIDGE_CLIENT_AUTH to `none`. */
export const ANONYMOUS: Principal = { name: ANONYMOUS_NAME, servers: '*' };

/** True if the principal may use the server. */
export const grants = (principal: Principal, server: ServerName): boolean =>
  principal.servers === '*' || principal.servers.has(server);

/**
 * The servers that some runner's entry names. They are bound to the runners that name them: one with `'*'` offers all others, so that a
 * new machine cannot take a server away from the machine it was meant for.
 */
export function boundServers(runners: Grants): ReadonlySet<string> {
  const bound = new Set<string>();
  for (const { servers } of runners.values())
    if (servers !== '*') for (const server of servers) bound.add(server);
  return bound;
}
