// The parsed URL of a request. All guards and routes need it, and parsing costs more than most of them, so it is done once.
import type { Fault } from '../../shared/fault.ts';

/** What is read of a URL. */
export type RequestUrl = Pick<
  URL,
  'protocol' | 'host' | 'origin' | 'pathname' | 'search' | 'searchParams'
>;

const urls = new WeakMap<Request, RequestUrl>();

/** URLs without a query that came before, read into plain fields: the requests of one endpoint all have the same. */
const known = new Map<string, RequestUrl>();

/** When it is full it is cleared: the busy ones are soon back. */
const KNOWN_URLS = 64;
const KNOWN_CHARACTERS = 256;

/** The URL of a request. Call {@link checkUrl} first. */
export const urlOf = (request: Request): RequestUrl => urls.get(request) ?? new URL(request.url);

/** Refuses a request whose target and Host make no URL, such as `Host: a b` or a port above 65535 (RFC 9110 §7.2: 400). */
export function checkUrl(request: Request): Fault | undefined {
  if (urls.has(request)) return undefined;
  const text = request.url;
  const url = known.get(text) ?? parsed(text);
  if (!url) return NO_URL;
  urls.set(request, url);
  return undefined;
}

function parsed(text: string): RequestUrl | undefined {
  const url = URL.parse(text);
  if (!url || text.length > KNOWN_CHARACTERS || text.includes('?')) return url ?? undefined;
  const { protocol, host, origin, pathname, search, searchParams } = url;
  const fields = { protocol, host, origin, pathname, search, searchParams };
  if (known.size >= KNOWN_URLS) known.clear();
  known.set(text, fields);
  return fields;
}

/** For requests that have no URL. */
export const NO_URL: Fault = {
  fault: 'invalid_request',
  message: 'The request target and the Host header do not form a valid URL.',
};
