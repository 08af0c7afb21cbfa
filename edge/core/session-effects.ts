// What the rules of a session want of their host, and what is noted on a socket while its actor sleeps.
import type {
  CarryEffect,
  Negotiated,
  Opened,
  Opening,
  PlacedSession,
  PostAnswer,
  SessionStore,
  SocketEffect,
  Sockets,
} from './ports.ts';
import type { Fault } from '../../shared/fault.ts';
import type { PrincipalName, SessionName, SocketId, StreamId } from '../../shared/ids.ts';

/** The note on a socket. It names its session: sockets of an earlier session may still be closing when the next is open. */
export type SessionNote = { readonly session: SessionName | undefined } & (
  | {
      readonly role: 'runner';
      readonly placed: PlacedSession;
      /** Who took the spare that this link was. */
      readonly owner?: PrincipalName | undefined;
      /** What the session negotiated, once it is known. */
      readonly revision?: string | undefined;
      /** 0 for a dial that came too late: it never becomes the link. */
      readonly epoch: number;
      /** Since when it owes a sign of life: it was accepted then, or asked for one after it had rested. */
      readonly at: number;
    }
  | { readonly role: 'follower'; readonly stream: StreamId }
);

export type SessionReply = Opened<undefined> | PostAnswer | Negotiated | boolean | undefined;

/** `ask` is the host's id of the input that is answered. */
export type EdgeSessionEffect =
  | SocketEffect<SessionNote>
  | CarryEffect
  | { readonly do: 'reply'; readonly ask: string; readonly reply: SessionReply }
  /** The fleet could not be reached; the request may be repeated. */
  | { readonly do: 'fail'; readonly ask: string }
  /** Accept an upgrade; `socket` is its id from now on. */
  | {
      readonly do: 'accept';
      readonly ask: string;
      readonly socket: SocketId;
      readonly subprotocol?: string | undefined;
    }
  | { readonly do: 'refuse'; readonly ask: string; readonly fault: Fault }
  /** Ask the fleet for the session of this actor: `EdgeSession.found`. */
  | { readonly do: 'find' }
  /** Have the fleet place a session: `EdgeSession.placed`. */
  | { readonly do: 'place'; readonly wish: Opening & { readonly session: SessionName } }
  /** Have the fleet tell the runner that the session's socket of this epoch is dead. Nothing comes back, and it may fail. */
  | { readonly do: 'redial'; readonly session: SessionName; readonly epoch: number }
  /** Tell the fleet that a session is over: `EdgeSession.forgotten`, whether or not that succeeds. */
  | { readonly do: 'closed'; readonly session: SessionName };

export interface EdgeSessionHost {
  /** The actor's name. */
  readonly name: string;
  readonly store: SessionStore;
  readonly sockets: Sockets<SessionNote>;
  /** Random text of this many characters (A–Z, a–z, 0–9, `_`, `-`). */
  mint(characters: number): string;
}
