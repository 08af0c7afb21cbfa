// How each kind of client stream behaves: one row per kind, so that no other code asks which client it serves. Differences between
// revisions are in shared/mcp/revisions.ts; differences at the runner are in runner/core/client-kinds.ts.
import type { Fault } from '../../shared/fault.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import { inModernWords } from './modern-words.ts';

export interface StreamKind {
  /** Events carry ids, for clients that may resume (2025-03-26 and later). */
  readonly isResumable: boolean;
  /** The session ends with this stream (HTTP+SSE). */
  readonly endsSession: boolean;
  /**
   * The session ends if its client leaves before the first event: it was not told of the session, and has no event id with which it
   * could come back for the answer.
   */
  readonly endsUntold: boolean;
  /** A client that leaves has cancelled (2026-07-28, Patterns, "Cancellation"). */
  readonly cancels: boolean;
  /** Its one request stays open to report changes, for as long as its client likes. */
  readonly isListen: boolean;
  /** How often a comment is sent, in milliseconds. A client that left is noticed at the next write at the latest. */
  readonly keepAliveMs: number;
  /** Words a fault for this client. */
  readonly inWords: (fault: Fault) => Fault;
}

/**
 * Shorter than the idle cut-offs of proxies and clients: some are set to 30 s, the usual ones are 50 s and up. A client that vanished
 * without a word is noticed within this time, and with the time it has to come back its session ends within a minute.
 */
const KEEP_ALIVE_MS = 25_000;

/**
 * Listeners of several apps share a session, which goes on when one of them is shut out. So each asks at its beat whether it may go on,
 * and with the 15 s for which an answer is remembered a policy that was set counts within 30 s (PROMISES.md, `edge/http/policies.ts`).
 */
const LISTEN_KEEP_ALIVE_MS = 15_000;

/** While a server starts, only this client waits for the answer: if it leaves, the opening must soon stop. */
const OPENING_KEEP_ALIVE_MS = 1_000;

/** A client that closes an idle stream may be noticed only at the next write, and its call must be cancelled within a second. */
const CALL_KEEP_ALIVE_MS = 900;

/** Keep-alives of streams leave together, at times this far apart. */
const BEAT_SLOT_MS = 500;

/** Of a time between keep-alives that is shorter, a slot would be too large a part. */
const LEAST_SLOTTED_MS = 10_000;

/**
 * Milliseconds to a stream's next keep-alive; `now` by the clock that all streams of the host read. Those of many streams fall on the same
 * moments, each up to half a second early: to wake a program for one costs several times what one more costs a program that is awake.
 */
export const beatInMs = ({ keepAliveMs }: StreamKind, now: number): number =>
  keepAliveMs < LEAST_SLOTTED_MS ? keepAliveMs : keepAliveMs - (now % BEAT_SLOT_MS);

const asItIs = (fault: Fault): Fault => fault;

/** Streamable HTTP of 2025-03-26 to 2025-11-25: a client that leaves may come back with the id of an event. */
const STREAMABLE: StreamKind = {
  isResumable: true,
  endsSession: false,
  endsUntold: false,
  cancels: false,
  isListen: false,
  keepAliveMs: KEEP_ALIVE_MS,
  inWords: asItIs,
};

/** A request of 2026-07-28. No event ids: with them the official client would come back with GET after a break. */
const MODERN: StreamKind = {
  isResumable: false,
  endsSession: false,
  endsUntold: false,
  cancels: true,
  isListen: false,
  keepAliveMs: CALL_KEEP_ALIVE_MS,
  inWords: inModernWords,
};

/** `sse`, `streamable` and `modern` are client kinds: the streams that each has as a rule. The others are variants of them. */
export const STREAM_KINDS = {
  /** HTTP+SSE (2024-11-05): one stream, and the session ends with it. */
  sse: {
    isResumable: false,
    endsSession: true,
    endsUntold: false,
    cancels: false,
    isListen: false,
    keepAliveMs: KEEP_ALIVE_MS,
    inWords: asItIs,
  },
  streamable: STREAMABLE,
  /** A slow answer to `initialize`. */
  opening: { ...STREAMABLE, endsUntold: true, keepAliveMs: OPENING_KEEP_ALIVE_MS },
  /** The same for a client that got an event id with the headers. */
  primedOpening: { ...STREAMABLE, keepAliveMs: OPENING_KEEP_ALIVE_MS },
  modern: MODERN,
  /** `subscriptions/listen`. It may stay open for days, and each check wakes an actor. */
  listen: { ...MODERN, isListen: true, keepAliveMs: LISTEN_KEEP_ALIVE_MS },
} as const satisfies Readonly<
  Record<ClientKind | 'opening' | 'primedOpening' | 'listen', StreamKind>
>;
