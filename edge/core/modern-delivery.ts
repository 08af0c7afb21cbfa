// The order in which a worker serves a request of a 2026-07-28 client: where its requests go, then the request itself, and both again
// if its session had just ended there. Pure: the host asks the fleet and the actors, waits and mints ids.
import { Delivery, isNowhere, placeOf, type Delivering } from './exchange.ts';
import type { ModernHomes } from './modern-homes.ts';
import type { ModernHome, Opened, Opening, Post, PostAnswer, PostPlace } from './ports.ts';
import type { ActorName } from '../../shared/ids.ts';

/** What the host does next. */
export type ModernStep =
  /** Ask the fleet where the requests go: {@link ModernDelivery.homed}. */
  | { readonly do: 'findHome' }
  /** Have the actor serve the post: {@link ModernDelivery.answered} or {@link ModernDelivery.broke}. */
  | {
      readonly do: 'serve';
      readonly actor: ActorName;
      readonly opening: Opening;
      readonly post: Post;
    }
  /** Then {@link ModernDelivery.waited}. */
  | { readonly do: 'wait'; readonly ms: number }
  | ModernDelivered;

/** The post that was sent last, its outcome, and the actor that was asked. */
export interface ModernDelivered {
  readonly do: 'done';
  readonly post: Post;
  readonly answer: PostAnswer;
  readonly actor: ActorName;
  /** Where the answer's stream is followed, if there is one. */
  readonly place: PostPlace | undefined;
}

interface ModernRequest {
  readonly post: Post;
  readonly opening: Opening;
  /** The actor of its principal and server. */
  readonly own: ActorName;
  /** When it was asked, in milliseconds since the epoch. */
  readonly askedAt: number;
}

export class ModernDelivery {
  readonly #request: Omit<ModernRequest, 'post'>;
  readonly #homes: ModernHomes;
  readonly #delivery: Delivery;
  /** What is to be served once its home is known. */
  #post: Post;
  #actor: ActorName;

  constructor({ post, ...request }: ModernRequest, homes: ModernHomes) {
    this.#request = request;
    this.#homes = homes;
    this.#delivery = new Delivery(post, true);
    this.#post = post;
    this.#actor = request.own;
  }

  start(now: number): ModernStep {
    return this.#next(this.#delivery.start(), now);
  }

  /** The fleet's answer; undefined if it broke away. An actor that is woken for what no runner could serve would leave a trace on disk. */
  homed(home: Opened<ModernHome> | undefined, now: number): ModernStep {
    const { own, opening } = this.#request;
    if (!home) return this.#serve(this.#homes.last(own));
    if (!home.ok) {
      const answer = { kind: 'refused', fault: home.fault } as const;
      return this.#next(this.#delivery.answered(answer), now);
    }
    this.#homes.learned(own, opening.server, home.value, now);
    return this.#serve(home.value.actor);
  }

  /** The actor's answer. */
  answered(answer: PostAnswer, now: number): ModernStep {
    const { own, opening } = this.#request;
    if (isNowhere(answer)) this.#homes.forget(own, opening.server);
    return this.#next(this.#delivery.answered(answer), now);
  }

  /** The actor broke away. `random` in [0, 1). */
  broke(random: number, now: number): ModernStep {
    return this.#next(this.#delivery.broke(random), now);
  }

  /** The time of `wait` is over. `hasLeft`: the client is gone; `fresh`: an unused post id. */
  waited(hasLeft: boolean, fresh: string, now: number): ModernStep {
    return this.#next(this.#delivery.waited(hasLeft, fresh), now);
  }

  #next(step: Delivering, now: number): ModernStep {
    const { own, opening } = this.#request;
    switch (step.do) {
      case 'ask': {
        this.#post = step.post;
        const known = this.#homes.known(own, opening.server, now);
        return known === undefined ? { do: 'findHome' } : this.#serve(known);
      }
      case 'wait':
        return step;
      case 'done':
        return { ...step, actor: this.#actor, place: this.#placeOf(step.answer) };
    }
  }

  #serve(actor: ActorName): ModernStep {
    this.#actor = actor;
    const { opening, own } = this.#request;
    const asked = actor === own ? opening : { ...opening, isSpare: true };
    return { do: 'serve', actor, opening: asked, post: this.#post };
  }

  #placeOf(answer: PostAnswer): PostPlace | undefined {
    if (answer.kind !== 'follow') return undefined;
    const { own, askedAt } = this.#request;
    return placeOf(answer, askedAt, this.#actor === own ? undefined : this.#actor);
  }
}
