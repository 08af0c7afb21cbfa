// What a hub asks of its host.
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { Note } from '../core/session-effects.ts';

/** A hub's number for one of its seats; it is given once. */
export type SeatNumber = number;

export type HubEffect =
  /** One line for the process, without its line break. */
  | { readonly do: 'write'; readonly line: Uint8Array }
  /** A message for one seat, as if its own process had printed it. */
  | { readonly do: 'say'; readonly seat: SeatNumber; readonly message: MessageView }
  /** The process is of no use to anybody; `reason` completes "the process …". Its end is told to every seat. */
  | { readonly do: 'stop'; readonly reason: string }
  | Note;
