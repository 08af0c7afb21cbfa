// What the HTTP layer needs from its host: sessions and the fleet. It does not say who runs them (D5).
import type { Fault } from '../../shared/fault.ts';
import type { Transport } from '../../shared/link/control-frames.ts';
import type { PostAnswer } from '../core/relay.ts';

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

/** A message socket to a session actor; the listeners are set before anything can arrive. */
export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export interface SocketListener {
  message(text: string): void;
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
    stream: string,
    resumes: boolean,
    listener: SocketListener,
    place?: PostPlace,
  ): Promise<Opened<Socket>>;
  /** Whether there is a session, and what it negotiated. */
  negotiated(): Promise<Negotiated>;
  /** A client answered the probe of its stream, so it keeps the stream. */
  alive(probe: string): Promise<void>;
  /** True when there was a session to end. */
  end(): Promise<boolean>;
  /** Hands a runner's upgrade request to the actor. */
  link(request: Request, dial: LinkDial): Promise<Response>;
}

export interface LinkDial {
  readonly session: string;
  readonly runner: string;
  readonly boot: string;
  readonly epoch: number;
  /** What the runner holds of frames from its last socket, as its header says it. */
  readonly holds: string;
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

export interface FleetPort {
  view(): Promise<FleetView>;
  /**
   * Why no session of this server could be opened now, before anything is made for one; undefined when it may be tried, or when the
   * actor has a session.
   */
  admits(server: string, actor?: string): Promise<Fault | undefined>;
  /** As {@link admits}, of a session that a client opens: when it may begin, as a principal's openings wait for each other. */
  mayOpen(server: string, principal: string): Promise<Opened<{ readonly afterMs: number }>>;
  link(
    request: Request,
    dial: {
      readonly runner: string;
      readonly granted: readonly string[] | '*';
      readonly subprotocol: string;
    },
  ): Promise<Response>;
}

export interface Ports {
  session(name: string): SessionPort;
  /** Keeps `work` running after the client has left; the platform cancels everything else of the request. */
  outlive(work: Promise<unknown>): void;
  readonly fleet: FleetPort;
}
