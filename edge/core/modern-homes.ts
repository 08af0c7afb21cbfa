// What a worker remembers of where the requests of modern clients go, so that most of them need not ask the fleet: to the actor of
// their principal and server, or to a spare that stands in for it (LP27). Pure: it is given the time.
import type { ModernHome } from './ports.ts';
import type { ActorName, ServerName } from '../../shared/ids.ts';

/** A server that is withdrawn is found out within this. */
const KNOWN_MS = 60_000;

/** More names than anyone configures; beyond it the busy ones are soon back. */
const MOST_KEPT = 1_000;

interface Known {
  readonly home: ActorName;
  readonly at: number;
}

export class ModernHomes {
  /** Servers without spares, with the time of asking: all their principals stay with their own actors. */
  readonly #settled = new Map<ServerName, number>();
  readonly #homes = new Map<ActorName, Known>();

  /** Where to go without asking; `actor` is the clients' own. Undefined: ask the fleet. */
  known(actor: ActorName, server: ServerName, now: number): ActorName | undefined {
    if (isFresh(this.#settled.get(server), now)) return actor;
    const known = this.#homes.get(actor);
    return isFresh(known?.at, now) ? known?.home : undefined;
  }

  /** Where to go if the fleet cannot be asked. */
  last(actor: ActorName): ActorName {
    return this.#homes.get(actor)?.home ?? actor;
  }

  /** The fleet's answer. */
  learned(actor: ActorName, server: ServerName, home: ModernHome, now: number): void {
    if (home.mayMove) keep(this.#homes, actor, { home: home.actor, at: now });
    else keep(this.#settled, server, now);
  }

  /** There was no session where the request went: the next asks. */
  forget(actor: ActorName, server: ServerName): void {
    this.#settled.delete(server);
    this.#homes.delete(actor);
  }
}

/** A time in the future is one of before the clock was set back. */
const isFresh = (at: number | undefined, now: number): boolean =>
  at !== undefined && at <= now && now - at < KNOWN_MS;

function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (map.size >= MOST_KEPT) map.clear();
  map.set(key, value);
}
