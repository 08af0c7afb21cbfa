// The simulated fleet actor. It hosts edge/core/fleet.ts.
import type { Fleet } from '../../edge/core/fleet.ts';
import type { ControlNote } from '../../edge/core/control-links.ts';
import type { FleetEffect } from '../../edge/core/fleet-effects.ts';
import type {
  ControlDial,
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  PlacedSession,
} from '../../edge/core/ports.ts';
import { actorOf } from '../../shared/ids.ts';
import { ActorHost, type Asker } from './actor-host.ts';
import { ActorSockets, type Dialled } from './sockets.ts';
import { CROWD } from './names.ts';
import { MemoryFleetStore } from './stores.ts';
import type { World } from './world.ts';

const TERMS = { isConfigured: true, hasQuotas: true };

/** What signing takes. */
const SIGN_MS = 2;

const CALL_MS = 15;

export class FleetNode extends ActorHost<FleetEffect> {
  readonly #store: MemoryFleetStore;
  readonly #sockets: ActorSockets<ControlNote>;
  readonly #askers = new Map<string, Asker<Opened<PlacedSession>>>();
  #fleet: Fleet;
  /** Actors that die as they are told that their session is given up. */
  readonly #doomed = new Set<string>();
  #isEndDoomed = false;
  #isDrowsy = false;

  constructor(world: World) {
    const store = new MemoryFleetStore();
    super(world, store);
    this.#store = store;
    this.#sockets = new ActorSockets<ControlNote>({
      now: () => this.now,
      reckonsPings: true,
      message: (socket, text) => void this.step(() => this.#fleet.message(socket, text, this.now)),
      gone: (socket) => void this.step(() => this.#fleet.gone(socket, this.now)),
    });
    this.#fleet = this.#recovered();
  }

  doomGivenUp(actor: string): void {
    this.#doomed.add(actor);
  }

  /** It dies as it hears the next time that a session is over, and whoever says so sleeps if nothing keeps it awake. */
  doomEnd(): void {
    this.#isEndDoomed = true;
  }

  /** It sleeps in its next signing, if nothing keeps it awake. */
  drowse(): void {
    this.#isDrowsy = true;
  }

  /** Sessions in the books, and those of which an actor has yet to hear. */
  get held(): string[] {
    return [...this.#store.sessions(), ...this.#store.owed()].map(({ session }) => session);
  }

  /** The spares of a runner that it may hand out. */
  readyOn(runner: string): string[] {
    return this.#store
      .spares({ runner })
      .filter(({ isReady }) => isReady)
      .map(({ session }) => session)
      .toSorted();
  }

  open(wish: Opening & { readonly session: string }, asker: Asker<Opened<PlacedSession>>): void {
    const ask = this.mint(8);
    this.#askers.set(ask, asker);
    this.step(() => this.#fleet.open(ask, wish, this.now));
  }

  home(opening: Opening, actor: string, asker: Asker<Opened<ModernHome>>): void {
    this.#told(asker, () => {
      const { home, effects } = this.#fleet.home(opening, actor, this.now);
      return { answer: home, effects };
    });
  }

  mayOpen(opening: Opening, asker: Asker<Opened<OpeningTurn>>): void {
    this.#told(asker, () => {
      const { turn, effects } = this.#fleet.mayOpen(opening, this.now);
      return { answer: turn, effects };
    });
  }

  /** Answers at once, or not at all. */
  #told<T>(asker: Asker<T>, run: () => { answer: T; effects: FleetEffect[] }): void {
    let told: { readonly answer: T } | undefined;
    const lives = this.step(() => {
      const { answer, effects } = run();
      told = { answer };
      return effects;
    });
    if (lives && told) asker.answer(told.answer);
    else asker.broken();
  }

  placed(actor: string, asker: Asker<PlacedSession | undefined>): void {
    this.#told(asker, () => ({ answer: this.#fleet.placed(actor), effects: [] }));
  }

  closed(session: string, asker: Asker<boolean>): void {
    if (this.#isEndDoomed) {
      this.#isEndDoomed = false;
      this.doom({ isUnwritten: true, effects: 0 });
      this.world.actor(actorOf(session)).hibernate();
    }
    this.#told(asker, () => ({ answer: true, effects: this.#fleet.closed(session, this.now) }));
  }

  redial(session: string, epoch: number): void {
    this.step(() => this.#fleet.redial(session, epoch, this.now));
  }

  /** A runner dials its control link. */
  link(dial: ControlDial, dialled: Dialled): void {
    const socket = this.mint(8);
    this.#sockets.accept(socket, dialled);
    this.step(() => this.#fleet.dialled(socket, dial, this.now));
  }

  hibernate(): void {
    if (this.#askers.size === 0 && this.#fleet.wakeAt === undefined) this.sleep();
  }

  protected get wakeAt(): number | undefined {
    return this.#fleet.wakeAt;
  }

  protected tick(): FleetEffect[] {
    return this.#fleet.tick(this.now);
  }

  protected woken(): FleetEffect[] {
    return this.#fleet.review(this.now);
  }

  protected forget(isCrash: boolean): void {
    const askers = [...this.#askers.values()];
    this.#askers.clear();
    if (isCrash) this.#sockets.break();
    this.#fleet = this.#recovered();
    for (const { broken } of askers) broken();
  }

  #recovered(): Fleet {
    return new this.world.rules.Fleet(this.#store, this.#sockets, TERMS, this.mint);
  }

  protected performOne(effect: FleetEffect): void {
    const { clock, chance, history } = this.world;
    switch (effect.do) {
      case 'send':
      case 'close':
      case 'note':
        return this.#sockets.perform(effect);
      case 'sign':
        if (this.#isDrowsy) clock.after(0, () => this.hibernate());
        this.#isDrowsy = false;
        return this.later(chance.between(0, SIGN_MS), () => {
          this.step(() => this.#fleet.signed(effect.ask, 'ticket'));
        });
      case 'opened':
        history.mostOfOne = Math.max(history.mostOfOne, this.#store.countOf(CROWD));
        this.#askers.get(effect.ask)?.answer(effect.opened);
        this.#askers.delete(effect.ask);
        return;
      case 'giveUp': {
        const { session, fault } = effect;
        const heard = (isHeard: boolean): void =>
          this.later(chance.between(0, CALL_MS), () => {
            this.step(() => this.#fleet.heard(session, isHeard, this.now));
          });
        const isAlive = this.alive();
        clock.after(chance.between(0, CALL_MS), () => {
          const name = actorOf(session);
          const actor = this.world.actor(name);
          if (this.#doomed.delete(name)) actor.doom({ isUnwritten: true, effects: 0 });
          actor.giveUp(fault, session, {
            answer: () => isAlive() && heard(true),
            broken: () => isAlive() && heard(false),
          });
        });
        return;
      }
      case 'keepFigures':
        return this.#fleet.keepFigures((writes) => writes());
      case 'log':
      case 'began':
      case 'ended':
        return;
      case 'release':
        clock.after(chance.between(0, CALL_MS), () =>
          this.world.actor(actorOf(effect.session)).release(effect.session),
        );
        return;
      case 'review':
        clock.after(chance.between(0, CALL_MS), () =>
          this.world.actor(actorOf(effect.session)).review(),
        );
        return;
    }
  }
}
