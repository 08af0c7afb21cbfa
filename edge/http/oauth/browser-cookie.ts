// The cookies that bind a sign-in page to the browser it was shown in, and a journey to an identity provider to the browser that left, so
// that nobody can make another browser go on (MCP, Security Best Practices, "Confused Deputy Problem"). With the prefix `__Host-` no other host and no plain HTTP can set it (RFC 6265bis §4.1.3).
import { nanoid } from 'nanoid';
import { cookieValue } from '../cookies.ts';
import { sha256 } from '../../access/digest.ts';

/** `journey` is set only once a person has allowed something, or wants to sign in at the console. */
export type CookieKind = 'consent' | 'journey';

const nameOf = (kind: CookieKind): string => `__Host-bridge-${kind}`;

const VALUE = /^[\w-]{43}$/u;
const VALUE_CHARACTERS = 43;

export interface BrowserCookie {
  /** What pages and journeys are bound to. */
  readonly digest: string;
  readonly setCookie: string;
}

/** The browser's cookie, or a new one. A browser has one for all of its tabs. */
export async function browserCookie(
  request: Request,
  kind: CookieKind,
  lastsS: number,
): Promise<BrowserCookie> {
  const value = valueIn(request, kind) ?? nanoid(VALUE_CHARACTERS);
  const setCookie = `${nameOf(kind)}=${value}; Path=/; Max-Age=${lastsS}; Secure; HttpOnly; SameSite=Lax`;
  return { digest: await sha256(value), setCookie };
}

/** The digest of the browser's cookie; undefined if it has none. */
export async function browserOf(request: Request, kind: CookieKind): Promise<string | undefined> {
  const value = valueIn(request, kind);
  return value === undefined ? undefined : sha256(value);
}

function valueIn(request: Request, kind: CookieKind): string | undefined {
  const value = cookieValue(request, nameOf(kind));
  return value !== undefined && VALUE.test(value) ? value : undefined;
}
