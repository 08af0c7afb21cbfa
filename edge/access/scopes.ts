// The scopes there are, in words, and which of them an app gets. Pure.
import { ALL_OF_SERVER } from '../core/policy.ts';

/** A refresh token: every app gets one, so it is listed for those that ask, and never granted as a right (OpenID Connect Core §11). */
export const OFFLINE = 'offline_access';

/** What an app that may do anything with a server is told to ask for. */
export const ASKED_SCOPES: readonly string[] = [ALL_OF_SERVER];

/** The scopes of a text (RFC 6749 §3.3). */
export const scopesIn = (text: string): string[] => [
  ...new Set(text.split(' ').filter((scope) => scope !== '')),
];

/** The scopes that a server has, and those to ask for at first. */
interface ServerScopes {
  readonly scopes: readonly string[];
  readonly ask: readonly string[];
}

/** Of a server without a policy. */
const WHOLE: ServerScopes = { scopes: ASKED_SCOPES, ask: ASKED_SCOPES };

/** What an app may be granted of what it asked for: unknown scopes are left out, and one that names none we know asks for the usual ones. */
export function grantable(
  asked: readonly string[],
  { scopes, ask }: ServerScopes = WHOLE,
): readonly string[] {
  const known = scopes.filter((scope) => asked.includes(scope));
  return known.length === 0 ? ask : known;
}

/** What a scope means, for the person who grants it. */
export const scopeInWords = (scope: string, server: string): string =>
  scope === ALL_OF_SERVER ? `Use everything that ${server} offers, as you` : scope;
