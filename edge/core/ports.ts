// What the rules of the edge need of their host, and what they speak of with it: posts, placed sessions, sockets, stores. A host
// has these and a clock; it has no rule (D5).
import type { Fault } from '../../shared/fault.ts';
import type { Transport } from '../../shared/link/control-frames.ts';

export interface Post {
  /** Minted by the worker. The runner serves a post once, however often it is sent. */
  readonly id: string;
  readonly stream: string;
  readonly message: string;
  readonly wants: 'answer' | 'accepted';
  /** Raw JSON text of the ids of its requests. */
  readonly requestIds: readonly string[];
}

export interface Opening {
  readonly server: string;
  readonly principal: string;
  readonly transport: Transport;
}

export interface Negotiated {
  readonly isOpen: boolean;
  /** Undefined before the answer to `initialize`, and when it is unknown because the runner is away. */
  readonly revision: string | undefined;
}

export type Opened<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault };

/** A session as the fleet placed it. */
export interface PlacedSession {
  /** Its name for the fleet and the runner. */
  readonly session: string;
  readonly runner: string;
  readonly boot: string;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
}

/** The session a post is in: its name or, if that is not known, a time (ms since the epoch) before which it was opened. */
export type PostPlace = { readonly session: string } | { readonly openedBefore: number };

/** What a ticket lets in: one boot of one runner, to one session (LP7). */
export interface TicketScope {
  readonly session: string;
  readonly runner: string;
  readonly boot: string;
}

/** A worker's wish to follow a stream; `resumes` when its client named an event of it. */
export interface FollowWish {
  readonly stream: string;
  readonly resumes: boolean;
  /** Only in that session. */
  readonly place?: PostPlace | undefined;
}

/** A runner's dial of a session's link. */
export interface LinkDial {
  readonly session: string;
  readonly runner: string;
  readonly boot: string;
  readonly epoch: number;
  /** What the runner holds of frames from its last socket, as its header says it. */
  readonly holds: string;
  readonly subprotocol: string;
}

/** A runner's dial of its control link, once its credential was checked. */
export interface ControlDial {
  readonly runner: string;
  readonly granted: readonly string[] | '*';
  readonly subprotocol: string;
}

export interface RunnerView {
  readonly runner: string;
  readonly isLinked: boolean;
  readonly isDraining: boolean;
  readonly servers: readonly string[];
  readonly sessions: number;
  readonly capacity: number;
}

export interface FleetView {
  readonly runners: readonly RunnerView[];
  readonly sessions: number;
  readonly opened: number;
  readonly refused: number;
}

/**
 * The sockets of one actor, by the ids that the host gave them. They outlive the actor's memory, each with the note that the
 * rules keep on it; the host answers `ping` on them without asking anybody (LP4).
 */
export interface Sockets<Note> {
  /** Each that has not told its end yet, those that are closing too; without a note where that cannot be read. */
  all(): readonly { readonly id: string; readonly note: Note | undefined }[];
  /** Neither side has begun to close it. */
  isOpen(socket: string): boolean;
  /** When its peer last sent a ping, in milliseconds since the epoch. */
  pingAt(socket: string): number | undefined;
  /** What its peer has not read yet, in bytes. */
  unreadBytes(socket: string): number;
}

/** What is to be done with sockets. Those that are gone are passed over. */
export type SocketEffect<Note> =
  | { readonly do: 'send'; readonly socket: string; readonly text: string }
  | {
      readonly do: 'close';
      readonly socket: string;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly do: 'note'; readonly socket: string; readonly note: Note };

/** What a session keeps while its runner is away: the grace may outlast the memory of its actor. */
export interface LostSession {
  readonly placed: PlacedSession;
  readonly since: number;
  readonly isExpired: boolean;
  readonly revision: string | undefined;
}

/**
 * What a session has on disk. Reads tell what was written last; what was written in one step is kept as a whole or not at all,
 * and what one step wrote is there before what the next one did.
 */
export interface SessionStore {
  lost(): LostSession | undefined;
  /** Undefined forgets it. */
  keepLost(lost: LostSession | undefined): void;
  revision(): string | undefined;
  /** Not waited for: a crash may take it back. */
  keepRevision(revision: string): void;
  /** The actor is woken at this time (ms since the epoch), in place of any other; undefined: at none. */
  wakeAt(at: number | undefined): void;
  /** Forgets everything, the time to wake too. */
  clear(): void;
}

/** What the fleet knows of a runner. */
export interface RunnerRecord {
  readonly runner: string;
  readonly boot: string;
  /** What it offers and its credential is granted. */
  readonly servers: readonly string[];
  /** Sessions it takes at most. */
  readonly capacity: number;
  readonly isDraining: boolean;
}

/** A session in the fleet's books. */
export interface SessionRow extends PlacedSession {
  readonly server: string;
  readonly principal: string;
}

/** A session that its runner will not serve, and why. */
export interface GivenUp {
  readonly session: string;
  readonly fault: Fault;
}

/** The fleet's books on disk, with the same promises as {@link SessionStore}. */
export interface FleetStore {
  runners(): readonly RunnerRecord[];
  putRunner(record: RunnerRecord): void;
  /** All sessions, or those on a runner. */
  sessions(runner?: string): readonly SessionRow[];
  session(session: string): SessionRow | undefined;
  /** The session of an actor that was opened last. */
  newestOf(actor: string): SessionRow | undefined;
  /** In place of a row of the same session. */
  putSession(row: SessionRow): void;
  /** True when there was one. */
  removeSession(session: string): boolean;
  countOn(runner: string): number;
  countOf(principal: string): number;
  /** Runners that hold sessions of a principal, the one with most of them first. */
  runnersOf(principal: string): readonly string[];
  /** Actors that have yet to hear that their session was given up. */
  owed(): readonly GivenUp[];
  owe(givenUp: GivenUp): void;
  /** The session's actor has heard it. */
  paid(session: string): void;
  /** When the fleet is woken to look through its books, in milliseconds since the epoch. */
  reviewAt(): number | undefined;
  setReview(at: number | undefined): void;
}
