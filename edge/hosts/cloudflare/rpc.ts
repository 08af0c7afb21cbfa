// What the Durable Objects offer over RPC. It is not in their classes because each of the two calls the other.
import type {
  FleetView,
  ModernHome,
  Negotiated,
  Opened,
  Opening,
  OpeningTurn,
  PlacedSession,
  PolicySet,
  Post,
  PostAnswer,
  Withdrawal,
} from '../../core/ports.ts';
import type { AccessSteps } from '../../core/access-ports.ts';
import type { FleetLook } from '../../core/fleet-look.ts';
import type { LogLine } from '../../core/log.ts';
import type { RecordQuery, RecordView } from '../../core/record.ts';
import type { PlainAnswer, PlainPost } from './plain-post.ts';
import type { Fault } from '../../../shared/fault.ts';
import type { Figure } from '../../../shared/figures.ts';
import type { ActorName, RunnerName, SessionName, StreamId } from '../../../shared/ids.ts';

/** See SessionPort in ../http/ports.ts. */
export interface SessionRpc extends Rpc.DurableObjectBranded {
  open(opening: Opening): Promise<Opened<undefined>>;
  openWith(opening: Opening, post: Post): Promise<PostAnswer>;
  serve(opening: Opening, post: Post): Promise<PostAnswer>;
  /** As {@link plainPost} and {@link plainAnswer} write them. */
  post(...post: PlainPost): Promise<PlainAnswer>;
  negotiated(): Promise<Negotiated>;
  alive(probe: string): void;
  delivered(stream: StreamId): void;
  end(): Promise<boolean>;
  /** From the fleet actor: check whether there still is a session. */
  review(): Promise<void>;
  /** From the fleet actor: the runner of a spare is gone. */
  release(session: SessionName): void;
  /** From the fleet actor: the runner will not serve this session. */
  giveUp(fault: Fault, session: SessionName): Promise<void>;
}

/** See FleetPort in ../http/ports.ts. */
export interface FleetRpc extends Rpc.DurableObjectBranded {
  /** Chooses a runner for a new session and tells it. */
  open(wish: Opening & { session: SessionName }): Promise<Opened<PlacedSession>>;
  home(opening: Opening, actor: ActorName): Opened<ModernHome>;
  homeOf(actor: ActorName): ActorName | undefined;
  expel(runner: RunnerName): void;
  withdraw(withdrawal: Withdrawal): void;
  policySet(set: PolicySet): void;
  mayOpen(opening: Opening): Opened<OpeningTurn>;
  /** The session of an actor that lost its memory. */
  placed(actor: ActorName): PlacedSession | undefined;
  /** A session is over. */
  closed(session: SessionName): void;
  /** From a session actor: its runner's socket of this epoch is dead. */
  redial(session: SessionName, epoch: number): void;
  view(): FleetView;
  /** From a worker: what it recorded and counted since it last told. True: somebody watches. */
  record(lines: readonly LogLine[], figures: readonly Figure[]): boolean;
  figures(fresh: readonly Figure[]): readonly Figure[];
  records(query: RecordQuery): RecordView;
  look(query: RecordQuery): FleetLook;
  dismiss(session: SessionName): boolean;
}

/** See AccessPort in ../../core/access-ports.ts. */
export interface AccessRpc extends Rpc.DurableObjectBranded {
  take<Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
  ): ReturnType<AccessSteps[Name]>;
}
