// Times of the link in milliseconds, as PROTOCOL.md §7 lists them: those that both sides obey, and those of one side that the other
// counts on. Each with its reason, so that numbers that must agree are read side by side. Sizes are in sizes.ts.
import { LOOK_MS } from '../limits.ts';

// A runner dials (LP5, LP9).

/** A dial into a network that swallows it is given up while the grace still holds several more (LP5). */
export const DIAL_SILENCE_MS = 5_000;

/** Whoever keeps a dial busy, as with a header a second, gets this long in all (LP5). */
export const DIAL_MS = 15_000;

/** The body of a refusal must come within this: less than a dial may be silent, so that what came is told (LP5). */
export const REFUSAL_BODY_MS = 4_000;

/** A longer `Retry-After` is no reason to stay away: whoever set it may have gone, or be wrong (LP5). */
export const LONGEST_RETRY_AFTER_MS = 5 * 60_000;

/** A runner that was told to open a session must have dialled by then. */
export const DIAL_WAIT_MS = 10_000;

/** The first sleep between two dials; it doubles. */
export const BACKOFF_BASE_MS = 250;

/** The longest sleep of a session link: whatever link of the runner reaches the edge first wakes the others. */
export const SESSION_BACKOFF_CAP_MS = 5_000;

/** The longest of the control link: a thousand runners that lost the same edge come back within a minute (F-60). */
export const CONTROL_BACKOFF_CAP_MS = 60_000;

/** The longest of the control link while sessions have their grace: one link asks for all of them. */
export const GRACE_BACKOFF_CAP_MS = 500;

// A link breaks (LP18, LP20–LP22).

/** How long a lost runner link may stay away before requests in flight are given up (LP20, R-7). */
export const LINK_GRACE_MS = 30_000;

/**
 * How long an event can be resumed from: clients reconnect within seconds, a laptop's lid within minutes. A session whose link
 * is away for as long is over, and both sides come to that by themselves.
 */
export const WINDOW_MS = 5 * 60_000;

/** After a relink a worker that still holds its client attaches again well within this; the others died meanwhile (LP18). */
export const CONFIRM_MS = 10_000;

/** How long an HTTP+SSE stream may be without its worker before its client counts as gone (LP21). */
export const SSE_RETURN_MS = 10_000;

/** A modern client's worker that broke away is back within moments; a client that left cancels (LP22). */
export const MODERN_RETURN_MS = 5_000;

/**
 * How long a session may be without its worker that no client knows of yet: its `initialize` was not posted, or its answer, and with
 * it the session's name, not delivered. A worker whose actor broke away is back sooner, and so is a client that resumes.
 */
export const UNTOLD_RETURN_MS = 5_000;

/** An attached client that acknowledges nothing for this long while something is owed is cut off. */
export const STALL_MS = 30_000;

/** While a `subscriptions/listen` stands and nothing comes, its worker has the link looked at this often: each look wakes an actor. */
export const LISTEN_LOOK_MS = 5 * 60_000;

/** Beats of a worker, one each {@link LOOK_MS}, of which a standing listen heeds one. */
export const LISTEN_BEATS = LISTEN_LOOK_MS / LOOK_MS;

// A post and its answer (LP13).

/** Without an event by then, a post that opened its stream is accepted explicitly. */
export const ACCEPT_DELAY_MS = 100;

/** An answer that comes within this becomes one JSON body; a later one is followed as SSE, so headers are never held for long. */
export const JSON_WAIT_MS = 250;

/** How long a worker may take to follow a stream it was told to follow; until then its events are not taken for unwanted. */
export const FOLLOW_WAIT_MS = 5_000;

/** Deliveries that no post has carried are told after this; it only frees memory on the runner (LP17). */
export const DELIVERY_DELAY_MS = 500;

// A session ends (§5).

/** How long a runner that told a session's end may take to say which posts it had. */
export const LAST_WORD_MS = 1_000;

/** The longest for posts that are still under way to it, on a slow line. */
export const SLOW_WORD_MS = 10_000;

/**
 * A request that comes to a modern session as it ends is told so within {@link LAST_WORD_MS}, and comes back after each of these
 * times. They outlast one such end together: whoever then finds another that ends has met no coincidence.
 */
export const REOPEN_AFTER_MS: readonly number[] = [0, 0.3, 0.9].map((part) => part * LAST_WORD_MS);

/** How long a client's DELETE waits for the runner to confirm. */
export const END_WAIT_MS = 5_000;

/** How long an ended session of the runner tries to tell the edge while nothing moves: as long as the edge may wait for it. */
export const FAREWELL_MS = 10_000;

/** The same for a runner that stops: it has been drained, and an edge that is there answers within milliseconds. */
export const DRAIN_FAREWELL_MS = 2_000;

// What is on the way (LP23).

/** How long what is under way may wait in the network beside the line's own round trip. A call between bulk waits about as long. */
export const QUEUE_MS = 300;
