// The spares of a runner: session links that are dialled before there is a client (PROTOCOL.md LP27). This decides how many are asked
// for and when, which may be handed out, and which are let go. A spare has no process; whoever takes it gets one as every session
// does. Pure: inputs in, effects out; the host dials and speaks with the fleet.
import type { ServerName, SessionName } from '../../shared/ids.ts';
import type { SpareFrame } from '../../shared/link/control-frames.ts';
import { SPARES, SPARES_DIALLED } from '../../shared/link/sizes.ts';
import { SPARE_AGAIN_MS } from '../../shared/link/timing.ts';

/** The epoch of a spare's one dial: what comes after it is a session's. */
export const SPARE_EPOCH = 1;

export type SpareEffect =
  /** Ask the fleet to name one. */
  | { readonly do: 'want'; readonly server: ServerName }
  | { readonly do: 'dial'; readonly spare: SpareFrame }
  /** Tell the fleet that it may hand this one out, or may not any more. */
  | { readonly do: 'ready' | 'withdraw'; readonly session: SessionName }
  /** Close its link. */
  | { readonly do: 'drop'; readonly session: SessionName };

/** `withdrawn`: it has no link, and may have been handed out before the fleet knew. */
export type SpareState = 'dialling' | 'ready' | 'withdrawn';

interface Spare {
  readonly server: ServerName;
  state: SpareState;
}

export class Spares {
  /** How many each server is to have. */
  #wanted: ReadonlyMap<ServerName, number> = new Map();
  /** The servers that the edge lets this runner offer; undefined without a control link. */
  #granted: ReadonlySet<ServerName> | undefined;
  readonly #spares = new Map<SessionName, Spare>();
  /** Those that the fleet has yet to name. */
  readonly #asked = new Map<ServerName, number>();
  /** Servers that lost one, with the time when they may ask again. */
  readonly #againAt = new Map<ServerName, number>();
  #isDraining = false;

  get all(): {
    readonly session: SessionName;
    readonly server: ServerName;
    readonly state: SpareState;
  }[] {
    return [...this.#spares].map(([session, { server, state }]) => ({ session, server, state }));
  }

  has(session: SessionName): boolean {
    return this.#spares.has(session);
  }

  /** How many spares each server is to have. */
  configured(wanted: ReadonlyMap<ServerName, number>, now: number): SpareEffect[] {
    this.#wanted = wanted;
    return [...this.#letGo(), ...this.#refill(now)];
  }

  /** The edge accepted a hello, with these servers. What was asked for another offer may not be answered any more. */
  welcomed(servers: readonly ServerName[], now: number): SpareEffect[] {
    this.#granted = new Set(servers);
    this.#asked.clear();
    return [...this.#letGo(), ...this.#refill(now)];
  }

  /** The control link is gone, and with it what was asked for on it. */
  unlinked(): SpareEffect[] {
    const gone = [...this.#spares.keys()];
    this.#spares.clear();
    this.#asked.clear();
    this.#granted = undefined;
    return gone.map((session) => ({ do: 'drop', session }));
  }

  /** The runner takes no new session; the fleet closes its spares. */
  drained(): void {
    this.#isDraining = true;
  }

  /** The fleet named one. It may not be needed any more; what was never ready is handed to nobody, so it need not be remembered. */
  named(spare: SpareFrame): SpareEffect[] {
    const { session, server } = spare;
    this.#asked.set(server, Math.max(0, this.#countAsked(server) - 1));
    if (this.#spares.has(session)) return [];
    const isMissing = this.#count(server) < this.#wantedOf(server) && this.#spares.size < SPARES;
    if (this.#isDraining || !isMissing) return [{ do: 'withdraw', session }];
    this.#spares.set(session, { server, state: 'dialling' });
    return [{ do: 'dial', spare }];
  }

  /** The actor said welcome. */
  linked(session: SessionName, now: number): SpareEffect[] {
    const spare = this.#spares.get(session);
    if (spare?.state !== 'dialling') return [];
    spare.state = 'ready';
    return [{ do: 'ready', session }, ...this.#refill(now)];
  }

  /** Its link is over. */
  lost(session: SessionName, now: number): SpareEffect[] {
    const spare = this.#spares.get(session);
    if (!spare || spare.state === 'withdrawn') return [];
    spare.state = 'withdrawn';
    this.#againAt.set(spare.server, now + SPARE_AGAIN_MS);
    return [{ do: 'withdraw', session }, ...this.#refill(now)];
  }

  /** The fleet lets it go. */
  closed(session: SessionName, now: number): SpareEffect[] {
    if (!this.#spares.delete(session)) return [];
    return [{ do: 'drop', session }, ...this.#refill(now)];
  }

  /** It has its client: a session from now on. */
  taken(session: SessionName, now: number): SpareEffect[] {
    return this.#spares.delete(session) ? this.#refill(now) : [];
  }

  tick(now: number): SpareEffect[] {
    return this.#refill(now);
  }

  /** When {@link tick} is due; undefined when nothing is. */
  wakeAt(): number | undefined {
    const times = [...this.#againAt.values()];
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Withdraws what is too much. What was handed out meanwhile is served all the same. */
  #letGo(): SpareEffect[] {
    const effects: SpareEffect[] = [];
    for (const [session, spare] of this.#spares) {
      if (spare.state === 'withdrawn') continue;
      if (this.#count(spare.server) <= this.#wantedOf(spare.server)) continue;
      // Its link stays until the fleet answers: it may have been handed out.
      spare.state = 'withdrawn';
      effects.push({ do: 'withdraw', session });
    }
    return effects;
  }

  #refill(now: number): SpareEffect[] {
    for (const [server, at] of this.#againAt) if (at <= now) this.#againAt.delete(server);
    const effects: SpareEffect[] = [];
    if (this.#isDraining) return effects;
    for (const server of this.#wanted.keys()) {
      if (this.#againAt.has(server)) continue;
      while (
        this.#isRoom &&
        this.#count(server) + this.#countAsked(server) < this.#wantedOf(server)
      ) {
        this.#asked.set(server, this.#countAsked(server) + 1);
        effects.push({ do: 'want', server });
      }
    }
    return effects;
  }

  get #isRoom(): boolean {
    const asked = [...this.#asked.values()].reduce((sum, count) => sum + count, 0);
    const dialling = this.all.filter(({ state }) => state === 'dialling').length;
    return this.#spares.size + asked < SPARES && dialling + asked < SPARES_DIALLED;
  }

  #wantedOf(server: ServerName): number {
    return this.#granted?.has(server) ? (this.#wanted.get(server) ?? 0) : 0;
  }

  #countAsked(server: ServerName): number {
    return this.#asked.get(server) ?? 0;
  }

  /** Those that are linked or will be. */
  #count(server: ServerName): number {
    return this.all.filter((spare) => spare.server === server && spare.state !== 'withdrawn')
      .length;
  }
}
