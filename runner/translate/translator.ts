// The translator between a session and its processes, needed if they are of different eras, or if one session has several processes. To
// the session it is the process, to the processes it is the client. Pure: inputs in, effects out.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { Note } from '../core/session-effects.ts';

/** Whether a server's processes serve an era; undefined until one of them has shown it. */
export interface KnownEras {
  readonly legacy: boolean | undefined;
  readonly modern: boolean | undefined;
}

/** Before any process has shown its era. */
export const NO_ERA_KNOWN: KnownEras = { legacy: undefined, modern: undefined };

export type TranslateEffect =
  /** Start a process at `slot`, a number this translator has not used before. `member`: of a virtual server, whose process it is. */
  | { readonly do: 'start'; readonly slot: number; readonly member?: ServerName }
  /** End the process at `slot` or, if it has answered nothing, let it keep starting for others. Its `exited` still comes. */
  | { readonly do: 'stop'; readonly slot: number; readonly reason: string }
  /** A line for the process at `slot`, without its newline. `message`: what is known of it, if it was scanned. */
  | {
      readonly do: 'write';
      readonly slot: number;
      readonly line: Uint8Array;
      readonly message?: MessageView;
    }
  /** The process answered something: it works. */
  | { readonly do: 'served'; readonly slot: number }
  /** A process has shown whether the server serves an era; undefined: what was known is wrong. All sessions of the server's config must {@link Translator.know} it. */
  | {
      readonly do: 'learned';
      readonly era: keyof KnownEras;
      readonly isServed: boolean | undefined;
    }
  /**
   * A message for the session, as if its process had printed it. `bridgeId`: the session's own id of the request in flight that a
   * notification or a request belongs to, if the message itself does not say so.
   */
  | {
      readonly do: 'say';
      readonly line: Uint8Array;
      readonly bridgeId?: BridgeRequestId;
      /** What is known of the line, if it was scanned. */
      readonly message?: MessageView;
    }
  /** The one process of a legacy client's session is gone, and the session with it. */
  | { readonly do: 'exited'; readonly description: string }
  | Note;

/** Times in milliseconds since the epoch. Every method returns what must be done now, in order. */
export interface Translator {
  /** What the sessions of the server's config have learned of its eras. Call before any other input. */
  know(eras: KnownEras): void;
  /** The session begins; a first process may be started. */
  start(now: number): TranslateEffect[];
  /** One message the session writes: ids of requests are the session's own integers, progress tokens too. */
  fromSession(message: MessageView, now: number): TranslateEffect[];
  /** Why a notification that the session is about to write would reach no process; undefined for one that does. Without: it always does. */
  refusal?(notification: MessageView): string | undefined;
  /** One line a process printed, not yet scanned; or a message that was scanned where it was heard. */
  fromProcess(slot: number, said: Uint8Array | MessageView, now: number): TranslateEffect[];
  /** A process is gone, or never was (`hasRun` false); `description` says how, as "exited with code 1". */
  exited(slot: number, description: string, now: number, hasRun?: boolean): TranslateEffect[];
  /** Call at or after {@link wakeAt}. */
  tick(now: number): TranslateEffect[];
  wakeAt(): number | undefined;
}
