// Which resource an update is of, and how many a session may watch.

/** More resources than a client watches, and longer than their URIs are. */
export const MAX_WATCHED = 1_024;
export const MAX_URI = 8_192;

/** Whether a subscription to one resource is for an update of another: it may be a part of it (MCP 2025-11-25, Resources, "Subscriptions"). */
export function covers(subscribed: string, updated: string): boolean {
  if (updated === subscribed) return true;
  const folder = subscribed.endsWith('/') ? subscribed : `${subscribed}/`;
  return updated.startsWith(folder);
}

/** All URIs that {@link covers} an update, but for those of a length that is not `wanted`. */
export function* coveringUris(
  updated: string,
  wanted: (length: number) => boolean,
): Iterable<string> {
  if (wanted(updated.length)) yield updated;
  for (let at = updated.indexOf('/'); at >= 0; at = updated.indexOf('/', at + 1)) {
    if (wanted(at)) yield updated.slice(0, at);
    if (at + 1 < updated.length && wanted(at + 1)) yield updated.slice(0, at + 1);
  }
}
