// What an app says of itself: in a registration (RFC 7591 §2) or in a document at the URL that is its client id (Client ID Metadata
// Documents, draft-ietf-oauth-client-id-metadata-document). Nothing of it is proved but the address of the document. Pure.
import type { ClientApp } from '../core/access-ports.ts';
import { judgeRedirect } from './redirect-uri.ts';

export const MAX_REDIRECTS = 10;

/** Bytes of an app's URIs together, so that what anybody may store stays small. */
const REDIRECT_CHARACTERS = 2_000;

const NAME_CHARACTERS = 80;

/** The name of an app that says none. */
const NAMELESS = 'An app without a name';

/** Controls, line ends, and marks that turn the direction of text or take no room: a name could hide behind them. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Errors of RFC 7591 §3.2.2. */
export interface MetadataError {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata';
  readonly why: string;
}

type Metadata =
  | { readonly ok: true; readonly app: Omit<ClientApp, 'id'> }
  | ({ readonly ok: false } & MetadataError);

const wrong = (error: MetadataError['error'], why: string): Metadata & { readonly ok: false } => ({
  ok: false,
  error,
  why,
});

/** Reads the members that are used, from a registration or a document; all others are ignored (RFC 7591 §2). */
export function readMetadata(metadata: unknown): Metadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    return wrong('invalid_client_metadata', 'The metadata must be a JSON object.');
  const { redirect_uris: uris, client_name: name } = metadata as Readonly<Record<string, unknown>>;
  if (!Array.isArray(uris) || uris.length === 0 || !uris.every((uri) => typeof uri === 'string'))
    return wrong('invalid_redirect_uri', 'redirect_uris must be a list of one or more URIs.');
  const redirects = uris as readonly string[];
  if (redirects.length > MAX_REDIRECTS || redirects.join('').length > REDIRECT_CHARACTERS)
    return wrong('invalid_redirect_uri', `At most ${MAX_REDIRECTS} short redirect_uris are taken.`);
  const verdicts = redirects.map(judgeRedirect);
  if (verdicts.includes('dangerous'))
    return wrong(
      'invalid_redirect_uri',
      'One of redirect_uris is no URI to which a person may be sent.',
    );
  if (!verdicts.includes('usable'))
    return wrong(
      'invalid_redirect_uri',
      'None of redirect_uris can be used: they must be https, http on this machine, or of a scheme of the app, without a fragment.',
    );
  return { ok: true, app: { name: readableName(name), redirects } };
}

/** A name that an app gave itself, as it may be shown. */
export function readableName(name: unknown): string {
  if (typeof name !== 'string') return NAMELESS;
  const seen = name
    .slice(0, 4 * NAME_CHARACTERS)
    .replace(UNSEEN, '')
    .replace(/\s+/gu, ' ')
    .trim();
  return Array.from(seen).slice(0, NAME_CHARACTERS).join('').trim() || NAMELESS;
}

const DOCUMENT_URL_CHARACTERS = 512;

/**
 * The URL of an app's document, if a client id is one that may be fetched: https, a path, and a public name; no port, address, user,
 * fragment or dot segments.
 */
export function documentUrl(clientId: string): URL | undefined {
  if (clientId.length > DOCUMENT_URL_CHARACTERS || !/^https:\/\/[!-~]+$/u.test(clientId))
    return undefined;
  const url = URL.parse(clientId);
  // Also refuses user, port, dot segments and every other spelling that a parser would change.
  if (!url || `https://${url.host}${url.pathname}${url.search}` !== clientId) return undefined;
  const { host } = url;
  const isName = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/u;
  const isLocal = /\.(?:localhost|local|internal|onion|arpa|lan|home)$/u;
  return url.pathname !== '/' && isName.test(host) && !isLocal.test(host) ? url : undefined;
}

/** True if a client id can only be meant as the URL of a document. */
export const isDocumentId = (clientId: string): boolean => /^https?:/iu.test(clientId);

/** Reads the text of a document that was fetched from `clientId`. */
export function readDocument(clientId: string, text: string): Metadata {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return wrong('invalid_client_metadata', 'The document of this app is not JSON.');
  }
  const read = readMetadata(json);
  if (!read.ok) return read;
  const { client_id: said, client_secret: secret } = json as Readonly<Record<string, unknown>>;
  if (said !== clientId)
    return wrong('invalid_client_metadata', 'The document of this app names another client_id.');
  if (secret !== undefined)
    return wrong('invalid_client_metadata', 'The document of this app has a secret in it.');
  return read;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a document counts without being read again: what its Cache-Control says, within a minute and an hour (RFC 9111 §5.2.2). */
export function freshMs(cacheControl: string | null): number {
  const directives = (cacheControl ?? '').toLowerCase();
  if (/\bno-(?:store|cache)\b/u.test(directives)) return MINUTE_MS;
  const age = /\bmax-age="?(\d{1,9})/u.exec(directives)?.[1];
  return age === undefined ? MINUTE_MS : Math.min(HOUR_MS, Math.max(MINUTE_MS, Number(age) * 1000));
}
