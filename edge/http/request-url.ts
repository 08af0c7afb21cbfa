// The parsed URL of a request. All guards and routes need it, and parsing costs more than most of them, so it is done once.
import { remembering } from './remembering.ts';
import type { Fault } from '../../shared/fault.ts';

/** What is read of a URL. */
export type RequestUrl = Pick<
  URL,
  'protocol' | 'host' | 'origin' | 'pathname' | 'search' | 'searchParams'
>;

/** What a host's request may have beside Fetch: a place for its URL, since to look for it in a map costs more, and the collector most. */
export interface KeepsUrl {
  /** As {@link checkUrl} has read it. */
  parsedUrl: RequestUrl | undefined;
}

const urls = new WeakMap<Request, RequestUrl>();

/** The URL of a request. Call {@link checkUrl} first. */
export const urlOf = (request: Request): RequestUrl =>
  keptIn(request).parsedUrl ?? urls.get(request) ?? new URL(request.url);

const keptIn = (request: Request): Partial<KeepsUrl> => request as Request & Partial<KeepsUrl>;

/** Refuses a request whose target and Host make no URL, such as `Host: a b` or a port above 65535 (RFC 9110 §7.2: 400). */
export function checkUrl(request: Request): Fault | undefined {
  const kept = keptIn(request);
  if (kept.parsedUrl !== undefined || urls.has(request)) return undefined;
  const text = request.url;
  const url = text.includes('?') ? URL.parse(text) : fieldsOf(text);
  if (!url) return NO_URL;
  if ('parsedUrl' in request) kept.parsedUrl = url;
  else urls.set(request, url);
  return undefined;
}

/** The requests of one endpoint all have the same URL, if it has no query. Reading plain fields costs less than asking a `URL`. */
const fieldsOf = remembering((text): RequestUrl | undefined => {
  const url = URL.parse(text);
  if (!url) return undefined;
  const { protocol, host, origin, pathname, search, searchParams } = url;
  return { protocol, host, origin, pathname, search, searchParams };
});

/** For requests that have no URL. */
export const NO_URL: Fault = {
  fault: 'invalid_request',
  message: 'The request target and the Host header do not form a valid URL.',
};
