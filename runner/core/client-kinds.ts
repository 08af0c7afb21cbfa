// What differs between sessions by the kind of their clients: one row for each kind, read wherever a rule depends on it. What
// depends on the revision is in shared/mcp/revisions.ts.
import { GET_STREAM, SSE_STREAM } from '../../shared/ids.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import { MODERN_RETURN_MS, SSE_RETURN_MS, UNTOLD_RETURN_MS } from '../../shared/link/timing.ts';

/** Times are in milliseconds. */
export interface ClientTraits {
  /** The stream that exists from the session's opening to its end. Without one, a client gets only what belongs to a request. */
  readonly standing: string | undefined;
  /** A request opens its own stream, which takes what is sent while it runs, even what belongs to no request. */
  readonly hasRequestStreams: boolean;
  /** Delivered events are kept for a client that resumes. */
  readonly isResumable: boolean;
  /** The session is over if nobody listens for this long. Without it, the configured times decide. */
  readonly returnMs: number | undefined;
  /** The same, before any client knows of the session. */
  readonly untoldReturnMs: number | undefined;
  /** A client that closes its stream has cancelled its requests. If only its worker broke off, the worker has this long to return. */
  readonly leaveCancelsAfterMs: number | undefined;
  /** A client cancels by the id of its request. If clients share a session, the id could be another's. */
  readonly cancelsById: boolean;
  /** A worker that attaches learns which requests the stream still has to answer. */
  readonly tellsOwed: boolean;
  /** It is unknown what was in flight when the edge gave up (LP20), so the session ends. */
  readonly endsWhenExpired: boolean;
  /** The session has one process, and checks whether it still answers. Otherwise a translator does that. */
  readonly hasOneProcess: boolean;
  /** A subscription that has begun ends with a result when the session ends; its client opens another. */
  readonly closesListens: boolean;
}

const CLIENT_KINDS: Readonly<Record<ClientKind, ClientTraits>> = {
  // HTTP+SSE of 2024-11-05: one stream for everything, and no way back once it is closed.
  sse: {
    standing: SSE_STREAM,
    hasRequestStreams: false,
    isResumable: false,
    returnMs: SSE_RETURN_MS,
    untoldReturnMs: SSE_RETURN_MS,
    leaveCancelsAfterMs: undefined,
    cancelsById: true,
    tellsOwed: true,
    endsWhenExpired: true,
    hasOneProcess: true,
    closesListens: false,
  },
  // Streamable HTTP of 2025-03-26 to 2025-11-25: a stream for each request and one for GET; all can be resumed.
  streamable: {
    standing: GET_STREAM,
    hasRequestStreams: true,
    isResumable: true,
    returnMs: undefined,
    untoldReturnMs: UNTOLD_RETURN_MS,
    leaveCancelsAfterMs: undefined,
    cancelsById: true,
    tellsOwed: false,
    endsWhenExpired: false,
    hasOneProcess: true,
    closesListens: false,
  },
  // 2026-07-28: all clients of one principal. Each request is self-contained, and closing a response cancels.
  modern: {
    standing: undefined,
    hasRequestStreams: true,
    isResumable: false,
    returnMs: undefined,
    untoldReturnMs: undefined,
    leaveCancelsAfterMs: MODERN_RETURN_MS,
    cancelsById: false,
    tellsOwed: false,
    endsWhenExpired: false,
    hasOneProcess: false,
    closesListens: true,
  },
};

/** The row of a session's clients. */
export const traitsOf = (clientKind: ClientKind): ClientTraits => CLIENT_KINDS[clientKind];
