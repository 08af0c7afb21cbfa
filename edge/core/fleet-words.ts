// What a session's actor waits for of the fleet: where its session is, that one is placed, and that it is known that one is over.
import type { Opened, Opening } from './ports.ts';
import type { EdgeSessionEffect } from './session-effects.ts';
import type { Dues } from '../../shared/dues.ts';
import type { SessionName, SocketId } from '../../shared/ids.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** Work that waits for the fleet's answer; `fail` if none comes. */
interface Deferred {
  readonly run: () => void;
  readonly fail: () => void;
}

/** How the opening of a session ended; undefined if the fleet broke away. */
export type OpenedHere = Opened<undefined> | undefined;

/** How soon the fleet is told again that a session is over; it has answered or broken away long before. */
const AGAIN_MS = 5_000;

export class FleetWords {
  readonly #effect: (effect: EdgeSessionEffect) => void;
  /** Whether it is known what session there is; a fresh actor must first ask the fleet. */
  #memory: 'none' | 'asking' | 'known' = 'none';
  #untilKnown: Deferred[] = [];
  /** A session is being placed. The runner's dial may come before the fleet's answer. */
  #placing: ((outcome: OpenedHere) => void)[] | undefined;
  #untilPlaced: (() => void)[] = [];
  /** Ended sessions that the fleet has not confirmed yet, with the runner's socket. */
  readonly #forgetting = new RareMap<SessionName, SocketId | undefined>();
  #untilForgotten: (() => void)[] = [];
  /** When the fleet is told of them again. An actor that sleeps before it has heard would leave them in the books. */
  #againAt: number | undefined;

  constructor(effect: (effect: EdgeSessionEffect) => void) {
    this.#effect = effect;
  }

  get isKnown(): boolean {
    return this.#memory === 'known';
  }

  /** It is known from elsewhere. */
  know(): void {
    this.#memory = 'known';
  }

  forget(): void {
    this.#memory = 'none';
  }

  /** An actor without memory first asks the fleet whether there is a session. */
  whenKnown(deferred: Deferred): void {
    if (this.isKnown) return deferred.run();
    this.#untilKnown.push(deferred);
    if (this.#memory === 'asking') return;
    this.#memory = 'asking';
    this.#effect({ do: 'find' });
  }

  /** The answer to `find` is there. `recover`: takes it up, unless it became known meanwhile. */
  found(isAnswered: boolean, recover: () => void): void {
    const deferred = this.#untilKnown.splice(0);
    if (this.#memory === 'asking') {
      this.#memory = isAnswered ? 'known' : 'none';
      recover();
    }
    for (const { run, fail } of deferred) (this.isKnown ? run : fail)();
  }

  /** Has a session placed. Requests that come meanwhile share it. */
  place(
    tell: (outcome: OpenedHere) => void,
    wish: () => Opening & { readonly session: SessionName },
  ): void {
    if (this.#placing) return void this.#placing.push(tell);
    this.#placing = [tell];
    // Its name is new, so there is nothing to ask the fleet.
    this.#memory = 'known';
    this.#effect({ do: 'place', wish: wish() });
  }

  whenPlaced(run: () => void): void {
    if (this.#placing) this.#untilPlaced.push(run);
    else run();
  }

  placed(outcome: OpenedHere): void {
    const waiting = this.#placing ?? [];
    this.#placing = undefined;
    for (const tell of waiting) tell(outcome);
    for (const run of this.#untilPlaced.splice(0)) run();
  }

  /** Tells the fleet that a session is over; `socket`: of its runner, which hears it after the fleet. */
  over(session: SessionName, now: number, socket?: SocketId): void {
    this.#forgetting.set(session, socket ?? this.#forgetting.get(session));
    this.#tellOver(session, now);
  }

  #tellOver(session: SessionName, now: number): void {
    this.#againAt = now + AGAIN_MS;
    this.#effect({ do: 'closed', session });
  }

  readonly dues: Dues = (due) => due(this.#againAt, this.#again, AGAIN_MS);

  readonly #again = (now: number): void => {
    for (const session of this.#forgetting.keys()) this.#tellOver(session, now);
  };

  whenForgotten(run: () => void): void {
    if (this.#forgetting.size > 0) this.#untilForgotten.push(run);
    else run();
  }

  /** The fleet was told, or could not be. `leave`: lets the runner's socket go, if there is one. */
  forgotten(session: SessionName, leave: (socket: SocketId) => void): void {
    const socket = this.#forgetting.get(session);
    this.#forgetting.delete(session);
    if (socket !== undefined) leave(socket);
    if (this.#forgetting.size > 0) return;
    this.#againAt = undefined;
    for (const run of this.#untilForgotten.splice(0)) run();
  }
}
