// The cookie that binds a sign-in page to the browser it was shown in, so that nobody can make another browser send it (MCP, Security
// Best Practices, "Confused Deputy Problem"). With the prefix `__Host-` no other host and no plain HTTP can set it (RFC 6265bis §4.1.3).
import { nanoid } from 'nanoid';
import { sha256 } from '../../access/digest.ts';

const NAME = '__Host-bridge-consent';
const VALUE = /^[\w-]{43}$/u;
const VALUE_CHARACTERS = 43;

export interface ConsentCookie {
  /** What pages are bound to. */
  readonly digest: string;
  readonly setCookie: string;
}

/** The browser's cookie, or a new one. A browser has one for all of its tabs. */
export async function consentCookie(request: Request, lastsS: number): Promise<ConsentCookie> {
  const value = valueIn(request) ?? nanoid(VALUE_CHARACTERS);
  const setCookie = `${NAME}=${value}; Path=/; Max-Age=${lastsS}; Secure; HttpOnly; SameSite=Lax`;
  return { digest: await sha256(value), setCookie };
}

/** Whether a page was shown in the browser that sent the request. */
export async function isSameBrowser(request: Request, digest: string): Promise<boolean> {
  const value = valueIn(request);
  return value !== undefined && (await sha256(value)) === digest;
}

function valueIn(request: Request): string | undefined {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${NAME}=`))?.slice(NAME.length + 1);
  return value !== undefined && VALUE.test(value) ? value : undefined;
}
