// Which resource an update is of.

/** Whether a subscription to one resource is for an update of another: it may be a part of it (MCP 2025-11-25, Resources, "Subscriptions"). */
export function covers(subscribed: string, updated: string): boolean {
  if (updated === subscribed) return true;
  const folder = subscribed.endsWith('/') ? subscribed : `${subscribed}/`;
  return updated.startsWith(folder);
}
