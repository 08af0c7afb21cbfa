// What of a session outlives its actor's memory and its sockets: how its link was lost, and when the actor must be woken for that (D1).
// While the link is up nothing is kept, and a session that was refused or has ended leaves nothing.
import type { Link } from './link-state.ts';
import type { LostSession, PlacedSession, SessionStore } from './ports.ts';
import type { Relay } from './relay.ts';

export class KeptSession {
  readonly #store: SessionStore;
  #link: Link | undefined;
  #wakeAt: number | undefined;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  lost(): LostSession | undefined {
    return this.#store.lost();
  }

  /** This is the state that the disk has. */
  has(link: Link): void {
    this.#link = link;
  }

  /** Clears what an earlier life of the actor may have stored for a session that is over. */
  clearOld(): void {
    if (this.#store.lost() !== undefined) this.#store.clear();
  }

  /** The session is over. */
  clear(link: Link): void {
    this.#store.clear();
    this.#wakeAt = undefined;
    this.#link = link;
  }

  /** The time was due that the store kept. */
  woken(): void {
    this.#wakeAt = undefined;
  }

  /** Stores what has changed. */
  keep(relay: Relay, placed: PlacedSession | undefined): void {
    this.#keepLost(relay, placed);
    this.#keepWake(relay);
  }

  /** Stores the state of a lost link; deletes it once the link is back. */
  #keepLost({ link, revision }: Relay, placed: PlacedSession | undefined): void {
    const before = this.#link;
    if (link === before) return;
    this.#link = link;
    if (link.state === 'lost' && placed) {
      const { since, isExpired } = link;
      this.#store.keepLost({ placed, since, isExpired, revision });
    } else if (before?.state === 'lost') {
      this.#store.clear();
      this.#wakeAt = undefined;
    }
  }

  /** Stores the time that must wake a sleeping actor. */
  #keepWake(relay: Relay): void {
    const at = relay.link.state === 'lost' ? relay.durableAt : undefined;
    if (at === this.#wakeAt) return;
    this.#wakeAt = at;
    this.#store.wakeAt(at);
  }
}
