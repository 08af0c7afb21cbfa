// The session actor: the Durable Object of one session, which hosts core/session. It owns storage, sockets, a clock, a timer and the
// way to the fleet, and no rules. rpc.ts says what its methods do.
import { nanoid } from 'nanoid';
import { EdgeSession } from '../../core/session.ts';
import type { EdgeSessionEffect, SessionNote } from '../../core/session-effects.ts';
import type {
  Negotiated,
  Opened,
  Opening,
  PlacedSession,
  Post,
  PostAnswer,
} from '../../core/ports.ts';
import { faultRow, type Fault } from '../../../shared/fault.ts';
import { DurableActor } from './durable-actor.ts';
import type { Env } from './env.ts';
import { plainAnswer, postOf, type PlainAnswer, type PlainPost } from './plain-post.ts';
import type { FleetRpc, SessionRpc } from './rpc.ts';
import { DurableSessionStore } from './session-store.ts';
import { readSessionUpgrade } from './upgrades.ts';
import type { SessionName, StreamId } from '../../../shared/ids.ts';

export class SessionActor
  extends DurableActor<SessionNote, EdgeSessionEffect>
  implements SessionRpc
{
  readonly #store = new DurableSessionStore(this.ctx);
  protected readonly rules = new EdgeSession(
    {
      name: this.ctx.id.name ?? '',
      store: this.#store,
      sockets: this.sockets,
      mint: nanoid,
    },
    Date.now(),
  );

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.arm();
  }

  open(opening: Opening): Promise<Opened<undefined>> {
    return this.ask((ask) => this.rules.open(ask, opening, Date.now()));
  }

  openWith(opening: Opening, post: Post): Promise<PostAnswer> {
    return this.ask((ask) => this.rules.openWith(ask, opening, post, Date.now()));
  }

  serve(opening: Opening, post: Post): Promise<PostAnswer> {
    return this.ask((ask) => this.rules.serve(ask, opening, post, Date.now()));
  }

  post(...post: PlainPost): Promise<PlainAnswer> {
    return this.ask<PostAnswer>((ask) => this.rules.post(ask, postOf(...post), Date.now())).then(
      plainAnswer,
    );
  }

  negotiated(): Promise<Negotiated> {
    return this.ask((ask) => this.rules.negotiated(ask, Date.now()));
  }

  alive(probe: string): void {
    this.rules.alive(probe);
  }

  delivered(stream: StreamId): void {
    this.performAll(this.rules.delivered(stream, Date.now()));
  }

  end(): Promise<boolean> {
    return this.ask((ask) => this.rules.end(ask, Date.now()));
  }

  review(): Promise<void> {
    return this.ask((ask) => this.rules.review(ask, Date.now()));
  }

  release(session: SessionName): void {
    this.performAll(this.rules.release(session, Date.now()));
  }

  giveUp(fault: Fault, session: SessionName): Promise<void> {
    return this.ask((ask) => this.rules.giveUp(ask, fault, session, Date.now()));
  }

  /** WebSocket upgrades from the worker: a runner's dial, or a worker that follows a stream. */
  override fetch(request: Request): Promise<Response> {
    const upgrade = readSessionUpgrade(request);
    return this.ask((ask) =>
      'dial' in upgrade
        ? this.rules.dial(ask, upgrade.dial, Date.now())
        : this.rules.follow(ask, upgrade.wish, Date.now()),
    );
  }

  override alarm(): void {
    this.performAll(this.rules.woken(Date.now()));
  }

  protected perform(effect: EdgeSessionEffect): void {
    switch (effect.do) {
      case 'send':
      case 'close':
      case 'note':
        return this.sockets.perform(effect);
      case 'carry':
        throw new Error('no runner is in this program');
      case 'reply':
        return this.asks.resolve(effect.ask, effect.reply);
      case 'fail':
        return this.asks.reject(effect.ask, 'the fleet could not be reached');
      case 'accept': {
        const response = this.sockets.accept(effect.socket, effect.subprotocol);
        return this.asks.resolve(effect.ask, response);
      }
      case 'refuse':
        return this.asks.resolve(effect.ask, refusal(effect.fault));
      case 'find':
        return this.#find();
      case 'place':
        return this.#place(effect.wish);
      case 'redial': {
        const told = this.#fleet.redial(effect.session, effect.epoch);
        return this.ctx.waitUntil(told.catch(() => undefined));
      }
      case 'closed':
        return this.#close(effect.session);
    }
  }

  #find(): void {
    const found = (placed: PlacedSession | undefined | 'broken'): void =>
      this.performAll(this.rules.found(placed, Date.now()));
    this.#fleet.placed(this.ctx.id.name ?? '').then(found, () => found('broken'));
  }

  #place(wish: Opening & { readonly session: SessionName }): void {
    const placed = (opened: Opened<PlacedSession> | undefined): void =>
      this.performAll(this.rules.placed(opened, Date.now()));
    this.#fleet.open(wish).then(placed, () => placed(undefined));
  }

  #close(session: SessionName): void {
    const told = (isTold: boolean): void =>
      this.performAll(this.rules.forgotten(session, isTold, Date.now()));
    const telling = Promise.all([this.#store.cleared, this.#fleet.closed(session)]);
    this.ctx.waitUntil(telling.then(() => told(true)).catch(() => told(false)));
  }

  get #fleet(): DurableObjectStub<FleetRpc> {
    return this.env.FLEET.getByName('fleet');
  }
}

/** A refused upgrade; the worker reads the fault from the body. */
const refusal = (fault: Fault): Response =>
  Response.json(fault, { status: faultRow(fault.fault).status });
