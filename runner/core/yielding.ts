// Decides which session is ended to make room for a new one: the longest-idle session of the principal that holds the most. Pure.
import type { Fault } from '../../shared/fault.ts';
import type { PrincipalName, SessionName } from '../../shared/ids.ts';

/** Why there is no room if no session can give way. */
export const ALL_BUSY: Fault = {
  fault: 'overloaded',
  message: 'The runner is full, and none of its sessions is idle. Try again soon.',
};

/** One session, as far as this choice goes. */
export interface Held {
  readonly session: SessionName;
  readonly principal: PrincipalName;
  /** No request of it is in flight. */
  readonly isIdle: boolean;
  /** Since its client last did something. */
  readonly idleMs: number;
}

/** The principal's longest idle session; undefined when none is idle. */
export function ownIdle(held: readonly Held[], principal: PrincipalName): Held | undefined {
  return longestIdle(held.filter((session) => session.principal === principal));
}

/**
 * The session, among those whose places are needed, that is ended for one more of `principal`: the longest-idle session of the principal
 * that has most, provided that this is more than `principal` has itself; else one of its own.
 */
export function fairlyIdle(held: readonly Held[], principal: PrincipalName): Held | undefined {
  const byPrincipal = Map.groupBy(held, (session) => session.principal);
  const own = byPrincipal.get(principal) ?? [];
  const richer = [...byPrincipal.values()]
    .filter((sessions) => sessions.length > own.length)
    .toSorted((a, b) => b.length - a.length);
  for (const sessions of richer) {
    const idle = longestIdle(sessions);
    if (idle) return idle;
  }
  return longestIdle(own);
}

function longestIdle(held: readonly Held[]): Held | undefined {
  let longest: Held | undefined;
  for (const session of held) {
    if (session.isIdle && session.idleMs > (longest?.idleMs ?? -1)) longest = session;
  }
  return longest;
}
