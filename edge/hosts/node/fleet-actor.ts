// The fleet's actor on Node: hosts core/fleet. There is one in an edge.
import { nanoid } from 'nanoid';
import { Fleet } from '../../core/fleet.ts';
import type { ControlNote } from '../../core/control-links.ts';
import type { FleetEffect, FleetTerms } from '../../core/fleet-effects.ts';
import type {
  ControlDial,
  FleetView,
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  PlacedSession,
  PolicySet,
  TicketScope,
  Withdrawal,
} from '../../core/ports.ts';
import type { FleetLook } from '../../core/fleet-look.ts';
import type { RecordQuery, RecordRing, RecordView } from '../../core/record.ts';
import { sha256 } from '../../access/digest.ts';
import { signTicket } from '../../access/ticket.ts';
import { failureOf, logSessionEnd, logSessionOpen } from '../../core/log.ts';
import { keptPolicy } from '../../policy-variable.ts';
import type { Figure } from '../../../shared/figures.ts';
import { actorOf, type ActorName, type RunnerName, type SessionName } from '../../../shared/ids.ts';
import { Actor, type ActorHost } from './actor.ts';
import { Waker } from './wakers.ts';
import { FleetTables } from '../../core/fleet-tables.ts';
import type { Enter, FleetOfSessions, NodeSessionActor } from './session-actor.ts';

export interface FleetActorHost extends ActorHost {
  readonly terms: FleetTerms;
  readonly secret: string | undefined;
  readonly ring: RecordRing;
  session(actor: ActorName): Pick<NodeSessionActor, 'giveUp' | 'release' | 'review'>;
  letGo(): void;
}

export class NodeFleetActor
  extends Actor<ControlNote, FleetEffect, Fleet>
  implements FleetOfSessions
{
  readonly #host: FleetActorHost;
  readonly #store: FleetTables;
  readonly #review = new Waker(() => this.wake(() => this.#reviewed()));
  #reviewAt: number | undefined;

  constructor(host: FleetActorHost) {
    super(host);
    this.#host = host;
    this.#store = new FleetTables(host.database, (at) => {
      this.#reviewAt = at;
      host.queue.arm(this.#review, at);
    });
  }

  protected makeRules(): Fleet {
    return new Fleet(this.#store, this.sockets, this.#host.terms, nanoid);
  }

  /** Takes up what an earlier life has left. */
  start(): void {
    this.#reviewAt = this.#store.reviewAt();
    this.#host.queue.arm(this.#review, this.#reviewAt);
    // It may have something to do at once.
    this.performAll([]);
  }

  open(wish: Opening & { readonly session: SessionName }): Promise<Opened<PlacedSession>> {
    return this.ask((ask) => this.rules.open(ask, wish, Date.now()));
  }

  async placed(actor: ActorName): Promise<PlacedSession | undefined> {
    return this.inStep(() => this.rules.placed(actor));
  }

  async closed(session: SessionName): Promise<void> {
    this.step(() => this.rules.closed(session, Date.now()));
  }

  async redial(session: SessionName, epoch: number): Promise<void> {
    this.step(() => this.rules.redial(session, epoch, Date.now()));
  }

  async home(opening: Opening, actor: ActorName): Promise<Opened<ModernHome>> {
    const { home, effects } = this.inStep(() => this.rules.home(opening, actor, Date.now()));
    this.performAll(effects);
    return home;
  }

  async homeOf(actor: ActorName): Promise<ActorName | undefined> {
    return this.inStep(() => this.rules.homeOf(actor));
  }

  async withdraw(withdrawal: Withdrawal): Promise<void> {
    this.performAll(this.inStep(() => this.rules.withdrawn(withdrawal, Date.now())));
  }

  async policySet({ version, before, text }: PolicySet): Promise<void> {
    const [old, policy] = [keptPolicy(before), keptPolicy(text)];
    this.performAll(this.inStep(() => this.rules.policySet(version, old, policy, Date.now())));
  }

  async expel(runner: RunnerName): Promise<void> {
    this.performAll(this.inStep(() => this.rules.expelled(runner, Date.now())));
  }

  async mayOpen(opening: Opening): Promise<Opened<OpeningTurn>> {
    const { turn, effects } = this.inStep(() => this.rules.mayOpen(opening, Date.now()));
    this.performAll(effects);
    return turn;
  }

  async view(): Promise<FleetView> {
    const { view, effects } = this.inStep(() => this.rules.view(Date.now()));
    this.performAll(effects);
    return view;
  }

  async figures(fresh: readonly Figure[]): Promise<readonly Figure[]> {
    return this.counted(fresh);
  }

  /** What was counted meanwhile, and all that was. */
  counted(fresh: readonly Figure[]): readonly Figure[] {
    const all = this.inStep(() => this.rules.figures(fresh, Date.now()));
    this.performAll([]);
    return all;
  }

  /** In a step of their own: a database that is full or gone breaks nothing off for them, and does not hold up a program that stops. */
  keepFigures(): void {
    try {
      this.rules.keepFigures((writes) => this.#host.database.step(writes));
    } catch (error) {
      this.#host.log({ level: 'error', message: 'an actor failed', ...failureOf(error) });
    }
  }

  async look(query: RecordQuery): Promise<FleetLook> {
    const { look, effects } = this.inStep(() => this.rules.look(query.principal, Date.now()));
    this.performAll(effects);
    return { ...look, record: this.#host.ring.read(query) };
  }

  async dismiss(session: SessionName): Promise<boolean> {
    const { isEnded, effects } = this.inStep(() => this.rules.dismissed(session, Date.now()));
    this.performAll(effects);
    return isEnded;
  }

  async records(query: RecordQuery): Promise<RecordView> {
    return this.#host.ring.read(query);
  }

  /** A runner's control link; its credential was checked. */
  async dial(dial: ControlDial, enter: Enter): Promise<void> {
    const socket = nanoid();
    this.sockets.accept(socket, enter(dial.subprotocol));
    this.step(() => this.rules.dialled(socket, dial, Date.now()));
  }

  /** It has its review to wait for. */
  protected mayGo(): boolean {
    return false;
  }

  protected letGo(): void {
    this.#host.letGo();
  }

  protected perform(effect: FleetEffect): void {
    switch (effect.do) {
      case 'send':
      case 'close':
      case 'note':
        return this.sockets.perform(effect);
      case 'sign':
        return this.whenDone(this.#sign(effect.scope), (ticket) =>
          this.rules.signed(effect.ask, ticket?.value),
        );
      case 'opened':
        return this.asks.resolve(effect.ask, effect.opened);
      case 'giveUp': {
        const { session, fault } = effect;
        const told = this.#host.session(actorOf(session)).giveUp(fault, session);
        return this.whenDone(told, (heard) =>
          this.rules.heard(session, heard !== undefined, Date.now()),
        );
      }
      case 'release':
        return this.whenDone(
          this.#host.session(actorOf(effect.session)).release(effect.session),
          () => [],
        );
      case 'review':
        return this.whenDone(this.#host.session(actorOf(effect.session)).review(), () => []);
      case 'keepFigures':
        return this.keepFigures();
      case 'log':
        return this.#host.log(effect.line);
      case 'began':
        return void logSessionOpen(this.#host.log, sha256, effect);
      case 'ended':
        return void logSessionEnd(this.#host.log, sha256, effect);
    }
  }

  #sign(scope: TicketScope): Promise<string> {
    return signTicket(this.#host.secret ?? '', scope);
  }

  /** The timer may be one that was set earlier, and is no longer wanted. */
  #reviewed(): readonly FleetEffect[] {
    const now = Date.now();
    if (this.#reviewAt === undefined) return [];
    if (this.#reviewAt <= now) return this.rules.review(now);
    this.#host.queue.arm(this.#review, this.#reviewAt);
    return [];
  }
}
