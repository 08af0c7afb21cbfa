// Which resource an update is of.

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
