// Finds out who is calling: the only place where a credential is taken from a request and turned into a principal. Tokens are
// kept only as SHA-256 digests, and are never echoed, logged or passed on.
import type { Fault } from '../../shared/fault.ts';
import { sha256 } from './digest.ts';
import {
  assertedKey,
  judgeAssertion,
  type AssertionTerms,
  type AssertionUse,
} from './runner-assertion.ts';
import { ANONYMOUS, type Principal } from './principal.ts';
import type { Settings } from '../settings.ts';

/** Far above any key we hand out; keeps a hostile header from being hashed for nothing. */
const TOKEN_CHARACTERS = 4096;

/** Access tokens of company providers name all groups of a person. */
const FOREIGN_TOKEN_CHARACTERS = 16 * 1024;

/** Characters of a token that a client may show. */
export const clientTokenCharacters = ({ signIn }: Pick<Settings, 'signIn'>): number =>
  signIn && signIn.issuers.length > 0 ? FOREIGN_TOKEN_CHARACTERS : TOKEN_CHARACTERS;

/** The characters of a Bearer token (RFC 6750 §2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/u;

/** A key or token that this product made, anywhere in a text. A session id never looks like one: its parts are shorter. */
const MINTED = /mcp[acfkor](?:_|%5f)[\w-]{24}/iu;

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

/** `tokenSent` on a refusal: a token was there but wrong, so the challenge names an error (RFC 6750 §3.1). */
export type BearerToken =
  | { readonly ok: true; readonly token: string }
  | { readonly ok: false; readonly fault: Fault; readonly tokenSent: boolean };

const refused = (fault: Fault['fault'], tokenSent: boolean, message?: string): BearerToken => ({
  ok: false,
  fault: { fault, ...(message !== undefined && { message }) },
  tokenSent,
});

/** Where connectors put a key that cannot set Authorization. The header of many APIs, defined by no RFC. */
const API_KEY_HEADER = 'x-api-key';

const DIFFERENT_KEYS =
  'Authorization and X-API-Key hold different credentials, so it is not clear whose request this is. Send one of the two.';

/**
 * The request's one token, from `Authorization: Bearer` or from `X-API-Key`. Refuses keys in the query, doubled headers, two
 * different credentials, every other scheme, and tokens of more than `mostCharacters`.
 */
export function bearerToken(
  headers: Headers,
  url: Pick<URL, 'search' | 'searchParams'>,
  mostCharacters = TOKEN_CHARACTERS,
): BearerToken {
  if (url.search !== '')
    for (const name of url.searchParams.keys())
      if (QUERY_CREDENTIALS.has(name.toLowerCase()))
        return refused('malformed_authorization', false);

  const header = headers.get('authorization');
  const apiKey = headers.get(API_KEY_HEADER)?.trim() ?? '';
  if (apiKey === '')
    return header === null ? refused('unauthorized', false) : fromBearer(header, mostCharacters);
  // Two headers reach us joined by a comma, which no token contains.
  if (apiKey.includes(',')) return refused('malformed_authorization', true);
  const given = tokenOf(apiKey, mostCharacters);
  if (header === null || header.trim() === '') return given;
  const bearer = fromBearer(header, mostCharacters);
  const isSame = bearer.ok && given.ok && bearer.token === given.token;
  return isSame ? given : refused('malformed_authorization', true, DIFFERENT_KEYS);
}

function fromBearer(header: string, mostCharacters: number): BearerToken {
  const space = header.indexOf(' ');
  const isBearer = (space < 0 ? header : header.slice(0, space)).toLowerCase() === 'bearer';
  // A token contains no comma, but other schemes separate their parameters with one.
  if (isBearer ? header.includes(',') : SECOND_CREDENTIAL.test(header))
    return refused('malformed_authorization', isBearer);
  if (!isBearer || space < 0) return refused('unauthorized', false);
  const token = header.slice(space).trim();
  return token === '' ? refused('unauthorized', false) : tokenOf(token, mostCharacters);
}

const tokenOf = (text: string, mostCharacters: number): BearerToken =>
  text.length > mostCharacters || !TOKEN.test(text)
    ? refused('unauthorized', true)
    : { ok: true, token: text };

/**
 * The client to which the token of a digest belongs; undefined if none. If clients need no key, every caller is `anonymous`, whatever
 * it sent, so there may be no digest.
 * Looked up by digest, without a constant-time compare: what timing could reveal about a digest near the caller's own is of no
 * use, because nobody can choose a token by its digest.
 */
export function findClient(
  settings: Pick<Settings, 'clientAuth' | 'clients'>,
  digest: string | undefined,
): Principal | undefined {
  if (settings.clientAuth === 'none') return ANONYMOUS;
  return digest === undefined ? undefined : settings.clients.get(digest);
}

export type FoundRunner =
  | {
      readonly ok: true;
      readonly runner: Principal;
      /** The runner has a key, and this proof of it serves once. */
      readonly use?: AssertionUse;
    }
  /** `message`: why a signature is refused. */
  | { readonly ok: false; readonly message?: string; readonly isUnreachable?: true };

/** Whose a proof is (see Grants): undefined if nobody's, `unreachable` if that cannot be found out. */
export type FindHolder = (proof: string) => Promise<Principal | undefined | 'unreachable'>;

/** The runner that a token belongs to, or that signed it with its key. */
export async function findRunner(
  token: string,
  terms: AssertionTerms,
  find: FindHolder,
): Promise<FoundRunner> {
  const key = assertedKey(token);
  const runner = await find(key ?? (await sha256(token)));
  if (runner === 'unreachable') return { ok: false, isUnreachable: true };
  if (!runner) return { ok: false };
  if (key === undefined) return { ok: true, runner };
  const judged = await judgeAssertion(token, key, terms);
  return judged.ok ? { ok: true, runner, use: judged.use } : judged;
}

/** True if the token opens `/metrics`; never if no such key is set. */
export async function isMetricsKey(settings: Settings, token: string): Promise<boolean> {
  return settings.metricsKey !== undefined && (await sha256(token)) === settings.metricsKey;
}
