// Whether a runner has room for one more session, and which idle session gives way for it. Pure.
import type { PrincipalName, ServerName } from '../../shared/ids.ts';
import type { YieldFrame } from '../../shared/link/control-frames.ts';
import { fairlyIdle, ownIdle, type Held } from './yielding.ts';

/** Sessions that may be ending beside those that run. A process ends within seconds. */
const MAX_ENDING = 16;

/** One session that is not ended. */
export interface HeldPlace extends Held {
  readonly server: ServerName;
}

/** What a runner has to give. */
export interface Places {
  /** Sessions of all servers. */
  readonly capacity: number;
  /** Sessions of the server that is asked for. */
  readonly maxSessions: number;
  /** The sessions that are not ended; asked only where places may be taken, since each of thousands is looked at. */
  held(): readonly HeldPlace[];
  /** Sessions that are ended, but whose processes are not gone yet, with those that are held. */
  readonly kept: number;
}

/** `gives`: the session that must be ended for the new one; undefined if a place is free. */
export type Room = { readonly ok: true; readonly gives: Held | undefined } | { readonly ok: false };

const NONE: Room = { ok: false };

/** Room for one more session of a principal on a server. If all places are taken, an idle session gives way. */
export function roomFor(
  { server, principal }: { readonly server: ServerName; readonly principal: PrincipalName },
  { capacity, maxSessions, held, kept }: Places,
): Room {
  // One that gave way holds its place until its process has ended; only so many may be ending at once.
  if (kept >= capacity + MAX_ENDING) return NONE;
  if (kept < Math.min(capacity, maxSessions)) return { ok: true, gives: undefined };
  const all = held();
  const ofServer = all.filter((place) => place.server === server);
  if (ofServer.length >= maxSessions) return givenBy(fairlyIdle(ofServer, principal));
  if (all.length < capacity) return { ok: true, gives: undefined };
  return givenBy(fairlyIdle(all, principal));
}

const givenBy = (gives: Held | undefined): Room => (gives ? { ok: true, gives } : NONE);

/** The session that gives way when the edge needs a place: one of the principal's own, or one of the principal that has the most. */
export const yieldedFor = (
  { principal, own }: Pick<YieldFrame, 'principal' | 'own'>,
  held: readonly Held[],
): Held | undefined => (own ? ownIdle(held, principal) : fairlyIdle(held, principal));
