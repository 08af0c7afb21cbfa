// The fleet actor: the one Durable Object that hosts core/fleet. It owns the storage of the books, the runners' control sockets, a
// clock and a timer, and no rules. rpc.ts says what its methods do.
import { DurableObject } from 'cloudflare:workers';
import { nanoid } from 'nanoid';
import { Asks } from '../../core/asks.ts';
import { Fleet, type ControlNote, type FleetEffect } from '../../core/fleet.ts';
import type {
  FleetView,
  GivenUp,
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  PlacedSession,
  TicketScope,
} from '../../core/ports.ts';
import { sha256 } from '../../access/digest.ts';
import { logSessionEnd } from '../../core/log.ts';
import { signTicket } from '../../access/ticket.ts';
import { fleetTerms, readSettings } from '../../settings.ts';
import { actorOf, type ActorName, type SessionName } from '../../../shared/ids.ts';
import type { Env } from './env.ts';
import { consoleLog } from './console-log.ts';
import { durableFleetStore } from './fleet-store.ts';
import { ActorSockets } from './sockets.ts';
import type { FleetRpc, SessionRpc } from './rpc.ts';
import { ActorTimer } from './timer.ts';
import { readControl } from './upgrades.ts';

export class FleetActor extends DurableObject<Env> implements FleetRpc {
  readonly #settings = readSettings(this.env);
  readonly #sockets = new ActorSockets<ControlNote>(this.ctx);
  readonly #fleet = new Fleet(
    durableFleetStore(this.ctx),
    this.#sockets,
    fleetTerms(this.#settings),
    nanoid,
  );
  readonly #asks = new Asks();
  readonly #timer = new ActorTimer(() => this.#perform(this.#fleet.tick(Date.now())));

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#timer.arm(this.#fleet.wakeAt);
  }

  open(wish: Opening & { session: SessionName }): Promise<Opened<PlacedSession>> {
    return this.#asks.ask((ask) => this.#perform(this.#fleet.open(ask, wish, Date.now())));
  }

  home(opening: Opening, actor: ActorName): Opened<ModernHome> {
    const { home, effects } = this.#fleet.home(opening, actor, Date.now());
    this.#perform(effects);
    return home;
  }

  homeOf(actor: ActorName): ActorName | undefined {
    return this.#fleet.homeOf(actor);
  }

  mayOpen(opening: Opening): Opened<OpeningTurn> {
    const { turn, effects } = this.#fleet.mayOpen(opening, Date.now());
    this.#perform(effects);
    return turn;
  }

  placed(actor: ActorName): PlacedSession | undefined {
    return this.#fleet.placed(actor);
  }

  closed(session: SessionName): void {
    this.#perform(this.#fleet.closed(session, Date.now()));
  }

  view(): FleetView {
    const { view, effects } = this.#fleet.view(Date.now());
    this.#perform(effects);
    return view;
  }

  override alarm(): void {
    this.#perform(this.#fleet.review(Date.now()));
  }

  /** A runner's control link; the worker has checked its credential. */
  override fetch(request: Request): Response {
    const dial = readControl(request);
    const socket = nanoid();
    const response = this.#sockets.accept(socket, dial.subprotocol);
    this.#perform(this.#fleet.dialled(socket, dial, Date.now()));
    return response;
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    this.#sockets.heard(socket, data, (id, text) =>
      this.#perform(this.#fleet.message(id, text, Date.now())),
    );
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#perform(this.#fleet.gone(this.#sockets.closed(socket, code), Date.now()));
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket, 1006);
  }

  #perform(effects: readonly FleetEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    this.#timer.arm(this.#fleet.wakeAt);
  }

  #performOne(effect: FleetEffect): void {
    switch (effect.do) {
      case 'send':
      case 'close':
      case 'note':
        return this.#sockets.perform(effect);
      case 'sign':
        return this.ctx.waitUntil(this.#sign(effect.ask, effect.scope));
      case 'opened':
        return this.#asks.resolve(effect.ask, effect.opened);
      case 'giveUp':
        return this.ctx.waitUntil(this.#giveUp(effect));
      case 'release':
        return this.ctx.waitUntil(this.#actor(effect.session).release(effect.session));
      case 'review':
        return this.ctx.waitUntil(this.#actor(effect.session).review());
      case 'ended':
        return this.ctx.waitUntil(logSessionEnd(consoleLog, sha256, effect));
    }
  }

  async #sign(ask: string, scope: TicketScope): Promise<void> {
    const ticket = await signTicket(this.#settings.secret ?? '', scope).catch(() => undefined);
    this.#perform(this.#fleet.signed(ask, ticket));
  }

  #giveUp({ session, fault }: GivenUp): Promise<void> {
    const heard = (isHeard: boolean): void =>
      this.#perform(this.#fleet.heard(session, isHeard, Date.now()));
    const told = this.#actor(session).giveUp(fault, session);
    return told.then(
      () => heard(true),
      () => heard(false),
    );
  }

  #actor(session: SessionName): DurableObjectStub<SessionRpc> {
    return this.env.SESSION.getByName(actorOf(session));
  }
}
