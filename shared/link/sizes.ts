// Sizes of the link, in bytes or numbers, as PROTOCOL.md §7 lists them. Each with its reason. Times are in timing.ts.
import { PROCESS_LINE_BYTES } from '../limits.ts';

// Frames (LP3, LP26).

/** A frame above this is sent as parts, so that one large message neither blocks a socket for long nor nears Cloudflare's 32 MiB (LP3). */
export const FRAME_BYTES = 256 * 1024;

/** Largest message a link reassembles from parts: a process line plus room for the frame's header (LP3). */
export const REASSEMBLED_BYTES = PROCESS_LINE_BYTES + 64 * 1024;

/** Events that one frame may carry: as a burst of small ones comes, and no more work at once than that (LP26). */
export const EVENTS_IN_FRAME = 256;

// What is on the way (LP15, LP23).

/** Unacknowledged bytes a session may have on the way: bounds every buffer between the process and the client (LP15, R-10). */
export const CREDIT_BYTES = 8 * 1024 * 1024;

/**
 * Events that may be on the way in addition: the edge handles them one after the other, and everybody else's
 * messages after them. Some ten milliseconds of its work; at a round trip of 100 ms thousands a second (LP15).
 */
export const CREDIT_EVENTS = 500;

/** Messages of a session that the runner may not have yet: as much as may be on the way down, and one always passes. */
export const UPWARD_BYTES = 8 * 1024 * 1024;

/** Spares of one runner: each is a socket and a sleeping actor (LP27). */
export const SPARES = 64;

/** Spares that are being dialled at a time: an edge that comes back is not met by all of them at once (LP27). */
export const SPARES_DIALLED = 4;

/** Requests a session may hold while its runner is away. */
export const OFFLINE_QUEUE = 32;

/** Units that may be under way before the line is known, and the largest message. At 20 KB/s they hold up others for three seconds, once. */
export const START_WINDOW = 64 * 1024;

/** The smallest window, even on the slowest line: two parts. */
export const MIN_WINDOW = 8 * 1024;

/** The largest window: 80 MB/s at 50 ms. */
export const MAX_WINDOW = 4 * 1024 * 1024;

/**
 * What may wait in the network beside the line's own round trip (`QUEUE_MS`) is no more than this. A line on which it were more is so
 * fast that it waits at the far end instead, and an edge works off what lies on one socket before it looks at the next.
 */
export const QUEUE_BYTES = 512 * 1024;

/**
 * Messages that may be under way: each takes an actor a fraction of a millisecond, whatever it holds, and nobody else has a turn
 * meanwhile. At a round trip of 100 ms 640 a second, each with as many small events as there are (LP26).
 */
export const MESSAGES_UNDER_WAY = 64;

/** A window is confirmed in this many steps, so that the line does not run dry between them; a part is no larger than one step. */
export const WINDOW_STEPS = 4;

// What is remembered (LP12, R-4).

/** Events kept for resumption, for each session. */
export const WINDOW_EVENTS = 1_000;

/** Bytes kept for resumption, for each session. */
export const WINDOW_BYTES = 8 * 1024 * 1024;

/** Ids of posts in one table of digests, far more than can be in flight. Two tables are kept: 1 MiB each for a session that was so busy, nothing for others (LP12). */
export const POST_TABLE_IDS = 65_536;

/** Ids of requests that the actor repeats to the follower of an HTTP+SSE stream, and that a worker remembers (`owes`). */
export const OWED_IDS = 32;

/** Of what is told of a process that failed (LP32): characters of a line, and lines of stderr. */
export const FAILURE_LINE_CHARS = 300;
export const FAILURE_LINES = 5;

/** Of what is told of tools that are held back (LP33): names, and characters of a name. */
export const HELD_NAMES = 8;
export const HELD_NAME_CHARS = 64;

/** Of what is told of what runs (LP34): processes, sessions of each, virtual servers, and members of each. */
export const TOLD_PROCESSES = 64;
export const TOLD_SESSIONS = 8;
export const TOLD_VIRTUAL = 32;
export const TOLD_MEMBERS = 32;

/** Virtual servers that are named with a member that failed (LP32). */
export const MEMBER_OF = 8;
