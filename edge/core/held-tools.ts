// What runners told of tools that are not as they were pinned (PROTOCOL.md LP33), for the owner: the last of each server. Pure.
import type { HeldFrame } from '../../shared/link/control-frames.ts';

/** Of a runner; each is 1 KB at most. */
const MOST_SERVERS = 32;

/** The tools of one server, as its runner says. */
export type PinAlarm = Pick<HeldFrame, 'server' | 'mode' | 'count' | 'tools'>;

/** What is known of a runner's servers once it has said this; the newest stands last. */
export function heldAfter(
  known: readonly PinAlarm[] | undefined,
  { server, mode, count, tools }: HeldFrame,
): readonly PinAlarm[] {
  const others = (known ?? []).filter((each) => each.server !== server);
  const isHeld = mode === 'all' || count > 0;
  return isHeld ? [...others, { server, mode, count, tools }].slice(-MOST_SERVERS) : others;
}
