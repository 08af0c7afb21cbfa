// CORS for listed browser origins. Nothing here relies on cookies, so credentials are never allowed.
import type { Settings } from '../settings.ts';
import { checkOrigin } from './guards/origin.ts';
import { refuse } from './refuse.ts';
import {
  LAST_EVENT_ID_HEADER,
  METHOD_HEADER,
  NAME_HEADER,
  PARAM_HEADER_PREFIX,
  PROTOCOL_VERSION_HEADER,
  SESSION_ID_HEADER,
} from '../../shared/mcp/headers.ts';

/** What the endpoints answer to, and the `Allow` of an OPTIONS that is not a preflight. */
const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS'];

/** Every header an MCP client sends. `*` is not enough: it does not cover Authorization (Fetch, "CORS protocol"). */
const REQUEST_HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'X-API-Key',
  LAST_EVENT_ID_HEADER,
  PROTOCOL_VERSION_HEADER,
  METHOD_HEADER,
  NAME_HEADER,
  SESSION_ID_HEADER,
];

/** What a page's client must read to keep a session, to answer a challenge and to back off. */
const EXPOSED_HEADERS = `${SESSION_ID_HEADER}, WWW-Authenticate, Retry-After`;

/** Two hours, the longest that Chromium honours. */
const PREFLIGHT_MAX_AGE_S = 7200;

/** One object for all requests of programs, so that they are known by it. */
export const NO_CORS: Record<string, string> = {};

/** CORS headers of a response; none for requests without an Origin or with one that is not listed. */
export function corsHeaders(request: Request, settings: Settings): Record<string, string> {
  const origin = request.headers.get('origin');
  if (origin === null || !settings.origins.has(origin)) return NO_CORS;
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': EXPOSED_HEADERS,
    Vary: 'Origin',
  };
}

/** Headers of tools' arguments that a page asks to send: their names are the tools' own, so they cannot be listed. */
function askedParamHeaders(request: Request): string[] {
  const asked = request.headers.get('access-control-request-headers') ?? '';
  const names = asked.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name.startsWith(PARAM_HEADER_PREFIX) && TOKEN.test(name));
}

/** A header's name (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/u;

/** The answer to OPTIONS: 204 for pages that may call, 403 for others, 405 without an Origin. */
export function preflight(request: Request, settings: Settings): Response {
  if (!request.headers.has('origin'))
    return refuse({ fault: 'method_not_allowed' }, { allow: METHODS });
  const fault = checkOrigin(request, settings);
  if (fault !== undefined) return refuse(fault);
  return new Response(null, {
    status: 204,
    headers: {
      'X-Content-Type-Options': 'nosniff',
      ...corsHeaders(request, settings),
      'Access-Control-Allow-Methods': METHODS.join(', '),
      'Access-Control-Allow-Headers': [...REQUEST_HEADERS, ...askedParamHeaders(request)].join(
        ', ',
      ),
      'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
      'Cache-Control': 'no-store',
    },
  });
}
