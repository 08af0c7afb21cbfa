// Judges the claims of an access token that another issuer made for a server of this edge (RFC 9068, RFC 8707): it is an access token,
// and for this server. Pure.
import type { Claims } from './claims.ts';
import { serverOfResource } from './resource.ts';
import { scopesIn } from './scopes.ts';
import type { ServerName } from '../../shared/ids.ts';

/** What a header may say of an access token: RFC 9068 §2.1, or no more than that it is a JWT. */
const TYPES: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt', 'jwt']);

/** Claims of ID tokens (OpenID Connect Core §2, §3.3.2.11). */
const OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash'];

/** False for an ID token, whoever it is for: it says who signed in at an app, and lets nobody in elsewhere. */
export function isAccessToken(type: string | undefined, claims: Claims): boolean {
  const written = type?.toLowerCase();
  if (written !== undefined && !TYPES.has(written)) return false;
  if (written !== undefined && written !== 'jwt') return true;
  // How issuers mark them that do not write `at+jwt`.
  const { token_use: use, typ } = claims;
  return use !== 'id' && typ !== 'ID' && !OF_ID_TOKENS.some((name) => Object.hasOwn(claims, name));
}

/**
 * True if a token is for a server: `aud` has the URL of one of its endpoints, or `audience`, where the operator named what the issuer
 * writes for all of this edge.
 */
export function isFor(
  { aud }: Claims,
  server: ServerName,
  { url, audience }: { readonly url: string; readonly audience: string | undefined },
): boolean {
  const audiences = Array.isArray(aud) ? (aud as readonly unknown[]) : [aud];
  return audiences.some(
    (one) =>
      typeof one === 'string' &&
      (audience === undefined ? serverOfResource(url, one) === server : one === audience),
  );
}

/** The scopes of a token: `scope` (RFC 8693 §4.2), or `scp`, as some issuers call it. */
export function scopesOf({ scope, scp }: Claims): readonly string[] {
  const said = scope ?? scp;
  if (typeof said === 'string') return scopesIn(said);
  return Array.isArray(said)
    ? said.filter((one): one is string => typeof one === 'string' && one !== '')
    : [];
}

/** The app that a token was made for (RFC 9068 §2.2; `azp`: OpenID Connect Core §2). */
export function appOf({ client_id: client, azp }: Claims): string | undefined {
  const said = client ?? azp;
  return typeof said === 'string' && said !== '' ? said : undefined;
}
