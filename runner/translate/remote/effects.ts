// What a session with a server at a URL wants done, and what it is told. An exchange is one HTTP request and its response.
import type { RemoteProblem } from './remote-words.ts';

/** How a response is read: as events, as one message, or not at all. */
export type BodyReading = 'events' | 'whole' | 'nothing';

export type RemoteEffect =
  | {
      readonly do: 'ask';
      readonly exchange: number;
      readonly method: 'POST' | 'GET' | 'DELETE';
      /** Absent: the server's own. */
      readonly url?: string | undefined;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: Uint8Array;
    }
  /** In answer to `answered`, before anything of the body is told. */
  | { readonly do: 'read'; readonly exchange: number; readonly as: BodyReading }
  /** Break it off; nothing more is told of it. */
  | { readonly do: 'drop'; readonly exchange: number }
  /** A line, as if a process had printed it. */
  | { readonly do: 'say'; readonly line: Uint8Array }
  /** Lines are taken again without delay. */
  | { readonly do: 'drained' }
  | { readonly do: 'note'; readonly words: string; readonly code?: string }
  /** It is over; a `DELETE` may follow. */
  | { readonly do: 'end'; readonly end: RemoteEnd };

/** `started`: it had answered before. `problem`: undefined when the runner ended it. */
export interface RemoteEnd {
  readonly isStarted: boolean;
  readonly problem: RemoteProblem | undefined;
}

/** The head of a response. Names of headers are in lower case. */
export interface RemoteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/**
 * How an exchange failed. `unreached`: no connection, so nothing was sent; `broken`: it was, and what became of it is unknown; `too_large`:
 * the response has more than a line may hold.
 */
export interface RemoteFailure {
  readonly how: 'unreached' | 'broken' | 'too_large';
  readonly code: string;
}

export interface RemoteEvent {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data: string;
}
