// Which people that sign in elsewhere may use which servers: the operator's list, judged by what their issuer says of them. Pure.
import type { Person } from '../core/person-ports.ts';
import type { ServerName } from '../../shared/ids.ts';

/** Whom an entry means: everybody who matches each member that is there. */
export interface AllowEntry {
  readonly email?: string | undefined;
  /** Of a mail address, in lower case. */
  readonly domain?: string | undefined;
  readonly group?: string | undefined;
  readonly subject?: string | undefined;
  /** Whoever the issuer lets in. */
  readonly everyone?: true | undefined;
  readonly servers: ReadonlySet<string> | '*';
  /** Absent: all that an app is granted. */
  readonly scopes?: readonly string[] | undefined;
}

/** What a person may do with a server; `scopes` absent: all that an app is granted. */
export interface Allowed {
  readonly scopes: ReadonlySet<string> | undefined;
}

/** What the list lets a person do with a server: all that any matching entry says. Undefined: nothing. */
export function allowedTo(
  person: Person,
  list: readonly AllowEntry[],
  server: ServerName,
): Allowed | undefined {
  const matching = list.filter((entry) => matches(entry, person) && serves(entry, server));
  if (matching.length === 0) return undefined;
  const isAll = matching.some(({ scopes }) => scopes === undefined);
  return { scopes: isAll ? undefined : new Set(matching.flatMap(({ scopes }) => scopes ?? [])) };
}

/** Whether the list lets a person do anything with any server. */
export const isListed = (person: Person, list: readonly AllowEntry[]): boolean =>
  list.some((entry) => matches(entry, person));

/** Of the scopes of a grant those that a person may have. */
export const within = (scopes: readonly string[], { scopes: most }: Allowed): readonly string[] =>
  most ? scopes.filter((scope) => most.has(scope)) : scopes;

/** Whether something that was allowed is not any more. */
export const isNarrowed = (before: Allowed, now: Allowed): boolean =>
  now.scopes !== undefined &&
  (before.scopes === undefined || [...before.scopes].some((scope) => !now.scopes?.has(scope)));

const serves = ({ servers }: AllowEntry, server: ServerName): boolean =>
  servers === '*' || servers.has(server);

function matches({ email, domain, group, subject, everyone }: AllowEntry, person: Person): boolean {
  const wanted = [
    email === undefined ? undefined : email === lowerCase(person.email),
    domain === undefined ? undefined : domain === domainOf(person.email),
    group === undefined ? undefined : person.groups?.includes(group) === true,
    subject === undefined ? undefined : subject === person.subject,
    everyone,
  ].filter((is) => is !== undefined);
  return wanted.length > 0 && wanted.every(Boolean);
}

/** Only of ASCII: some letters of other scripts have an ASCII letter as their lower case. */
const lowerCase = (text: string | undefined): string | undefined =>
  text?.replace(/[A-Z]/gu, (letter) => letter.toLowerCase());

/** A domain of names in ASCII: all others are written so in mail as well (RFC 5890). */
export const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/u;

/** The domain of a mail address; subdomains are other domains. */
function domainOf(email: string | undefined): string | undefined {
  const parts = email?.split('@') ?? [];
  const domain = parts.length === 2 ? lowerCase(parts[1]) : undefined;
  return domain !== undefined && DOMAIN.test(domain) ? domain : undefined;
}
