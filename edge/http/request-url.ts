// The parsed URL of a request: guards and routes all need it, and parsing costs more than most of them.

const urls = new WeakMap<Request, URL>();

/** `new URL(request.url)`, parsed once a request. */
export function urlOf(request: Request): URL {
  let url = urls.get(request);
  if (!url) {
    url = new URL(request.url);
    urls.set(request, url);
  }
  return url;
}
