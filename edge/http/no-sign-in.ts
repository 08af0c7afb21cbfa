// Answers clients that look for an OAuth server here. Such a client asks for a key only in the way it knows, so each answer has
// the form in which it expects an error, and says what to do instead.
import { because } from './refusal-reason.ts';
import type { ClientAuth } from '../settings.ts';

/** Where clients go without metadata (MCP 2025-03-26, Authorization, "Fallbacks for Servers without Metadata Discovery"). */
const ENDPOINTS: ReadonlySet<string> = new Set(['/authorize', '/token', '/register']);

/** Metadata of RFC 8414, OpenID Connect Discovery and RFC 9728, each also with a path before or behind it. */
const METADATA =
  /\/\.well-known\/(?:oauth-authorization-server|openid-configuration|oauth-protected-resource)(?:\/|$)/u;

const WITH_KEY =
  'There is no sign-in here. Ask the operator of this edge for a key, and set the header ' +
  '`Authorization: Bearer <key>` for this server in your client.';

const WITHOUT_KEY = 'There is no sign-in here, and none is needed: connect without credentials.';

/**
 * The answer to a request of an OAuth client, or undefined if it is none. Errors are objects of `error` and
 * `error_description` (RFC 6749 §5.2, RFC 7591 §3.2.2). Metadata is a 404, as on any server without OAuth: only then do
 * clients go on with a key.
 */
export function withoutSignIn(pathname: string, clientAuth: ClientAuth): Response | undefined {
  const isMetadata = METADATA.test(pathname);
  if (!isMetadata && !ENDPOINTS.has(pathname)) return undefined;
  const error = {
    error: isMetadata ? 'not_found' : 'invalid_request',
    error_description: clientAuth === 'none' ? WITHOUT_KEY : WITH_KEY,
  };
  const answer = Response.json(error, {
    status: isMetadata ? 404 : 400,
    headers: { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' },
  });
  return because({ fault: 'no_sign_in' }, answer);
}
