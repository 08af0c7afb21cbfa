// Times of the link in milliseconds, as PROTOCOL.md §7 lists them: those that both sides obey, and those of one side that the other
// counts on. Each with its reason, so that numbers that must agree are read side by side. Sizes are in sizes.ts.

// A runner dials (LP5, LP9).

/** A dial that a network swallows is given up while the grace still has room for several more (LP5). */
export const DIAL_SILENCE_MS = 5_000;

/** A peer that keeps a dial busy, for example with one header a second, gets this long in all (LP5). */
export const DIAL_MS = 15_000;

/** The body of a refusal must come within this: less than a dial may be silent, so that what came can be reported (LP5). */
export const REFUSAL_BODY_MS = 4_000;

/** A longer `Retry-After` is not obeyed: its sender may be gone, or wrong (LP5). */
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

/** A spare that was lost is replaced after this: what broke it may break the next (LP27). */
export const SPARE_AGAIN_MS = 10_000;

/** A runner says hello in the same breath as it dials (LP9). */
export const HELLO_WAIT_MS = 10_000;

/** A runner that is there gives up a session's place within milliseconds, or has none to give (LP25). */
export const YIELD_WAIT_MS = 2_000;

// A socket falls silent (LP4, LP23).

/** A ping goes out this often on a socket in use; with PONG_MS the runner finds a half-open one within 17 s. */
export const PING_MS = 10_000;

/** How long a pong may take before the socket counts as dead. */
export const PONG_MS = 6_000;

/** A control socket without a ping for this long is half-open to the edge: a ping and its pong are missing. So is any new socket. */
export const SILENCE_MS = PING_MS + PONG_MS;

/** A session link is in use for this long after the last frame, whichever side sent it: longer than a worker's beat, by which a call lasts. */
export const IN_USE_MS = 30_000;

/**
 * The longest time between two pings on a session link that rests: under a minute, which is the shortest time after which known
 * proxies cut an idle connection (nginx and AWS 60 s, Cloudflare 100 s).
 */
export const RESTING_PING_MS = 55_000;

/** Each time is shorter by up to this share, so that a thousand links do not ping together. */
export const RESTING_SPREAD = 0.2;

/** Not even a socket that rests may be without a ping for this long. */
export const RESTING_SILENCE_MS = RESTING_PING_MS + PONG_MS;

/** While something waits for the runner the edge uses the link this often, and asks if it has heard nothing: 13.5 s with {@link PONG_MS}. */
export const LOOK_MS = 7_500;

// A link breaks (LP18, LP20–LP22).

/** How long a lost runner link may stay away before requests in flight are given up (LP20, R-7). */
export const LINK_GRACE_MS = 30_000;

/**
 * How long an event can be resumed from: clients reconnect within seconds, a laptop's lid within minutes. A session whose link
 * is away for this long is over, and both sides find that out by themselves.
 */
export const WINDOW_MS = 5 * 60_000;

/** After a relink a worker that still holds its client attaches again well within this; the others died meanwhile (LP18). */
export const CONFIRM_MS = 10_000;

/** How long an HTTP+SSE stream may be without its worker before its client counts as gone (LP21). */
export const SSE_RETURN_MS = 10_000;

/** A modern client's worker that broke off is back within moments; a client that leaves cancels (LP22). */
export const MODERN_RETURN_MS = 5_000;

/**
 * How long a session that no client knows of yet may be without its worker: its `initialize` was not posted, or the answer, and with
 * it the session's name, was not delivered. A worker whose actor broke off is back sooner, and so is a client that resumes.
 */
export const UNTOLD_RETURN_MS = 5_000;

/** An attached client that acknowledges nothing for this long while something is owed is cut off. */
export const STALL_MS = 30_000;

/** While a `subscriptions/listen` is open and nothing comes, its worker has the link checked this often: each check wakes an actor. */
export const LISTEN_LOOK_MS = 5 * 60_000;

/** Of this many beats of a worker, one each {@link LOOK_MS}, an open listen uses one. */
export const LISTEN_BEATS = LISTEN_LOOK_MS / LOOK_MS;

// A post and its answer (LP13).

/** Without an event by then, a post that opened its stream is accepted explicitly. */
export const ACCEPT_DELAY_MS = 100;

/** An answer that comes within this becomes one JSON body; a later one is followed as SSE, so headers are never held for long. */
export const JSON_WAIT_MS = 250;

/** How long a worker may take to follow a stream after it was told to; until then its events are not taken for unwanted. */
export const FOLLOW_WAIT_MS = 5_000;

/** Deliveries that no post has carried are sent after this; they only free memory on the runner (LP17). */
export const DELIVERY_DELAY_MS = 500;

// A session ends (§5).

/** How long a runner may take, after it said that a session has ended, to say which posts it had. */
export const LAST_WORD_MS = 1_000;

/** The longest wait for posts that are still under way to it, on a slow line. */
export const SLOW_WORD_MS = 10_000;

/**
 * A request that reaches a modern session as it ends learns so within {@link LAST_WORD_MS}, and is tried again after each of these
 * times. Together they outlast one such end: if the next session ends too, it is not bad luck.
 */
export const REOPEN_AFTER_MS: readonly number[] = [0, 0.3, 0.9].map((part) => part * LAST_WORD_MS);

/** How long a client's DELETE waits for the runner to confirm. */
export const END_WAIT_MS = 5_000;

/** How long an ended session of the runner tries to reach the edge while nothing moves: as long as the edge may wait for it. */
export const FAREWELL_MS = 10_000;

/** The same for a stopping runner: it is drained, and an edge that is there answers within milliseconds. */
export const DRAIN_FAREWELL_MS = 2_000;

// What is on the way (LP23).

/** How long what is under way may wait in the network beside the line's own round trip. A call between bulk waits about as long. */
export const QUEUE_MS = 300;

// The owner looks at what runs (LP34).

/** A runner is told again after this that the owner looks. */
export const WATCH_AGAIN_MS = 10_000;

/** So long after it was told so a runner says what runs. */
export const WATCHED_MS = 15_000;

/** How often it says so at most. */
export const RUNNING_TOLD_MS = 1_000;

/** How long what it said is shown: it says so again within {@link WATCH_AGAIN_MS} of each look. */
export const RUNNING_SHOWN_MS = 30_000;
