// The actor of one session on Node: hosts core/session. It is made when somebody comes to it, and let go when only the database holds
// anything of it.
import { nanoid } from 'nanoid';
import { EdgeSession } from '../../core/session.ts';
import type { EdgeSessionEffect, SessionNote } from '../../core/session-effects.ts';
import type {
  FollowWish,
  LinkDial,
  Negotiated,
  Opened,
  Opening,
  PlacedSession,
  Post,
  PostAnswer,
} from '../../core/ports.ts';
import type { Fault } from '../../../shared/fault.ts';
import type { ActorName, SessionName, StreamId } from '../../../shared/ids.ts';
import { Actor, type ActorHost } from './actor.ts';
import type { Alarms } from './alarms.ts';
import { NodeSessionStore } from './session-store.ts';
import type { EdgeEnd } from './socket.ts';

/** What session actors ask of the fleet's. */
export interface FleetOfSessions {
  open(wish: Opening & { readonly session: SessionName }): Promise<Opened<PlacedSession>>;
  placed(actor: ActorName): Promise<PlacedSession | undefined>;
  closed(session: SessionName): Promise<void>;
  redial(session: SessionName, epoch: number): Promise<void>;
}

export interface SessionActorHost extends ActorHost {
  readonly alarms: Alarms;
  readonly fleet: FleetOfSessions;
  letGo(actor: NodeSessionActor): void;
}

/** Makes this side's end of a socket that is let in. */
export interface Enter {
  (subprotocol: string | undefined): EdgeEnd;
  /** It is to a runner in this program. */
  readonly carries?: true;
}

export class NodeSessionActor extends Actor<SessionNote, EdgeSessionEffect, EdgeSession> {
  readonly name: ActorName;
  readonly #host: SessionActorHost;
  /** Sockets that ask to be let in. */
  readonly #entrances = new Map<string, Enter>();

  constructor(name: ActorName, host: SessionActorHost) {
    super(host);
    this.name = name;
    this.#host = host;
  }

  protected makeRules(): EdgeSession {
    const { database, alarms } = this.#host;
    const store = new NodeSessionStore(this.name, database, alarms);
    return new EdgeSession(
      { name: this.name, store, sockets: this.sockets, mint: nanoid },
      Date.now(),
    );
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

  post(post: Post): Promise<PostAnswer> {
    return this.ask((ask) => this.rules.post(ask, post, Date.now()));
  }

  negotiated(): Promise<Negotiated> {
    return this.ask((ask) => this.rules.negotiated(ask, Date.now()));
  }

  alive(probe: string): void {
    this.step(() => {
      this.rules.alive(probe);
      return [];
    });
  }

  delivered(stream: StreamId): void {
    this.step(() => this.rules.delivered(stream, Date.now()));
  }

  end(): Promise<boolean> {
    return this.ask((ask) => this.rules.end(ask, Date.now()));
  }

  /** From the fleet's actor. */
  review(): Promise<void> {
    return this.ask((ask) => this.rules.review(ask, Date.now()));
  }

  /** From the fleet's actor. */
  async release(session: SessionName): Promise<void> {
    this.step(() => this.rules.release(session, Date.now()));
  }

  /** From the fleet's actor. */
  giveUp(fault: Fault, session: SessionName): Promise<void> {
    return this.ask((ask) => this.rules.giveUp(ask, fault, session, Date.now()));
  }

  /** A client's open response follows a stream. */
  followStream(wish: FollowWish, enter: Enter): Promise<Opened<undefined>> {
    return this.#enter(enter, (ask) => this.rules.follow(ask, wish, Date.now()));
  }

  /** A runner dials. */
  dial(dial: LinkDial, enter: Enter): Promise<Opened<undefined>> {
    const { carries } = enter;
    return this.#enter(enter, (ask) => this.rules.dial(ask, dial, Date.now(), carries));
  }

  /** The time has come that stands in the database. */
  woken(): void {
    this.wake(() => {
      const { database } = this.#host;
      database.write('UPDATE actors SET wake_at = NULL WHERE actor = ?', this.name);
      return this.rules.woken(Date.now());
    });
  }

  protected mayGo(): boolean {
    return true;
  }

  protected letGo(): void {
    this.#host.letGo(this);
  }

  protected perform(effect: EdgeSessionEffect): void {
    switch (effect.do) {
      case 'send':
      case 'carry':
      case 'close':
      case 'note':
        return this.sockets.perform(effect);
      case 'reply':
        return this.asks.resolve(effect.ask, effect.reply);
      case 'fail':
        return this.asks.reject(effect.ask, 'the fleet could not be reached');
      case 'accept': {
        const enter = this.#entrances.get(effect.ask);
        if (enter) this.sockets.accept(effect.socket, enter(effect.subprotocol));
        return this.asks.resolve(effect.ask, { ok: true, value: undefined });
      }
      case 'refuse':
        return this.asks.resolve(effect.ask, { ok: false, fault: effect.fault });
      case 'find':
        return this.whenDone(this.#host.fleet.placed(this.name), (found) =>
          this.rules.found(found ? found.value : 'broken', Date.now()),
        );
      case 'place':
        return this.whenDone(this.#host.fleet.open(effect.wish), (opened) =>
          this.rules.placed(opened?.value, Date.now()),
        );
      case 'redial':
        return this.whenDone(this.#host.fleet.redial(effect.session, effect.epoch), () => []);
      case 'closed':
        return this.whenDone(this.#host.fleet.closed(effect.session), (told) =>
          this.rules.forgotten(effect.session, told !== undefined, Date.now()),
        );
    }
  }

  #enter(
    enter: Enter,
    run: (ask: string) => readonly EdgeSessionEffect[],
  ): Promise<Opened<undefined>> {
    let entrance = '';
    const entered = this.ask<Opened<undefined>>((ask) => {
      entrance = ask;
      this.#entrances.set(ask, enter);
      return run(ask);
    });
    return entered.finally(() => this.#entrances.delete(entrance));
  }
}
