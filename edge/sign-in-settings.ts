// Reads the settings with which people sign in: the edge's own URL, the owner's key, and who else vouches for people. What is wrong with
// them keeps that way of signing in closed.
import type { Problem } from '../shared/problem.ts';
import {
  readIssuers,
  readProvider,
  type IdentityProvider,
  type TrustedIssuer,
} from './identity-settings.ts';
import {
  DIGEST,
  DIGEST_FORM,
  digestOf,
  LOOPBACK_HOST,
  variableText,
  type Problems,
} from './variable.ts';

/** How people sign in (OAuth 2.1). */
export interface SignIn {
  /** The issuer and origin of all endpoints: BRIDGE_URL, without a slash at the end. */
  readonly issuer: string;
  /** Digests of the owner's key: one, or two around its replacement; none if there is no owner. */
  readonly ownerKeys: ReadonlySet<string>;
  /** Where people sign in who are not the owner. */
  readonly provider?: IdentityProvider | undefined;
  /** Whose access tokens count beside our own. */
  readonly issuers: readonly TrustedIssuer[];
  /** How long an access token lasts. */
  readonly tokenMs: number;
}

/** What the sign-in settings say. */
export interface SignInSettings {
  /** The origin under which clients reach the edge. */
  readonly url?: string;
  readonly signIn?: SignIn;
}

const URL_FORM =
  'an origin such as https://bridge.example, without a path or a slash at the end; http only for this machine, such as http://127.0.0.1:8787';

const OWNER_KEYS = 2;

const MINUTE_MS = 60_000;
const DEFAULT_TOKEN_MS = 8 * 60 * MINUTE_MS;
const TOKEN_MS = { least: 15 * MINUTE_MS, most: 24 * 60 * MINUTE_MS };

/** `url`: see {@link readOwnUrl}. `clientAuth`: with `none` anybody is served, and nobody need sign in. */
export function readSignIn(
  env: Record<string, unknown>,
  problems: Problems,
  { url, clientAuth }: { readonly url: string | undefined; readonly clientAuth: 'keys' | 'none' },
): SignInSettings {
  const ownerKeys = readOwner(env, problems);
  const provider = readProvider(env, problems);
  const issuers = readIssuers(env, problems);
  const tokenMs = readTokenMs(env, problems);
  const known = { ...(url !== undefined && { url }) };
  const [variable] = [
    ...(ownerKeys.size > 0 ? ['BRIDGE_OWNER'] : []),
    ...(provider ? ['BRIDGE_IDP'] : []),
    ...(issuers.length > 0 ? ['BRIDGE_ISSUERS'] : []),
  ];
  if (variable === undefined) return known;
  if (clientAuth === 'none') {
    problems.push({
      what: `${variable} is set, and BRIDGE_CLIENT_AUTH is "none", so nobody is asked to sign in`,
      fix: 'Leave out one of the two.',
    });
    return known;
  }
  if (url !== undefined)
    return {
      url,
      signIn: { issuer: url, ownerKeys, ...(provider && { provider }), issuers, tokenMs },
    };
  if (variableText(env, [], 'BRIDGE_URL') === undefined)
    problems.push({
      what: `${variable} is set but BRIDGE_URL is not, so nobody can sign in`,
      fix: `Set BRIDGE_URL to ${URL_FORM}.`,
    });
  return known;
}

/** True if people sign in at this edge; false if only tokens of other issuers count. */
export const hasOwnSignIn = ({ ownerKeys, provider }: SignIn): boolean =>
  ownerKeys.size > 0 || provider !== undefined;

/** The origin under which clients reach the edge. */
export function readOwnUrl(env: Record<string, unknown>, problems: Problems): string | undefined {
  const text = variableText(env, problems, 'BRIDGE_URL');
  if (text === undefined || text === '') return undefined;
  const why = mistakeInUrl(text);
  if (why === undefined) return text;
  problems.push({
    what: `BRIDGE_URL ${why}, so nobody can sign in`,
    fix: `Set it to ${URL_FORM}.`,
  });
  return undefined;
}

function mistakeInUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'is not an http or https URL';
  if (url.protocol === 'http:' && !LOOPBACK_HOST.test(url.host))
    return 'is http for a host that others reach';
  if (text === url.origin) return undefined;
  return text === `${url.origin}/`
    ? 'ends in a slash'
    : 'is more than an origin, or not spelled as one';
}

/** One digest, or two with a comma between. If one is wrong, none counts. */
function readOwner(env: Record<string, unknown>, problems: Problems): ReadonlySet<string> {
  const text = variableText(env, problems, 'BRIDGE_OWNER');
  if (text === undefined || text === '') return new Set();
  const digests = text.split(',').map((part) => part.trim());
  if (digests.length <= OWNER_KEYS && digests.every((digest) => DIGEST.test(digest)))
    return new Set(digests.map(digestOf));
  const problem: Problem = {
    what: 'BRIDGE_OWNER is not one or two digests, so the owner cannot sign in',
    fix: `Set it to ${DIGEST_FORM}, as \`mcp-bridge credential owner\` prints it; two are separated by a comma.`,
  };
  problems.push(problem);
  return new Set();
}

function readTokenMs(env: Record<string, unknown>, problems: Problems): number {
  const text = variableText(env, problems, 'BRIDGE_TOKEN_TTL');
  if (text === undefined || text === '') return DEFAULT_TOKEN_MS;
  const [, count = '', unit = ''] = /^(\d{1,5})\s*(s|m|min|h)$/u.exec(text) ?? [];
  const ms = Number(count) * (unit === 'h' ? 60 * MINUTE_MS : unit === 's' ? 1_000 : MINUTE_MS);
  if (count !== '' && ms >= TOKEN_MS.least && ms <= TOKEN_MS.most) return ms;
  problems.push({
    what: 'BRIDGE_TOKEN_TTL is not a time from 15 minutes to 24 hours, so tokens last 8 hours',
    fix: 'Set it to a time such as "15m" or "8h".',
  });
  return DEFAULT_TOKEN_MS;
}
