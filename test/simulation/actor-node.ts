// The simulated session actor. It hosts edge/core/session.ts.
import type { EdgeSession } from '../../edge/core/session.ts';
import type {
  EdgeSessionEffect,
  SessionNote,
  SessionReply,
} from '../../edge/core/session-effects.ts';
import type {
  FollowWish,
  LinkDial,
  Opened,
  Opening,
  Post,
  PostAnswer,
} from '../../edge/core/ports.ts';
import type { Fault } from '../../shared/fault.ts';
import { ActorHost, type Asker } from './actor-host.ts';
import { ActorSockets, type Dialled } from './sockets.ts';
import { MemorySessionStore } from './stores.ts';
import type { World } from './world.ts';

/** The longest that a call between two actors is under way, each way. */
const CALL_MS = 15;

/** A peer that waits to be let in, with the connection it is to get. */
export interface Dialler {
  readonly dialled: Dialled;
  accepted(): void;
  refused(fault: Fault): void;
  broken(): void;
}

const NOBODY: Asker<unknown> = { answer: () => undefined, broken: () => undefined };

export class ActorNode extends ActorHost<EdgeSessionEffect> {
  readonly #name: string;
  readonly #store: MemorySessionStore;
  readonly #sockets: ActorSockets<SessionNote>;
  readonly #askers = new Map<string, Asker<SessionReply>>();
  readonly #diallers = new Map<string, Dialler>();
  #session: EdgeSession;

  constructor(world: World, name: string) {
    const store = new MemorySessionStore();
    super(world, store);
    this.#name = name;
    this.#store = store;
    this.#sockets = new ActorSockets<SessionNote>({
      now: () => this.now,
      message: (socket, text) =>
        void this.step(() => this.#session.message(socket, text, this.now)),
      gone: (socket) => void this.step(() => this.#session.gone(socket, this.now)),
    });
    this.#session = this.#recovered();
  }

  /** Nothing of a session is left on disk. */
  get isClean(): boolean {
    return this.#store.isEmpty;
  }

  open(opening: Opening, asker: Asker<Opened<undefined>>): void {
    this.#ask(asker, (ask) => this.#session.open(ask, opening, this.now));
  }

  openWith(opening: Opening, post: Post, asker: Asker<PostAnswer>): void {
    this.#ask(asker, (ask) => this.#session.openWith(ask, opening, post, this.now));
  }

  serve(opening: Opening, post: Post, asker: Asker<PostAnswer>): void {
    this.#ask(asker, (ask) => this.#session.serve(ask, opening, post, this.now));
  }

  post(post: Post, asker: Asker<PostAnswer>): void {
    this.#ask(asker, (ask) => this.#session.post(ask, post, this.now));
  }

  /** A client answered the probe of its stream. */
  answered(probe: string): void {
    this.#session.alive(probe);
  }

  end(asker: Asker<boolean>): void {
    this.#ask(asker, (ask) => this.#session.end(ask, this.now));
  }

  giveUp(fault: Fault, session: string, asker: Asker<undefined>): void {
    this.#ask(asker, (ask) => this.#session.giveUp(ask, fault, session, this.now));
  }

  release(session: string): void {
    this.step(() => this.#session.release(session, this.now));
  }

  review(): void {
    this.#ask(NOBODY, (ask) => this.#session.review(ask, this.now));
  }

  dial(dial: LinkDial, dialler: Dialler): void {
    const ask = this.mint(8);
    this.#diallers.set(ask, dialler);
    this.step(() => this.#session.dial(ask, dial, this.now));
  }

  follow(wish: FollowWish, dialler: Dialler): void {
    const ask = this.mint(8);
    this.#diallers.set(ask, dialler);
    this.step(() => this.#session.follow(ask, wish, this.now));
  }

  hibernate(): void {
    const isBusy = this.#askers.size + this.#diallers.size > 0 || this.wakeAt !== undefined;
    if (!isBusy) this.sleep();
  }

  protected get wakeAt(): number | undefined {
    return this.#session.wakeAt;
  }

  protected tick(): EdgeSessionEffect[] {
    return this.#session.tick(this.now);
  }

  protected woken(): EdgeSessionEffect[] {
    return this.#session.woken(this.now);
  }

  protected forget(isCrash: boolean): void {
    const waiting = [...this.#askers.values(), ...this.#diallers.values()];
    this.#askers.clear();
    this.#diallers.clear();
    if (isCrash) this.#sockets.break();
    this.#session = this.#recovered();
    for (const { broken } of waiting) broken();
  }

  #recovered(): EdgeSession {
    const [name, store, sockets] = [this.#name, this.#store, this.#sockets];
    return new this.world.rules.EdgeSession({ name, store, sockets, mint: this.mint }, this.now);
  }

  #ask<T>(asker: Asker<T>, run: (ask: string) => readonly EdgeSessionEffect[]): void {
    const ask = this.mint(8);
    this.#askers.set(ask, asker as Asker<SessionReply>);
    this.step(() => run(ask));
  }

  protected performOne(effect: EdgeSessionEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#send(effect);
      case 'close':
      case 'note':
        return this.#sockets.perform(effect);
      case 'carry':
        throw new Error('no runner is in this program');
      case 'reply':
        return this.#asker(effect.ask)?.answer(effect.reply);
      case 'fail':
        this.#asker(effect.ask)?.broken();
        return this.#dialler(effect.ask)?.broken();
      case 'accept': {
        const dialler = this.#dialler(effect.ask);
        if (!dialler) return;
        this.#sockets.accept(effect.socket, dialler.dialled);
        return dialler.accepted();
      }
      case 'refuse':
        return this.#dialler(effect.ask)?.refused(effect.fault);
      case 'find':
        return this.#fleet<'broken' | Parameters<EdgeSession['found']>[0]>(
          (asker) => this.world.fleet.placed(this.#name, asker),
          'broken',
          (placed) => this.#session.found(placed, this.now),
        );
      case 'place':
        return this.#fleet<Parameters<EdgeSession['placed']>[0]>(
          (asker) => this.world.fleet.open(effect.wish, asker),
          undefined,
          (opened) => this.#session.placed(opened, this.now),
        );
      case 'redial': {
        const { clock, chance, fleet } = this.world;
        clock.after(chance.between(0, CALL_MS), () => fleet.redial(effect.session, effect.epoch));
        return;
      }
      case 'closed':
        return this.#fleet<boolean>(
          (asker) => this.world.fleet.closed(effect.session, asker),
          false,
          (isTold) => this.#session.forgotten(effect.session, isTold, this.now),
        );
    }
  }

  #send(effect: EdgeSessionEffect & { readonly do: 'send' }): void {
    const followers = new Set<string>();
    for (const { id, note } of this.#sockets.all())
      if (note?.role === 'follower') followers.add(id);
    const socket = followers.has(effect.socket)
      ? this.world.sabotage.misroute(effect.socket, followers)
      : effect.socket;
    this.#sockets.perform({ ...effect, socket });
  }

  #asker(ask: string): Asker<SessionReply> | undefined {
    const asker = this.#askers.get(ask);
    this.#askers.delete(ask);
    return asker;
  }

  #dialler(ask: string): Dialler | undefined {
    const dialler = this.#diallers.get(ask);
    this.#diallers.delete(ask);
    return dialler;
  }

  /** A call of the fleet: its answer, or `broken`, is the input that `then` gives the rules. */
  #fleet<T>(
    call: (asker: Asker<T>) => void,
    broken: T,
    then: (answer: T) => readonly EdgeSessionEffect[],
  ): void {
    const { clock, chance } = this.world;
    const settle = (answer: T): void =>
      this.later(chance.between(0, CALL_MS), () => void this.step(() => then(answer)));
    const life = this.alive();
    clock.after(chance.between(0, CALL_MS), () =>
      call({
        answer: (answer) => life() && settle(answer),
        broken: () => life() && settle(broken),
      }),
    );
  }
}
