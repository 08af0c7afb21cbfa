// The state of a session's link to its runner, as its actor sees it. Pure.
import { DIAL_WAIT_MS } from '../../shared/link/timing.ts';

/** Times are milliseconds since the epoch. */
export type Link =
  /** The runner's first dial is awaited. */
  | { readonly state: 'awaited'; readonly until: number }
  | { readonly state: 'linked'; readonly epoch: number }
  /** `isExpired`: longer than the grace. */
  | { readonly state: 'lost'; readonly since: number; readonly isExpired: boolean }
  | { readonly state: 'ended' };

/** The same link; its times are moved if the clock was set back, so that nobody waits until it is there again. */
export function rebasedLink(link: Link, now: number): Link {
  if (link.state === 'lost' && link.since > now) return { ...link, since: now };
  if (link.state === 'awaited' && link.until > now + DIAL_WAIT_MS)
    return { ...link, until: now + DIAL_WAIT_MS };
  return link;
}
