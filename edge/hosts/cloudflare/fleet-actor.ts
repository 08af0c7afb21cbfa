// The fleet actor: the one Durable Object that hosts core/fleet. It owns the storage of the books, the runners' control sockets, a
// clock and a timer, and no rules. rpc.ts says what its methods do.
import { nanoid } from 'nanoid';
import { Fleet } from '../../core/fleet.ts';
import type { ControlNote } from '../../core/control-links.ts';
import type { FleetEffect } from '../../core/fleet-effects.ts';
import type {
  FleetView,
  GivenUp,
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
import type { RecordQuery, RecordView } from '../../core/record.ts';
import type { LogLine } from '../../core/log.ts';
import { signTicket } from '../../access/ticket.ts';
import { keptPolicy } from '../../policy-variable.ts';
import { fleetTerms, readSettings } from '../../settings.ts';
import type { Figure } from '../../../shared/figures.ts';
import { actorOf, type ActorName, type RunnerName, type SessionName } from '../../../shared/ids.ts';
import { DurableActor } from './durable-actor.ts';
import type { Env } from './env.ts';
import { FleetRecord } from './fleet-record.ts';
import { durableFleetStore } from './fleet-store.ts';
import type { FleetRpc, SessionRpc } from './rpc.ts';
import { readControl } from './upgrades.ts';

export class FleetActor extends DurableActor<ControlNote, FleetEffect> implements FleetRpc {
  readonly #settings = readSettings(this.env);
  protected readonly rules = new Fleet(
    durableFleetStore(this.ctx),
    this.sockets,
    fleetTerms(this.#settings),
    nanoid,
  );
  readonly #record = new FleetRecord(this.#settings.record);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.arm();
  }

  open(wish: Opening & { session: SessionName }): Promise<Opened<PlacedSession>> {
    return this.ask((ask) => this.rules.open(ask, wish, Date.now()));
  }

  home(opening: Opening, actor: ActorName): Opened<ModernHome> {
    const { home, effects } = this.rules.home(opening, actor, Date.now());
    return this.performed(effects, home);
  }

  homeOf(actor: ActorName): ActorName | undefined {
    return this.rules.homeOf(actor);
  }

  withdraw(withdrawal: Withdrawal): void {
    this.performAll(this.rules.withdrawn(withdrawal, Date.now()));
  }

  policySet({ version, before, text }: PolicySet): void {
    const [old, policy] = [keptPolicy(before), keptPolicy(text)];
    this.performAll(this.rules.policySet(version, old, policy, Date.now()));
  }

  expel(runner: RunnerName): void {
    this.performAll(this.rules.expelled(runner, Date.now()));
  }

  mayOpen(opening: Opening): Opened<OpeningTurn> {
    const { turn, effects } = this.rules.mayOpen(opening, Date.now());
    return this.performed(effects, turn);
  }

  placed(actor: ActorName): PlacedSession | undefined {
    return this.rules.placed(actor);
  }

  closed(session: SessionName): void {
    this.performAll(this.rules.closed(session, Date.now()));
  }

  redial(session: SessionName, epoch: number): void {
    this.performAll(this.rules.redial(session, epoch, Date.now()));
  }

  view(): FleetView {
    const { view, effects } = this.rules.view(Date.now());
    return this.performed(effects, view);
  }

  figures(fresh: readonly Figure[]): readonly Figure[] {
    const all = this.rules.figures(fresh, Date.now());
    return this.performed([], all);
  }

  record(lines: readonly LogLine[], figures: readonly Figure[]): boolean {
    this.#record.keep(lines);
    this.figures(figures);
    return this.#record.isWatched;
  }

  look(query: RecordQuery): FleetLook {
    const { look, effects } = this.rules.look(query.principal, Date.now());
    return this.performed(effects, { ...look, record: this.#record.watch(query) });
  }

  dismiss(session: SessionName): boolean {
    const { isEnded, effects } = this.rules.dismissed(session, Date.now());
    return this.performed(effects, isEnded);
  }

  records(query: RecordQuery): RecordView {
    return this.#record.read(query);
  }

  override alarm(): void {
    this.performAll(this.rules.review(Date.now()));
  }

  /** A runner's control link; the worker has checked its credential. */
  override fetch(request: Request): Response {
    const dial = readControl(request);
    const socket = nanoid();
    const response = this.sockets.accept(socket, dial.subprotocol);
    this.performAll(this.rules.dialled(socket, dial, Date.now()));
    return response;
  }

  protected perform(effect: FleetEffect): void {
    switch (effect.do) {
      case 'send':
      case 'close':
      case 'note':
        return this.sockets.perform(effect);
      case 'sign':
        return this.ctx.waitUntil(this.#sign(effect.ask, effect.scope));
      case 'opened':
        return this.asks.resolve(effect.ask, effect.opened);
      case 'giveUp':
        return this.ctx.waitUntil(this.#giveUp(effect));
      case 'release':
        return this.ctx.waitUntil(this.#actor(effect.session).release(effect.session));
      case 'review':
        return this.ctx.waitUntil(this.#actor(effect.session).review());
      case 'keepFigures':
        // The platform ends an actor whose storage fails, whatever is caught here.
        return this.rules.keepFigures((writes) => writes());
      case 'log':
        return this.#record.log(effect.line);
      case 'began':
      case 'ended':
        return this.ctx.waitUntil(this.#record.session(effect));
    }
  }

  async #sign(ask: string, scope: TicketScope): Promise<void> {
    const ticket = await signTicket(this.#settings.secret ?? '', scope).catch(() => undefined);
    this.performAll(this.rules.signed(ask, ticket));
  }

  #giveUp({ session, fault }: GivenUp): Promise<void> {
    const heard = (isHeard: boolean) => (): void =>
      this.performAll(this.rules.heard(session, isHeard, Date.now()));
    return this.#actor(session).giveUp(fault, session).then(heard(true), heard(false));
  }

  #actor(session: SessionName): DurableObjectStub<SessionRpc> {
    return this.env.SESSION.getByName(actorOf(session));
  }
}
