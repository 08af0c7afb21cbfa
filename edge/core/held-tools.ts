// What runners told of tools that are not as they were pinned (PROTOCOL.md LP33), for the owner: the last of each server. Pure.
import { toldAfter } from './told-of-servers.ts';
import { isAnyHeld, type HeldFrame } from '../../shared/link/control-frames.ts';

/** The tools of one server, as its runner says. */
export type PinAlarm = Pick<HeldFrame, 'server' | 'mode' | 'count' | 'tools'>;

/** What is known of a runner's servers once it has said this; the newest stands last. */
export function heldAfter(
  known: readonly PinAlarm[] = [],
  { server, mode, count, tools }: HeldFrame,
): readonly PinAlarm[] {
  return isAnyHeld({ mode, count })
    ? toldAfter(known, { server, mode, count, tools })
    : known.filter((each) => each.server !== server);
}
