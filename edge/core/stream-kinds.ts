// What a client's stream is by the way the client speaks: whether it can be resumed, and what its end means. Read in place of asking
// which client it is.
import type { ClientStreamOptions } from './client-stream.ts';
import type { Transport } from '../../shared/link/control-frames.ts';

type StreamKind = Required<Pick<ClientStreamOptions, 'isResumable' | 'endsSession' | 'cancels'>>;

export const STREAM_KINDS: Readonly<Record<Transport, StreamKind>> = {
  /** HTTP+SSE (2024-11-05): one stream, and the session ends with it. */
  sse: { isResumable: false, endsSession: true, cancels: false },
  /** Streamable HTTP (2025-03-26 … 2025-11-25): who leaves may come back with the id of an event. */
  streamable: { isResumable: true, endsSession: false, cancels: false },
  /** 2026-07-28: who leaves has cancelled. An event id would make the official client come back with GET. */
  modern: { isResumable: false, endsSession: false, cancels: true },
};
