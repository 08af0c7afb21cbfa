// What a client's stream is by the way its client speaks: one row for each kind, read in place of asking which client it is. What
// depends on the revision is in shared/mcp/revisions.ts; what differs at the runner is in runner/core/client-kinds.ts.
import type { Fault } from '../../shared/fault.ts';
import { inModernWords } from './modern-words.ts';

export interface StreamKind {
  /** Events carry ids, for clients that may resume (2025-03-26 and later). */
  readonly isResumable: boolean;
  /** The session ends with this stream (HTTP+SSE). */
  readonly endsSession: boolean;
  /** A client that leaves has cancelled (2026-07-28, Patterns, "Cancellation"). */
  readonly cancels: boolean;
  /** Its one request waits for whatever changes, for as long as its client likes. */
  readonly isListen: boolean;
  /** How often a comment is sent, in milliseconds: a client that left is noticed by the next write at the latest. */
  readonly keepAliveMs: number;
  /** Puts a fault as this client is told it. */
  readonly inWords: (fault: Fault) => Fault;
}

/** Below every known idle cut-off (60 s and up), and the time within which a client that vanished is noticed. */
const KEEP_ALIVE_MS = 15_000;

/** A session that is being opened must not outlive a client that has left: while a server starts, nobody else waits for the answer. */
const OPENING_KEEP_ALIVE_MS = 1_000;

/** A client that closes an idle stream may be noticed only by the next write, and its call is to be cancelled within a second. */
const CALL_KEEP_ALIVE_MS = 900;

const asItIs = (fault: Fault): Fault => fault;

/** Streamable HTTP of 2025-03-26 to 2025-11-25: a client that leaves may come back with the id of an event. */
const STREAMABLE: StreamKind = {
  isResumable: true,
  endsSession: false,
  cancels: false,
  isListen: false,
  keepAliveMs: KEEP_ALIVE_MS,
  inWords: asItIs,
};

/** A request of 2026-07-28. An event id would make the official client come back with GET when a stream breaks. */
const MODERN: StreamKind = {
  isResumable: false,
  endsSession: false,
  cancels: true,
  isListen: false,
  keepAliveMs: CALL_KEEP_ALIVE_MS,
  inWords: inModernWords,
};

/** Three have the name of the transport they are of. */
export const STREAM_KINDS = {
  /** HTTP+SSE (2024-11-05): one stream, and the session ends with it. */
  sse: {
    isResumable: false,
    endsSession: true,
    cancels: false,
    isListen: false,
    keepAliveMs: KEEP_ALIVE_MS,
    inWords: asItIs,
  },
  streamable: STREAMABLE,
  /** The answer to `initialize`, where it takes its time. */
  opening: { ...STREAMABLE, keepAliveMs: OPENING_KEEP_ALIVE_MS },
  modern: MODERN,
  /** `subscriptions/listen`. It may stand for days, and each look at it wakes an actor. */
  listen: { ...MODERN, isListen: true, keepAliveMs: KEEP_ALIVE_MS },
} as const satisfies Readonly<Record<string, StreamKind>>;
