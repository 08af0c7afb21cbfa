// Finds out who is calling: the only place where a credential is taken from a request and turned into a principal. Tokens are
// kept only as SHA-256 digests, and are never echoed, logged or passed on.
import type { Fault } from '../../shared/fault.ts';
import { sha256 } from './digest.ts';
import { ANONYMOUS, type Grants, type Principal } from './principal.ts';
import type { Settings } from '../settings.ts';

/** Far above any key we hand out; keeps a hostile header from being hashed for nothing. */
const TOKEN_CHARACTERS = 4096;

/** The characters of a Bearer token (RFC 6750 §2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/u;

/** A key or token that this product made, anywhere in a text. A session id never looks like one: its parts are shorter. */
const MINTED = /mcp[cr](?:_|%5f)[\w-]{24}/iu;

/**
 * Refuses a request with one of our keys in its URL, whatever the parameter is called: URLs end up in logs (RFC 6750 §5.3). Also if this edge
 * requires no key, because the key belongs to some edge.
 */
export const checkNoKeyInUrl = ({
  pathname,
  search,
}: Pick<URL, 'pathname' | 'search'>): Fault | undefined =>
  MINTED.test(search) || MINTED.test(pathname) ? { fault: 'malformed_authorization' } : undefined;

/** Query parameters in which clients are known to send keys: URLs end up in logs (RFC 6750 §5.3). */
const QUERY_CREDENTIALS = new Set(['access_token', 'token', 'key', 'api_key']);

/** A second credential after a comma: two Authorization headers reach us joined (RFC 9110 §5.3). */
const SECOND_CREDENTIAL = /,[ \t]*[\w-]+[ \t]+[^\s=]/u;

/** `tokenSent` on a refusal: a Bearer token was there but wrong, so the challenge names an error (RFC 6750 §3.1). */
export type BearerToken =
  | { readonly ok: true; readonly token: string }
  | { readonly ok: false; readonly fault: Fault; readonly tokenSent: boolean };

const refused = (fault: Fault['fault'], tokenSent: boolean): BearerToken => ({
  ok: false,
  fault: { fault },
  tokenSent,
});

/** The request's one Bearer token. Refuses keys in the query, doubled headers and every other scheme. */
export function bearerToken(
  headers: Headers,
  url: Pick<URL, 'search' | 'searchParams'>,
): BearerToken {
  if (url.search !== '')
    for (const name of url.searchParams.keys())
      if (QUERY_CREDENTIALS.has(name.toLowerCase()))
        return refused('malformed_authorization', false);

  const header = headers.get('authorization');
  if (header === null) return refused('unauthorized', false);
  const space = header.indexOf(' ');
  const isBearer = (space < 0 ? header : header.slice(0, space)).toLowerCase() === 'bearer';
  // A token contains no comma, but other schemes separate their parameters with one.
  if (isBearer ? header.includes(',') : SECOND_CREDENTIAL.test(header))
    return refused('malformed_authorization', isBearer);
  if (!isBearer || space < 0) return refused('unauthorized', false);
  const token = header.slice(space).trim();
  if (token === '') return refused('unauthorized', false);
  if (token.length > TOKEN_CHARACTERS || !TOKEN.test(token)) return refused('unauthorized', true);
  return { ok: true, token };
}

/**
 * The client that a token belongs to; undefined if none. If clients need no key, every caller is `anonymous`, whatever
 * it sent, so `token` may be absent.
 */
export async function findClient(
  settings: Settings,
  token: string | undefined,
): Promise<Principal | undefined> {
  if (settings.clientAuth === 'none') return ANONYMOUS;
  return token === undefined ? undefined : findPrincipal(settings.clients, token);
}

/** The runner that a token belongs to, undefined if none. */
export const findRunner = (settings: Settings, token: string): Promise<Principal | undefined> =>
  findPrincipal(settings.runners, token);

/** True if the token opens `/metrics`; never if no such key is set. */
export async function isMetricsKey(settings: Settings, token: string): Promise<boolean> {
  return settings.metricsKey !== undefined && (await sha256(token)) === settings.metricsKey;
}

/**
 * Looked up by digest, without a constant-time compare: what timing could reveal about a digest near the caller's own is of no
 * use, because nobody can choose a token by its digest.
 */
async function findPrincipal(known: Grants, token: string): Promise<Principal | undefined> {
  return known.size === 0 ? undefined : known.get(await sha256(token));
}
