// Checks where a request comes from and goes to: Host, Origin, and a path without tricks. Together they stop DNS rebinding and
// cross-site calls on every route (MCP 2025-11-25, Transports, "Security Warning").
import type { Fault } from '../../../shared/fault.ts';
import type { Settings } from '../../settings.ts';
import { urlOf } from '../request-url.ts';

/** Refuses a Host that is not listed. With no list every Host passes, as long as it is the one of the request's URL. */
export function checkHost(request: Request, settings: Settings): Fault | undefined {
  const url = urlOf(request);
  const header = request.headers.get('host');
  const isServed =
    (settings.hosts === 'any' || settings.hosts.has(url.host)) &&
    (header === null || header === url.host || hostOf(`${url.protocol}//${header}`) === url.host);
  return isServed ? undefined : { fault: 'host_not_allowed' };
}

/**
 * Refuses a request from a browser page that is neither listed nor the edge's own. What a page of another site loads without CORS
 * (an image, a frame, `fetch` with `no-cors`) has no Origin; browsers say in `Sec-Fetch-Site` where it comes from. Programs send
 * neither, and pass. Other ports of a machine are the same site, so `same-site` is as foreign as `cross-site`.
 */
export function checkOrigin(request: Request, settings: Settings): Fault | undefined {
  const origin = request.headers.get('origin');
  if (origin === null) {
    const site = request.headers.get('sec-fetch-site');
    return site === null || OWN_SITES.has(site) ? undefined : { fault: 'origin_not_allowed' };
  }
  if (settings.origins.has(origin)) return undefined;
  return isOwnPage(origin, request, settings) ? undefined : { fault: 'origin_not_allowed' };
}

/** Values of `Sec-Fetch-Site` of a request that no other site made (Fetch Metadata, §2.4). */
const OWN_SITES: ReadonlySet<string> = new Set(['none', 'same-origin']);

/** Refuses every request that has an Origin: runners send none, so the sender is a browser page. */
export function checkNoOrigin(request: Request): Fault | undefined {
  return request.headers.has('origin') ? { fault: 'origin_not_allowed' } : undefined;
}

/**
 * Refuses paths that a proxy might read differently: percent escapes, empty segments, a trailing slash. Our
 * routes need none of them, so a path that passes matches exactly or is unknown.
 */
export function checkPath(request: Request): Fault | undefined {
  const { pathname } = urlOf(request);
  return pathname === '/' || /^(?:\/[A-Za-z0-9._~-]+)+$/u.test(pathname)
    ? undefined
    : { fault: 'not_found' };
}

/**
 * Only if hosts are listed: with any Host accepted, a rebound page would look like our own. A page over plain HTTP is
 * not the same origin as an edge over HTTPS; the reverse is an edge behind a TLS terminator.
 */
function isOwnPage(origin: string, request: Request, settings: Settings): boolean {
  if (settings.hosts === 'any' || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = urlOf(request);
  return (
    page.origin === origin &&
    (page.protocol === 'https:' || page.protocol === own.protocol) &&
    page.host === own.host &&
    settings.hosts.has(page.host)
  );
}

const hostOf = (text: string): string | undefined =>
  URL.canParse(text) && /^https?:\/\/[^/?#@\\]+$/u.test(text) ? new URL(text).host : undefined;
