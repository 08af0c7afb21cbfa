// The session actor: the Durable Object of one session, which hosts core/session. It owns storage, sockets, a clock, a timer and the
// way to the fleet, and no rules. rpc.ts says what its methods do.
import { DurableObject } from 'cloudflare:workers';
import { nanoid } from 'nanoid';
import { Asks } from '../../core/asks.ts';
import { EdgeSession, type EdgeSessionEffect, type SessionNote } from '../../core/session.ts';
import type {
  Negotiated,
  Opened,
  Opening,
  PlacedSession,
  Post,
  PostAnswer,
} from '../../core/ports.ts';
import { faultRow, type Fault } from '../../../shared/fault.ts';
import type { Env } from './env.ts';
import { plainAnswer, postOf, type PlainPost } from './plain-post.ts';
import type { FleetRpc, SessionRpc } from './rpc.ts';
import { DurableSessionStore } from './session-store.ts';
import { ActorSockets } from './sockets.ts';
import { ActorTimer } from './timer.ts';
import { readSessionUpgrade } from './upgrades.ts';
import type { SessionName } from '../../../shared/ids.ts';

export class SessionActor extends DurableObject<Env> implements SessionRpc {
  readonly #sockets: ActorSockets<SessionNote>;
  readonly #store: DurableSessionStore;
  readonly #session: EdgeSession;
  readonly #asks = new Asks();
  readonly #timer = new ActorTimer(() => this.#perform(this.#session.tick(Date.now())));

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sockets = new ActorSockets(ctx);
    this.#store = new DurableSessionStore(ctx, ctx.getWebSockets().length > 0);
    const host = {
      name: ctx.id.name ?? '',
      store: this.#store,
      sockets: this.#sockets,
      mint: nanoid,
    };
    this.#session = new EdgeSession(host, Date.now());
    this.#timer.arm(this.#session.wakeAt);
  }

  open(opening: Opening): Promise<Opened<undefined>> {
    return this.#ask((ask) => this.#session.open(ask, opening, Date.now()));
  }

  openWith(opening: Opening, post: Post): Promise<PostAnswer> {
    return this.#ask((ask) => this.#session.openWith(ask, opening, post, Date.now()));
  }

  serve(opening: Opening, post: Post): Promise<PostAnswer> {
    return this.#ask((ask) => this.#session.serve(ask, opening, post, Date.now()));
  }

  async post(...post: PlainPost): Promise<string> {
    const answer = await this.#ask<PostAnswer>((ask) =>
      this.#session.post(ask, postOf(...post), Date.now()),
    );
    return plainAnswer(answer);
  }

  negotiated(): Promise<Negotiated> {
    return this.#ask((ask) => this.#session.negotiated(ask, Date.now()));
  }

  alive(probe: string): void {
    this.#session.alive(probe);
  }

  end(): Promise<boolean> {
    return this.#ask((ask) => this.#session.end(ask, Date.now()));
  }

  review(): Promise<void> {
    return this.#ask((ask) => this.#session.review(ask, Date.now()));
  }

  release(session: SessionName): void {
    this.#perform(this.#session.release(session, Date.now()));
  }

  giveUp(fault: Fault, session: SessionName): Promise<void> {
    return this.#ask((ask) => this.#session.giveUp(ask, fault, session, Date.now()));
  }

  /** WebSocket upgrades from the worker: a runner's dial, or a worker that follows a stream. */
  override fetch(request: Request): Promise<Response> {
    const upgrade = readSessionUpgrade(request);
    return this.#ask((ask) =>
      'dial' in upgrade
        ? this.#session.dial(ask, upgrade.dial, Date.now())
        : this.#session.follow(ask, upgrade.wish, Date.now()),
    );
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    this.#sockets.heard(socket, data, (id, text) =>
      this.#perform(this.#session.message(id, text, Date.now())),
    );
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#perform(this.#session.gone(this.#sockets.closed(socket, code), Date.now()));
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket, NO_CODE);
  }

  override alarm(): void {
    this.#perform(this.#session.woken(Date.now()));
  }

  #ask<T>(run: (ask: string) => readonly EdgeSessionEffect[]): Promise<T> {
    return this.#asks.ask((ask) => this.#perform(run(ask)));
  }

  #perform(effects: readonly EdgeSessionEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    this.#timer.arm(this.#session.wakeAt);
  }

  #performOne(effect: EdgeSessionEffect): void {
    switch (effect.do) {
      case 'send':
      case 'close':
      case 'note':
        return this.#sockets.perform(effect);
      case 'reply':
        return this.#asks.resolve(effect.ask, effect.reply);
      case 'fail':
        return this.#asks.reject(effect.ask, 'the fleet could not be reached');
      case 'accept': {
        const response = this.#sockets.accept(effect.socket, effect.subprotocol);
        return this.#asks.resolve(effect.ask, response);
      }
      case 'refuse':
        return this.#asks.resolve(effect.ask, refusal(effect.fault));
      case 'find':
        return this.#find();
      case 'place':
        return this.#place(effect.wish);
      case 'closed':
        return this.#close(effect.session);
    }
  }

  #find(): void {
    const found = (placed: PlacedSession | undefined | 'broken'): void =>
      this.#perform(this.#session.found(placed, Date.now()));
    this.#fleet.placed(this.ctx.id.name ?? '').then(found, () => found('broken'));
  }

  #place(wish: Opening & { readonly session: SessionName }): void {
    const placed = (opened: Opened<PlacedSession> | undefined): void =>
      this.#perform(this.#session.placed(opened, Date.now()));
    this.#fleet.open(wish).then(placed, () => placed(undefined));
  }

  #close(session: SessionName): void {
    const told = (isTold: boolean): void =>
      this.#perform(this.#session.forgotten(session, isTold, Date.now()));
    const telling = Promise.all([this.#store.cleared, this.#fleet.closed(session)]);
    this.ctx.waitUntil(telling.then(() => told(true)).catch(() => told(false)));
  }

  get #fleet(): DurableObjectStub<FleetRpc> {
    return this.env.FLEET.getByName('fleet');
  }
}

/** WebSocket close code: the peer sent no code. */
const NO_CODE = 1006;

/** A refused upgrade; the worker reads the fault from the body. */
const refusal = (fault: Fault): Response =>
  Response.json(fault, { status: faultRow(fault.fault).status });
