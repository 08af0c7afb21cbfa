// What the HTTP layer needs from its host: sessions and the fleet. It does not say who runs them (D5).
import type { Text } from '../../shared/bytes.ts';
import type {
  ControlDial,
  FleetView,
  LinkDial,
  ModernHome,
  Negotiated,
  Opened,
  Opening,
  OpeningTurn,
  PolicySet,
  Post,
  PostAnswer,
  PostPlace,
  Withdrawal,
} from '../core/ports.ts';
import type { FleetLook } from '../core/fleet-look.ts';
import type { AccessPort } from '../core/access-ports.ts';
import type { RecordQuery, RecordView } from '../core/record.ts';
import type { Figure } from '../../shared/figures.ts';
import type { ActorName, RunnerName, SessionName, StreamId } from '../../shared/ids.ts';

/** A message socket to a session actor; the listeners are set before anything can arrive. */
export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export interface SocketListener {
  message(text: Text): void;
  closed(code: number): void;
}

/** One session actor. Methods reject when the actor broke away (reset, deploy); the caller repeats with the same ids. */
export interface SessionPort {
  open(opening: Opening): Promise<Opened<undefined>>;
  /** Opens the session and posts its first message, in one call. */
  openWith(opening: Opening, post: Post): Promise<PostAnswer>;
  post(post: Post): Promise<PostAnswer>;
  /** Posts to the session, opening it first if there is none. */
  serve(opening: Opening, post: Post): Promise<PostAnswer>;
  /** Follows a stream, in that session only if a place is given; `resumes` when the client named an event of it. */
  follow(
    stream: StreamId,
    resumes: boolean,
    listener: SocketListener,
    place?: PostPlace,
  ): Promise<Opened<Socket>>;
  /** Whether there is a session, and what it negotiated. */
  negotiated(): Promise<Negotiated>;
  /** A client answered the probe of its stream, so it keeps the stream. */
  alive(probe: string): Promise<void>;
  /** A client has read an answer in pieces, or has left: see {@link PostAnswer}. */
  delivered(stream: StreamId): Promise<void>;
  /** True when there was a session to end. */
  end(): Promise<boolean>;
  /** Hands a runner's upgrade request to the actor. */
  link(request: Request, dial: LinkDial): Promise<Response>;
}

export interface FleetPort {
  view(): Promise<FleetView>;
  /** What the edge has counted since it was set up; `fresh`: what the asking worker has not told yet. */
  figures(fresh: readonly Figure[]): Promise<readonly Figure[]>;
  /** What was recorded last. */
  records(query: RecordQuery): Promise<RecordView>;
  /**
   * What is going on, for somebody who watches: until some seconds later, what workers record comes soon. With a principal, the sessions
   * and lines of that one alone.
   */
  look(query: RecordQuery): Promise<FleetLook>;
  /** The owner, or the person whose it is, ends a session; false if there is none. */
  dismiss(session: SessionName): Promise<boolean>;
  /**
   * Where the requests of a principal's modern clients to a server go; `actor` is their own. Or why no session of this server could
   * be opened now, before anything is made for one.
   */
  home(opening: Opening, actor: ActorName): Promise<Opened<ModernHome>>;
  /** Where they go now, if not to their own actor. Nothing is opened for it. */
  homeOf(actor: ActorName): Promise<ActorName | undefined>;
  /**
   * Of a session that a client opens: when it may begin, as a principal's openings wait for each other, and with which spare; or
   * why not.
   */
  mayOpen(opening: Opening): Promise<Opened<OpeningTurn>>;
  link(request: Request, dial: ControlDial): Promise<Response>;
  /** A runner lost its credential: its link is closed and its sessions end. */
  expel(runner: RunnerName): Promise<void>;
  /** A principal lost its access: its sessions end, with what is open of them. */
  withdraw(withdrawal: Withdrawal): Promise<void>;
  /** A policy was set: sessions end whose holders it shuts out. */
  policySet(set: PolicySet): Promise<void>;
}

/** What was read at an address on the internet. */
export interface OutsideDocument {
  readonly text: string;
  /** The header of this name. */
  readonly cacheControl: string | null;
}

/** How a small public document is read: in so much time, so many bytes after decompression. */
export const OUTSIDE = { timeoutMs: 5_000, limitBytes: 16 * 1024 } as const;

/**
 * Reads a public document by GET, within {@link OUTSIDE}. Undefined for any answer but a 200: redirects are not followed. A host
 * never connects to an address that is not public. Never rejects.
 */
export type OutsidePort = (url: string) => Promise<OutsideDocument | undefined>;

/** A request to an identity provider that the operator named. */
export interface ProviderRequest {
  readonly url: string;
  /** Sent by POST, as application/x-www-form-urlencoded; absent: GET. */
  readonly form?: string;
  readonly authorization?: string;
}

/** How a provider is asked: in so much time, so many bytes of an answer after decompression. */
export const PROVIDER = { timeoutMs: 5_000, limitBytes: 256 * 1024 } as const;

/**
 * Asks an identity provider, within {@link PROVIDER}; redirects are not followed. Undefined if there is no answer, or too much of one.
 * The operator named it, so it may be in a private network where the host lets it be. Never rejects.
 */
export type ProviderPort = (
  request: ProviderRequest,
) => Promise<{ readonly status: number; readonly text: string } | undefined>;

export interface Ports {
  readonly access: AccessPort;
  readonly outside: OutsidePort;
  readonly provider: ProviderPort;
  session(name: string): SessionPort;
  /** Keeps `work` running after the client has left; the platform cancels everything else of the request. */
  outlive(work: Promise<unknown>): void;
  readonly fleet: FleetPort;
}
