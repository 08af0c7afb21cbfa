// Reads the cookies of a request (RFC 6265 §4.2.1).

/** The value of the first cookie of this name. */
export function cookieValue(request: Request, name: string): string | undefined {
  const start = `${name}=`;
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(start))?.slice(start.length);
}
