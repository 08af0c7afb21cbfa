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

/** What is granted of what was asked: unknown scopes are left out, and an app that names none we know gets the whole server. */
export function grantable(asked: readonly string[]): readonly string[] {
  const known = asked.filter((scope) => ASKED_SCOPES.includes(scope));
  return known.length === 0 ? ASKED_SCOPES : known;
}

/** What a scope means, for the person who grants it. */
export const scopeInWords = (scope: string, server: string): string =>
  scope === ALL_OF_SERVER ? `Use everything that ${server} offers, as you` : scope;
