// What the rules of the edge need from their host, and the terms they share: posts, placed sessions, sockets, stores. A host has
// these and a clock; it has no rules of its own (D5).
import type { PinAlarm } from './held-tools.ts';
import type { ServerFailure } from './server-failures.ts';
import type { Text } from '../../shared/bytes.ts';
import type { Fault } from '../../shared/fault.ts';
import type { Figure } from '../../shared/figures.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { CarriedDown } from '../../shared/link/carried.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import type { ToldPerson } from '../../shared/link/person.ts';
import type {
  ActorName,
  BootId,
  PrincipalName,
  RunnerName,
  ServerName,
  SessionName,
  SocketId,
  StreamId,
} from '../../shared/ids.ts';

export interface Post {
  /** Minted by the worker. The runner serves a post once, however often it is sent. */
  readonly id: string;
  readonly stream: StreamId;
  readonly message: string;
  /** The same as it was scanned, if it is one message on one line: a runner in this program need not scan it again. */
  readonly said?: MessageView | undefined;
  readonly wants: 'answer' | 'accepted';
  /** Raw JSON text of the ids of its requests. */
  readonly requestIds: readonly string[];
}

/** The outcome of a post, for the worker that waits for it. */
export type PostAnswer =
  /**
   * The whole answer; `message` is absent when the request ended without one (cancelled). One in pieces has to be acknowledged by
   * `delivered` when its client has read it (LP17). `processMs`: see LP31.
   */
  | {
      readonly kind: 'answered';
      readonly message: Text | undefined;
      readonly processMs?: number | undefined;
    }
  /**
   * The answer is a stream: follow it. `isAccepted` false: post it again there; `isSent`: the runner may have it nevertheless.
   * `session`: the one it was posted in, for actors that have several in turn.
   */
  | {
      readonly kind: 'follow';
      readonly isAccepted: boolean;
      readonly isSent: boolean;
      readonly session?: SessionName | undefined;
    }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly fault: Fault };

/** By what the lists of the settings name a person whom somebody else vouches for. */
export interface Vouched {
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly email?: string | undefined;
}

/** As what a person was let in who signed in: what policies and lists can name beside the person. Undefined for keys, which have no more than their names. */
export interface AdmittedAs {
  readonly client?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** There are more than are kept, and one of those may be what lets the person in. */
  readonly hasMoreGroups?: true | undefined;
  readonly vouched?: Vouched | undefined;
  /** All apps of the person use the session, so it has no `client`. */
  readonly sharedByApps?: true | undefined;
}

export interface Opening {
  readonly server: ServerName;
  readonly principal: PrincipalName;
  readonly clientKind: ClientKind;
  /**
   * What lets in the app of this session: the grant of a person who signed in, or the digest of a key of the settings. Sessions of modern
   * clients serve all apps of a person, and all keys of a name.
   */
  readonly grant?: string | undefined;
  /** See {@link AdmittedAs}. */
  readonly as?: AdmittedAs | undefined;
  /** Who calls, for the runner (LP28). */
  readonly person?: ToldPerson | undefined;
  /** How many sessions the policy lets the principal have, if it says so. */
  readonly mostSessions?: number | undefined;
  /** The fleet handed out the spare of this actor: its place is booked, and it should have its link (LP27). */
  readonly isSpare?: boolean | undefined;
}

export interface Negotiated {
  readonly isOpen: boolean;
  /** Undefined before the answer to `initialize`, and when it is unknown because the runner is away. */
  readonly revision: string | undefined;
}

export type Opened<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault };

/** A session as the fleet placed it on a runner. */
export interface PlacedSession {
  /** Its name for the fleet and the runner. */
  readonly session: SessionName;
  readonly runner: RunnerName;
  readonly boot: BootId;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  /** It is linked ahead and has no client yet (LP27). */
  readonly isSpare?: true | undefined;
}

/** When a session may begin, and the actor of a spare that was handed out for it. */
export interface OpeningTurn {
  readonly afterMs: number;
  readonly spare?: ActorName | undefined;
}

/** Where the requests of a principal's modern clients to a server go. */
export interface ModernHome {
  readonly actor: ActorName;
  /** It may be another next time. False: the server has no spares, so that all its principals stay with their own actors. */
  readonly mayMove: boolean;
}

/** The session a post is in: its name or, if that is not known, a time (ms since the epoch) before which it was opened. */
export type PostPlace = { readonly session: SessionName } | { readonly openedBefore: number };

/** What a ticket permits: one boot of one runner may dial one session (LP7). */
export interface TicketScope {
  readonly session: SessionName;
  readonly runner: RunnerName;
  readonly boot: BootId;
}

/** A worker's wish to follow a stream; `resumes` when its client named an event of it. */
export interface FollowWish {
  readonly stream: StreamId;
  readonly resumes: boolean;
  /** Follow it only in this session. */
  readonly place?: PostPlace | undefined;
}

/** A runner's dial of a session's link. */
export interface LinkDial {
  readonly session: SessionName;
  readonly runner: RunnerName;
  readonly boot: BootId;
  readonly epoch: number;
  /** The parts of frames that the runner kept from its last socket, as in its header. */
  readonly holds: string;
  readonly subprotocol: string;
}

/** A runner's dial of its control link, once its credential was checked. */
export interface ControlDial {
  readonly runner: RunnerName;
  readonly granted: readonly string[] | '*';
  /** Servers that are bound to other runners, which `granted: '*'` does not open. */
  readonly withheld: readonly string[];
  /** The runner proved who it is with a signed statement, which opens one link. */
  readonly use?: { readonly id: string; readonly until: number };
  /** The address that it came from, if the host can tell. */
  readonly from?: string | undefined;
  readonly subprotocol: string;
}

/** Where a second machine with a runner's credential came from, and when last, in ms since the epoch. */
export interface RivalView {
  readonly from: string | undefined;
  readonly at: number;
}

export interface RunnerView {
  readonly runner: RunnerName;
  readonly isLinked: boolean;
  /** Since when it is linked, or away, in ms since the epoch; undefined if it was away before the fleet's memory begins. */
  readonly since?: number | undefined;
  /** The address that its control link came from, if it is linked and the host can tell. */
  readonly from?: string | undefined;
  /** Of its package, if it is linked and says so. */
  readonly version?: string | undefined;
  /** Another machine that came with the same credential. Kept in memory only. */
  readonly rival?: RivalView | undefined;
  /** Of its servers, the newest first. Kept in memory only. */
  readonly failures?: readonly ServerFailure[] | undefined;
  /** Tools of its servers that are not as they were pinned, while it is linked. */
  readonly held?: readonly PinAlarm[] | undefined;
  readonly isDraining: boolean;
  readonly servers: readonly string[];
  readonly sessions: number;
  readonly capacity: number;
  /** Spares that can be handed out. */
  readonly spares: number;
}

export interface FleetView {
  readonly runners: readonly RunnerView[];
  readonly sessions: number;
}

/**
 * The sockets of one actor, by id. They outlive the actor's memory, each with the note that the rules keep on it. The host answers
 * `ping` on them by itself (LP4).
 */
export interface Sockets<Note> {
  /** All sockets whose end was not reported yet, including closing ones; without a note if it cannot be read. */
  all(): readonly { readonly id: string; readonly note: Note | undefined }[];
  /** Neither side has begun to close it. */
  isOpen(socket: SocketId): boolean;
  /** When its peer last sent a ping, in milliseconds since the epoch; now, if the peer cannot vanish unnoticed. */
  pingAt(socket: SocketId): number | undefined;
  /** What its peer has not read yet, in bytes. */
  unreadBytes(socket: SocketId): number;
}

/** What to do with sockets. Sockets that are gone are skipped. */
export type SocketEffect<Note> =
  | { readonly do: 'send'; readonly socket: SocketId; readonly text: string }
  | {
      readonly do: 'close';
      readonly socket: SocketId;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly do: 'note'; readonly socket: SocketId; readonly note: Note };

/** Hands a frame to a runner in this program as it is: only if its dial said so. */
export interface CarryEffect {
  readonly do: 'carry';
  readonly socket: SocketId;
  readonly carried: CarriedDown;
}

/** What a session keeps while its runner is away: the grace may outlast the memory of its actor. */
export interface LostSession {
  readonly placed: PlacedSession;
  readonly since: number;
  readonly isExpired: boolean;
  readonly revision: string | undefined;
}

/**
 * What a session has on disk. A read returns what was written last. The writes of one step are kept all together or not at all,
 * and before those of the next step.
 */
export interface SessionStore {
  lost(): LostSession | undefined;
  keepLost(lost: LostSession): void;
  /** Wakes the actor at this time (ms since the epoch) in place of any other; undefined: never. */
  wakeAt(at: number | undefined): void;
  /** Deletes everything, including the time to wake. */
  clear(): void;
}

/** What the fleet knows of a runner. */
export interface RunnerRecord {
  readonly runner: RunnerName;
  readonly boot: BootId;
  /** The servers that it offers and its credential is granted. */
  readonly servers: readonly string[];
  /** The most sessions it takes. */
  readonly capacity: number;
  readonly isDraining: boolean;
  /** As its control link told; see LP33. */
  readonly held?: readonly PinAlarm[] | undefined;
}

/** A session in the fleet's books. */
export interface SessionRow extends PlacedSession {
  readonly server: ServerName;
  readonly principal: PrincipalName;
  /** This and the next: see Opening; told by `sessionsOf` alone. */
  readonly grant?: string | undefined;
  readonly as?: AdmittedAs | undefined;
}

/** Who holds a session of a server. */
export type PlacedHolder = Pick<SessionRow, 'server' | 'principal' | 'as'>;

/** The policy that the operator set, as the access actor keeps it, and the one before it. Their texts; empty: none. */
export interface PolicySet {
  /** Grows with each that is set. */
  readonly version: number;
  readonly before: string;
  readonly text: string;
}

/** What a principal may do no more: nothing at all, or nothing by one grant, which is for one server. */
export interface Withdrawal {
  readonly principal: PrincipalName;
  readonly by?: { readonly grant: string; readonly server: ServerName } | undefined;
}

/** A spare in the fleet's books (LP27); `openedAt`: when it was named. */
export interface SpareRow extends PlacedSession {
  readonly server: ServerName;
  /** It is linked, and may be handed out. */
  readonly isReady: boolean;
}

/** A session that its runner will not serve, with the reason. */
export interface GivenUp {
  readonly session: SessionName;
  readonly fault: Fault;
}

/**
 * Whose policy: that of the settings, or the one that the operator set while everything ran; `letIn`: whom the settings let in; `late`:
 * of changes that not every worker knows yet, as {@link LateNote} is written.
 */
export type PolicyOf = 'settings' | 'operator' | 'letIn' | 'late';

/** The fleet's books on disk, with the same promises as {@link SessionStore}. */
export interface FleetStore {
  runners(): readonly RunnerRecord[];
  putRunner(record: RunnerRecord): void;
  /** All sessions, or those on a runner. */
  sessions(runner?: RunnerName): readonly SessionRow[];
  /** So many that were opened last, the newest first, without reading the others. */
  newestSessions(most: number): readonly SessionRow[];
  session(session: SessionName): SessionRow | undefined;
  /** A principal's sessions, with their grants and as what they were let in. */
  sessionsOf(principal: PrincipalName): readonly SessionRow[];
  /** The newest session of an actor. */
  newestOf(actor: ActorName): SessionRow | undefined;
  /** Replaces a row of the same session. */
  putSession(row: SessionRow): void;
  /** True if there was one. */
  removeSession(session: SessionName): boolean;
  spare(session: SessionName): SpareRow | undefined;
  /** All spares of a server, or all on a runner. */
  spares(
    of: { readonly server: ServerName } | { readonly runner: RunnerName },
  ): readonly SpareRow[];
  /** Replaces a row of the same session. */
  putSpare(row: SpareRow): void;
  /** True if there was one. */
  removeSpare(session: SessionName): boolean;
  /** The session stands in for those of a modern actor, as long as it is in the books. */
  putHome(actor: ActorName, session: SessionName): void;
  /** The session that stands in for those of this actor. */
  homeOf(actor: ActorName): SessionRow | undefined;
  countOn(runner: RunnerName): number;
  countOf(principal: PrincipalName): number;
  /** Runners that hold sessions of a principal, the one with most of them first. */
  runnersOf(principal: PrincipalName): readonly string[];
  /** Actors that must still be told that their session was given up. */
  owed(): readonly GivenUp[];
  owe(givenUp: GivenUp): void;
  /** The session's actor has been told. */
  paid(session: SessionName): void;
  /** The text of what sessions were opened by. Undefined: there is none. */
  policy(of: PolicyOf): string | undefined;
  putPolicy(of: PolicyOf, text: string | undefined): void;
  /** When to wake the fleet to check its books, in milliseconds since the epoch. */
  reviewAt(): number | undefined;
  setReview(at: number | undefined): void;
  /** What was counted, as it was kept last. */
  figures(): readonly Figure[];
  keepFigures(figures: readonly Figure[]): void;
}
