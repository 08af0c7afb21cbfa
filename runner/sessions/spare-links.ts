// Hosts the runner's spares (core/spares): dials them, tells the fleet of them, and hands a link to the session that takes it.
import { decodeBytes, encodeBytes } from '../../shared/link/codec.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import type { ControlUp, OpenFrame, SpareFrame } from '../../shared/link/control-frames.ts';
import { placeUp } from '../../shared/link/places.ts';
import { SPARES } from '../../shared/link/sizes.ts';
import {
  sessionDown,
  type RefusedFrame,
  type SessionDown,
} from '../../shared/link/session-frames.ts';
import type { Fault } from '../../shared/fault.ts';
import type { ServerName, SessionName } from '../../shared/ids.ts';
import { Spares, type SpareEffect } from '../core/spares.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import type { SpareSnapshot } from '../running-runner.ts';
import { WakeTimer } from '../wake-timer.ts';
import {
  newSessionLink,
  type DialGround,
  type SessionLink,
  type SessionLinkOwner,
} from './session-link.ts';

export interface SpareLinksOptions {
  readonly ground: DialGround;
  readonly log: Log;
  say(frame: ControlUp): void;
  /** A socket reached the edge. */
  reached(): void;
  /** The edge says whose the spare is from now on. */
  take(open: OpenFrame): void;
}

/** What a session gets of the spare that it was. */
export interface Ahead {
  /** Undefined if its link was lost; the session dials. */
  readonly link: SessionLink | undefined;
  /** The actor has said welcome. */
  readonly isLinked: boolean;
}

interface Linked {
  readonly link: SessionLink;
  isLinked: boolean;
}

/** A spare that was taken is replaced this long after: its session's first answers should not wait for the dial of another. */
const REPLACED_MS = 50;

export class SpareLinks {
  readonly #options: SpareLinksOptions;
  readonly #spares = new Spares();
  readonly #links = new Map<SessionName, Linked>();
  /** Links of spares that were taken and could not be served, until the edge closes them. */
  readonly #refusing = new Set<SessionLink>();
  readonly #timer = new WakeTimer(() => this.#perform(this.#spares.tick(performance.now())), {
    keepsAlive: false,
  });

  constructor(options: SpareLinksOptions) {
    this.#options = options;
  }

  configured(wanted: ReadonlyMap<ServerName, number>): void {
    this.#perform(this.#spares.configured(wanted, performance.now()));
  }

  welcomed(servers: readonly ServerName[]): void {
    this.#perform(this.#spares.welcomed(servers, performance.now()));
  }

  /** The control link is gone. */
  unlinked(): void {
    this.#perform(this.#spares.unlinked());
    for (const { link } of this.#refusing) link.stop(CLOSE.done, 'the control link is gone');
    this.#refusing.clear();
  }

  drained(): void {
    this.#spares.drained();
  }

  named(frame: SpareFrame): void {
    this.#perform(this.#spares.named(frame));
  }

  /** The fleet lets a spare go. */
  closed(session: SessionName): void {
    this.#perform(this.#spares.closed(session, performance.now()));
  }

  /** The link of a spare, for the session that it becomes; undefined if it is none. */
  taken(session: SessionName): Ahead | undefined {
    if (!this.#spares.has(session)) return undefined;
    const linked = this.#links.get(session);
    this.#links.delete(session);
    const effects = this.#spares.taken(session, performance.now());
    setTimeout(() => this.#perform(effects), REPLACED_MS).unref();
    return { link: linked?.link, isLinked: linked?.isLinked === true };
  }

  /** A spare was taken that cannot be served: each post that comes is refused, until the edge closes the link. */
  refuse({ link }: Ahead, fault: Fault): void {
    if (!link) return;
    this.#refusing.add(link);
    const [oldest] = this.#refusing;
    if (this.#refusing.size > SPARES) oldest?.link.stop(CLOSE.done, 'refused');
    const refuse = (header: SessionDown | undefined): void => {
      if (header?.type !== 'post') return;
      const refused: RefusedFrame = { type: 'refused', of: header.id, ...fault, phase: 'not_sent' };
      if (link.link.carry(refused, undefined)) return;
      link.link.send(encodeBytes(refused), () => placeUp(refused));
    };
    link.handTo({
      ...DEAF,
      frame: (bytes) => refuse(headerOf(bytes)),
      carried: ({ frame }) => refuse(frame),
      ended: () => {
        this.#refusing.delete(link);
        return 'stop';
      },
      failed: (error) => this.#failed(error),
    });
  }

  snapshot(): SpareSnapshot[] {
    return this.#spares.all.map(({ server, state }) => ({ server, state }));
  }

  #perform(effects: readonly SpareEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    this.#timer.arm(this.#spares.wakeAt());
  }

  #performOne(effect: SpareEffect): void {
    switch (effect.do) {
      case 'want':
        return this.#options.say({ type: 'want', server: effect.server });
      case 'ready':
      case 'withdraw':
        return this.#options.say({ type: effect.do, session: effect.session });
      case 'dial':
        return this.#dial(effect.spare);
      case 'drop': {
        const linked = this.#links.get(effect.session);
        this.#links.delete(effect.session);
        return linked?.link.link.stop(CLOSE.done, 'not needed');
      }
    }
  }

  #dial({ session, server, ticket }: SpareFrame): void {
    const owner: SessionLinkOwner = {
      ...DEAF,
      opened: () => this.#options.reached(),
      frame: (bytes) => this.#frame({ session, server, ticket }, headerOf(bytes)),
      carried: ({ frame }) => this.#frame({ session, server, ticket }, frame),
      ended: () => {
        this.#links.delete(session);
        this.#perform(this.#spares.lost(session, performance.now()));
        return 'stop';
      },
      failed: (error) => this.#failed(error),
    };
    const link = newSessionLink(this.#options.ground, { name: session, ticket, epoch: 0 }, owner);
    this.#links.set(session, { link, isLinked: false });
    link.link.start();
  }

  /** A spare hears that it is linked, and whose it is. */
  #frame(
    { session, server, ticket }: Omit<SpareFrame, 'type'>,
    header: SessionDown | undefined,
  ): void {
    const linked = this.#links.get(session);
    if (header?.type === 'welcome' && linked) {
      linked.isLinked = true;
      return this.#perform(this.#spares.linked(session, performance.now()));
    }
    if (header?.type === 'take' && header.server === server)
      return this.#options.take({ ...header, type: 'open', session, ticket });
    linked?.link.link.reset(CLOSE.protocol, OUTSIDE_PROTOCOL);
  }

  #failed(error: unknown): void {
    this.#options.log.error('a spare failed', failureFields(error));
  }
}

/** Undefined for what is outside the protocol. */
function headerOf(bytes: Uint8Array): SessionDown | undefined {
  const reading = decodeBytes(sessionDown, bytes);
  return reading.ok ? reading.frame.header : undefined;
}

const DEAF = {
  opened: (): void => undefined,
  begun: (): void => undefined,
  moved: (): void => undefined,
};
