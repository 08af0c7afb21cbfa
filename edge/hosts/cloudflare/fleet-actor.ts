// The fleet actor: the one Durable Object that hosts core/fleet. It owns the storage of the books, the runners' control sockets, a
// clock and a timer, and no rules.
import { DurableObject } from 'cloudflare:workers';
import { nanoid } from 'nanoid';
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
import { signTicket } from '../../access/ticket.ts';
import { sessionEndLine, type SessionEnd } from '../../core/log.ts';
import { readSettings } from '../../settings.ts';
import { actorOf, type ActorName, type SessionName } from '../../../shared/ids.ts';
import type { Env } from './env.ts';
import { consoleLog } from './console-log.ts';
import { SqlFleetStore } from './fleet-store.ts';
import { ActorSockets, contained } from './sockets.ts';
import type { FleetRpc, SessionRpc } from './rpc.ts';
import { ActorTimer } from './timer.ts';
import { readControl } from './upgrades.ts';

export class FleetActor extends DurableObject<Env> implements FleetRpc {
  readonly #sockets: ActorSockets<ControlNote>;
  readonly #fleet: Fleet;
  readonly #secret: string | undefined;
  /** Callers that wait for a session to be placed. */
  readonly #openings = new Map<string, (opened: Opened<PlacedSession>) => void>();
  readonly #timer = new ActorTimer(() => this.#perform(this.#fleet.tick(Date.now())));

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { secret, clientAuth } = readSettings(env);
    this.#secret = secret;
    this.#sockets = new ActorSockets(ctx);
    const terms = { isConfigured: secret !== undefined, hasQuotas: clientAuth === 'keys' };
    this.#fleet = new Fleet(new SqlFleetStore(ctx), this.#sockets, terms, nanoid);
    this.#timer.arm(this.#fleet.wakeAt);
  }

  /** Chooses a runner for a new session and tells it. */
  open(wish: Opening & { session: SessionName }): Promise<Opened<PlacedSession>> {
    const ask = nanoid();
    return new Promise((resolve) => {
      this.#openings.set(ask, resolve);
      this.#perform(this.#fleet.open(ask, wish, Date.now()));
    });
  }

  /** Where the requests of modern clients go, or why no runner could take their session. */
  home(opening: Opening, actor: ActorName): Opened<ModernHome> {
    const { home, effects } = this.#fleet.home(opening, actor, Date.now());
    this.#perform(effects);
    return home;
  }

  /** The same, if it is not their own actor; nothing is handed out. */
  homeOf(actor: ActorName): ActorName | undefined {
    return this.#fleet.homeOf(actor);
  }

  /** When a client's session may be opened, in turn with the others of its principal, and with which spare. */
  mayOpen(opening: Opening): Opened<OpeningTurn> {
    const { turn, effects } = this.#fleet.mayOpen(opening, Date.now());
    this.#perform(effects);
    return turn;
  }

  /** The session of an actor that lost its memory. */
  placed(actor: ActorName): PlacedSession | undefined {
    return this.#fleet.placed(actor);
  }

  /** A session is over. */
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
    const text = typeof data === 'string' ? data : undefined;
    contained(socket, () =>
      this.#perform(this.#fleet.message(this.#sockets.idOf(socket), text, Date.now())),
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
        this.#openings.get(effect.ask)?.(effect.opened);
        this.#openings.delete(effect.ask);
        return;
      case 'giveUp':
        return this.ctx.waitUntil(this.#giveUp(effect));
      case 'release':
        return this.ctx.waitUntil(this.#actor(effect.session).release(effect.session));
      case 'review':
        return this.ctx.waitUntil(this.#actor(effect.session).review());
      case 'ended':
        return this.ctx.waitUntil(logEnd(effect));
    }
  }

  async #sign(ask: string, scope: TicketScope): Promise<void> {
    const ticket = await signTicket(this.#secret ?? '', scope).catch(() => undefined);
    this.#perform(this.#fleet.signed(ask, ticket));
  }

  async #giveUp({ session, fault }: GivenUp): Promise<void> {
    const told = this.#actor(session).giveUp(fault, session);
    const isHeard = await told.then(
      () => true,
      () => false,
    );
    this.#perform(this.#fleet.heard(session, isHeard, Date.now()));
  }

  #actor(session: SessionName): DurableObjectStub<SessionRpc> {
    return this.env.SESSION.getByName(actorOf(session));
  }
}

const logEnd = async (end: SessionEnd): Promise<void> =>
  consoleLog(sessionEndLine(end, await sha256(end.row.session)));
