// Answers of the OAuth endpoints: JSON that any page may read, since public clients run in pages too and nothing here relies on cookies.
import { because } from '../refusal-reason.ts';
import type { SignInError } from '../../core/log.ts';
import { PROTOCOL_VERSION_HEADER } from '../../../shared/mcp/headers.ts';

const ANY_PAGE = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
  'X-Content-Type-Options': 'nosniff',
};

/** Tokens and registrations are kept by no cache (RFC 6749 §5.1). */
const UNCACHED = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** Metadata changes with the settings, so with a deploy. */
const METADATA_CACHE = { 'Cache-Control': 'public, max-age=300' };

export const metadataAnswer = (value: object): Response =>
  Response.json(value, { headers: { ...ANY_PAGE, ...METADATA_CACHE } });

export const oauthAnswer = (value: object, status = 200): Response =>
  Response.json(value, { status, headers: { ...ANY_PAGE, ...UNCACHED } });

/** An error object (RFC 6749 §5.2, RFC 7591 §3.2.2). */
export function oauthError(
  status: number,
  error: SignInError,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const answer = Response.json(
    { error, error_description: description },
    { status, headers: { ...ANY_PAGE, ...UNCACHED, ...headers } },
  );
  return because({ fault: error }, answer);
}

export const limitedError = (retryAfterS: number): Response =>
  oauthError(429, 'slow_down', `Too many requests. Try again in ${retryAfterS} seconds.`, {
    'Retry-After': String(retryAfterS),
  });

/** The actor is out of reach. An `invalid_grant` would make clients throw their tokens away. */
export const unavailableError = (): Response =>
  oauthError(503, 'temporarily_unavailable', 'Sign-in cannot be reached. Try again soon.', {
    'Retry-After': '5',
  });

/** What to do for each method; others, and OPTIONS, are answered here. */
export async function byMethod(
  request: Request,
  methods: Readonly<Record<string, () => Response | Promise<Response>>>,
): Promise<Response> {
  const { method } = request;
  const handle = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handle) return handle();
  const allow = [...Object.keys(methods), 'OPTIONS'].join(', ');
  if (method !== 'OPTIONS')
    return oauthError(405, 'invalid_request', `This endpoint takes ${allow}.`, { Allow: allow });
  return new Response(null, {
    status: 204,
    headers: {
      ...ANY_PAGE,
      'Access-Control-Allow-Methods': allow,
      // `*` alone does not cover Authorization (Fetch, "CORS protocol").
      'Access-Control-Allow-Headers': `Authorization, Content-Type, ${PROTOCOL_VERSION_HEADER}, *`,
      'Access-Control-Max-Age': '7200',
    },
  });
}
