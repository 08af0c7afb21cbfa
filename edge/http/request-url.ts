// The parsed URL of a request. All guards and routes need it, and parsing costs more than most of them.
import type { Fault } from '../../shared/fault.ts';

const urls = new WeakMap<Request, URL>();

/** `new URL(request.url)`, parsed once for each request. Call {@link checkUrl} first. */
export function urlOf(request: Request): URL {
  let url = urls.get(request);
  if (!url) {
    url = new URL(request.url);
    urls.set(request, url);
  }
  return url;
}

/** Refuses a request whose target and Host make no URL, such as `Host: a b` or a port above 65535 (RFC 9110 §7.2: 400). */
export function checkUrl(request: Request): Fault | undefined {
  const url = URL.parse(request.url);
  if (!url) return NO_URL;
  urls.set(request, url);
  return undefined;
}

/** For requests that have no URL. */
export const NO_URL: Fault = {
  fault: 'invalid_request',
  message: 'The request target and the Host header do not form a valid URL.',
};
