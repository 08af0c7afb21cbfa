// Which redirect URIs an app may have, and whether one that came is one of them (OAuth 2.1 §2.3, RFC 8252 §7). Pure.

/** No app needs a longer one. */
const MAX_CHARACTERS = 512;

/** A scheme, then visible ASCII without what could end an attribute, a header or a tag. */
const URI = /^([a-z][a-z0-9+.-]*):[!#-;=?-[\]_a-z~]+$/iu;

/** Schemes that run code in a page, read files, or carry their content in themselves. */
const DANGEROUS = new Set([
  'javascript',
  'data',
  'vbscript',
  'file',
  'blob',
  'about',
  'filesystem',
]);

/** An app on the person's own machine: its port changes from one sign-in to the next (RFC 8252 §7.3). */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?((?:[/?][^#]*)?)$/u;

/** What an app that registers is told of a URI: `dangerous` fails the registration, `unusable` is kept and never redirected to. */
export type RedirectVerdict = 'usable' | 'unusable' | 'dangerous';

/** Judges a URI that an app names as its own. */
export function judgeRedirect(uri: string): RedirectVerdict {
  const scheme = schemeOf(uri);
  if (scheme === undefined || DANGEROUS.has(scheme)) return 'dangerous';
  if (uri.includes('#')) return 'unusable';
  if (scheme === 'http') return LOOPBACK.test(uri) ? 'usable' : 'unusable';
  if (scheme !== 'https') return 'usable';
  const url = URL.parse(uri);
  const isPlain = url !== null && url.host !== '' && !authorityOf(uri).includes('@');
  return isPlain ? 'usable' : 'unusable';
}

/**
 * True if an app that named `own` may be answered at `uri`: byte for byte, except for the port of an address of the person's own
 * machine. Nothing is normalised: `..`, another case or another loopback name is another URI.
 */
export const isOwnRedirect = (own: readonly string[], uri: string): boolean =>
  judgeRedirect(uri) === 'usable' &&
  own.some((one) => one === uri || (isLoopback(one) && portless(one) === portless(uri)));

/** True for an address of the person's own machine: any program there can take it, whoever published the app. */
export const isLoopback = (uri: string): boolean => LOOPBACK.test(uri);

/** Where an answer goes, in words for a person: a host, or the scheme of an app. */
export function redirectHost(uri: string): string {
  const scheme = schemeOf(uri) ?? '';
  return scheme === 'http' || scheme === 'https' ? new URL(uri).host : `${scheme}:`;
}

/** The URI with parameters added to its query; all else stays as the app wrote it. */
export function withParameters(uri: string, parameters: Readonly<Record<string, string>>): string {
  const added = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const joint = !uri.includes('?') ? '?' : /[?&]$/u.test(uri) ? '' : '&';
  return `${uri}${joint}${added}`;
}

function portless(uri: string): string | undefined {
  const parts = LOOPBACK.exec(uri);
  if (!parts || Number(parts[2] ?? 1) > 65_535) return undefined;
  return `${parts[1]}${parts[3]}`;
}

const schemeOf = (uri: string): string | undefined =>
  uri.length > MAX_CHARACTERS ? undefined : URI.exec(uri)?.[1]?.toLowerCase();

const authorityOf = (uri: string): string => /^[^:]+:\/\/([^/?#]*)/u.exec(uri)?.[1] ?? '';
