// How a worker delivers one client message to its session: how often it retries when the actor breaks away, when a modern
// client's request is posted again to the next session, and where its answer is followed; and when a session that was to begin with
// a spare is opened by dialling. Pure: the host asks, waits and mints ids.
import type { Opening, Post, PostAnswer, PostPlace } from './ports.ts';
import type { Fault } from '../../shared/fault.ts';
import { onlySessionOf, type ActorName } from '../../shared/ids.ts';
import { keepShapes } from '../../shared/kept-shapes.ts';
import { REOPEN_AFTER_MS } from '../../shared/link/timing.ts';

/** Attempts to reach an actor that breaks away (reset, deploy). Safe, because the runner drops a post it has seen (LP12). */
const ATTEMPTS = 5;
const RETRY_MS = 100;

/** More than the clocks of a worker and an actor can differ: the older of two sessions must never be taken for the newer. */
const MAX_SKEW_MS = 1_000;

/** A session whose actor could not be reached. */
export const UNREACHABLE: Fault = {
  fault: 'internal',
  message: 'The session could not be reached. Try again.',
};

/** A message of which nobody can say whether it arrived. */
const LOST: Fault = { ...UNREACHABLE, phase: 'unknown' };

/**
 * Milliseconds to wait before asking again an actor that broke away for the `attempt`th time; undefined: give up.
 * `random` is in [0, 1).
 */
export const retryAfterMs = (attempt: number, random: number): number | undefined =>
  attempt < ATTEMPTS ? RETRY_MS * attempt * random : undefined;

/** What the host does next. */
export type Delivering =
  /** Hand the post to the session: {@link Delivery.answered} or {@link Delivery.broke}. */
  | { readonly do: 'ask'; readonly post: Post }
  /** Then {@link Delivery.waited}. */
  | { readonly do: 'wait'; readonly ms: number }
  /** The post that was sent last, and its outcome. */
  | Delivered;

export interface Delivered {
  readonly do: 'done';
  readonly post: Post;
  readonly answer: PostAnswer;
}

export class Delivery {
  #post: Post;
  readonly #reopens: boolean;
  #reopenings = 0;
  #attempts = 0;
  /** The outcome of the last attempt, kept while waiting for the next. */
  #refused: PostAnswer | undefined;

  /** `reopens`: the actor opens sessions itself, so a request that met the end of one may be posted again (2026-07-28). */
  constructor(post: Post, reopens: boolean) {
    this.#post = post;
    this.#reopens = reopens;
  }

  start(): Delivering {
    return { do: 'ask', post: this.#post };
  }

  answered(answer: PostAnswer): Delivering {
    const afterMs = REOPEN_AFTER_MS[this.#reopenings];
    const comesAgain = this.#reopens && isNowhere(answer) && afterMs !== undefined;
    if (!comesAgain) return this.#done(this.#attempts > 0 ? inDoubt(answer) : answer);
    this.#reopenings += 1;
    this.#refused = answer;
    return { do: 'wait', ms: afterMs };
  }

  /** The actor broke away. `random` in [0, 1). */
  broke(random: number): Delivering {
    // It is not known whether the runner has the post. Its stream will show that, so one failed attempt is enough.
    if (this.#post.wants === 'answer')
      return this.#done({ kind: 'follow', isAccepted: false, isSent: true });
    this.#attempts += 1;
    const ms = retryAfterMs(this.#attempts, random);
    return ms === undefined ? this.#done({ kind: 'refused', fault: LOST }) : { do: 'wait', ms };
  }

  /** The time of `wait` is over. `hasLeft`: the client is gone; `fresh`: an unused post id. */
  waited(hasLeft: boolean, fresh: string): Delivering {
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused && hasLeft) return this.#done(refused);
    // In another session it is a new post: the runner must not take it for one it has seen.
    if (refused) this.#post = { ...this.#post, id: fresh, stream: fresh };
    return { do: 'ask', post: this.#post };
  }

  #done(answer: PostAnswer): Delivered {
    return { do: 'done', post: this.#post, answer };
  }
}

/** An earlier attempt may have reached the runner although the actor broke away, so a refusal now must not look safe to repeat. */
function inDoubt(answer: PostAnswer): PostAnswer {
  if (answer.kind !== 'refused' || answer.fault.phase === 'sent') return answer;
  const { fault, message } = answer.fault;
  return fault === 'runner_offline'
    ? { kind: 'refused', fault: { fault: 'runner_lost', phase: 'unknown' } }
    : { kind: 'refused', fault: { fault, message, phase: 'unknown' } };
}

/** There is no session where the request went, and it has not been sent: it is safe to repeat. */
export const isNowhere = (answer: PostAnswer): boolean =>
  answer.kind === 'refused' && isUnsent(answer.fault);

const isUnsent = ({ fault, phase = 'not_sent' }: Fault): boolean =>
  fault === 'session_not_found' && phase === 'not_sent';

/** The spare that was handed out is gone: the session is opened by dialling, in another actor (LP27). */
export const mustDial = (opening: Opening, refused: Fault | undefined): boolean =>
  opening.isSpare === true && refused !== undefined && isUnsent(refused);

/**
 * Where the stream of a modern client's post is followed: in the session it was posted in or, if that is not known, in one that
 * was open at the time of asking (ms since the epoch). `spare`: the actor that was asked, if it is one's.
 */
export function placeOf(
  { session: said }: PostAnswer & { readonly kind: 'follow' },
  askedAt: number,
  spare?: ActorName,
): PostPlace {
  const session = said ?? (spare === undefined ? undefined : onlySessionOf(spare));
  return session === undefined ? { openedBefore: askedAt - MAX_SKEW_MS } : { session };
}

const EXAMPLE = new Delivery(
  { id: 'i', stream: 's', wants: 'answer', message: 'm', requestIds: [] },
  false,
);
keepShapes(EXAMPLE, EXAMPLE.start(), EXAMPLE.answered({ kind: 'accepted' }));
