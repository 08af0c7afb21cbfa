// Where sessions go: who may open one, on which runner or with which spare it begins, and how it is booked (D1, LP27). What becomes of
// it later is core/fleet's.
import type { ControlLinks } from './control-links.ts';
import type { FleetEffect, FleetTerms } from './fleet-effects.ts';
import { OpeningTurns } from './opening-turns.ts';
import { mayMakeRoom, place, SESSIONS_PER_PRINCIPAL, type Candidate } from './placement.ts';
import type {
  FleetStore,
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  PlacedSession,
  SessionRow,
} from './ports.ts';
import type { RoomWish, Wanted } from './room-search.ts';
import type { SpareBooks } from './spare-books.ts';
import type { Tickets } from './tickets.ts';
import type { Fault } from '../../shared/fault.ts';
import {
  actorOf,
  type ActorName,
  type PrincipalName,
  type ServerName,
  type SessionName,
} from '../../shared/ids.ts';

const allBusy = (quota: number): string =>
  `You have ${quota} open sessions, which is the limit, and none of them is idle. End some, then try again.`;

const TOO_FAST = 'You open sessions faster than this bridge starts them. Try again soon.';

/** What it needs of the fleet. */
export interface PlacingHost {
  readonly store: FleetStore;
  readonly links: ControlLinks;
  readonly spares: SpareBooks;
  readonly tickets: Tickets;
  readonly terms: FleetTerms;
  effect(effect: FleetEffect): void;
  /** Has runners end an idle session, and goes on with {@link Placing.place}. */
  makeRoom(room: RoomWish, now: number): void;
  /** Something was booked that must be looked after. */
  reviewLater(now: number): void;
}

export class Placing {
  readonly #host: PlacingHost;
  readonly #turns = new OpeningTurns();

  constructor(host: PlacingHost) {
    this.#host = host;
  }

  /** Chooses a runner for a new session and tells it. */
  open(wanted: Wanted, now: number): void {
    const { ask } = wanted;
    if (!this.#host.terms.isConfigured) this.refuse(ask, { fault: 'not_configured' });
    else if (this.#livesElsewhere(wanted)) {
      const opened = { ok: false, fault: { fault: 'session_not_found' } } as const;
      this.#host.effect({ do: 'opened', ask, opened });
    } else if (this.#isAtQuota(wanted)) {
      const runners = [...this.#host.store.runnersOf(wanted.principal)];
      const otherwise: Fault = {
        fault: 'overloaded',
        message: allBusy(this.#quotaOf(wanted)),
      };
      this.#host.makeRoom({ wanted, isOwn: true, runners, otherwise }, now);
    } else this.place(wanted, now, true);
  }

  #placedWith({ ask, ...opening }: Wanted, row: SessionRow, ticket: string | undefined): void {
    const isHeld = this.#isHeld(row);
    if (!isHeld || !this.#sayOpen(row, opening, ticket)) {
      if (isHeld) this.#host.store.removeSession(row.session);
      return this.refuse(ask, { fault: ticket === undefined ? 'internal' : 'runner_offline' });
    }
    this.#host.effect({ do: 'began', row, clientKind: opening.clientKind });
    this.#host.effect({ do: 'opened', ask, opened: { ok: true, value: placedOf(row) } });
  }

  /** False if there is no ticket to send, or no runner to send it to. */
  #sayOpen(
    { session, runner }: SessionRow,
    { server, clientKind, principal, person }: Opening,
    ticket: string | undefined,
  ): boolean {
    const socket = this.#host.links.openSocketOf(runner);
    if (ticket === undefined || socket === undefined) return false;
    const owner = { server, clientKind, principal, person };
    this.#host.links.say(socket, { type: 'open', session, ticket, ...owner });
    return true;
  }

  /** It ended while its ticket was signed. Its runner may have lost the spare's link meanwhile, and waits for a word. */
  #sayClosed({ session, runner }: SessionRow): void {
    const socket = this.#host.links.openSocketOf(runner);
    if (socket !== undefined) this.#host.links.say(socket, { type: 'close', session });
  }

  /** Whether it is in the books still, while its ticket was signed. */
  #isHeld({ session, boot }: SessionRow): boolean {
    return this.#host.store.session(session)?.boot === boot;
  }

  /** See `Fleet.home`. */
  home(opening: Opening, actor: ActorName, now: number): Opened<ModernHome> {
    const { server } = opening;
    const row = this.#host.store.homeOf(actor) ?? this.#host.store.newestOf(actor);
    const fault = row ? undefined : this.#whyNot(server, now);
    if (fault) return { ok: false, fault };
    const hasSpares = this.#host.spares.has(server);
    const session = row?.session ?? this.#handOut(opening, now);
    if (session !== undefined && !row) this.#host.store.putHome(actor, session);
    const home = session === undefined ? actor : actorOf(session);
    const value = { actor: home, mayMove: hasSpares || home !== actor };
    return { ok: true, value };
  }

  /** A modern client's next session is not placed while its requests go to a spare: two at a time would not know of each other. */
  #livesElsewhere({ session, clientKind }: Wanted): boolean {
    return clientKind === 'modern' && this.#host.store.homeOf(actorOf(session)) !== undefined;
  }

  /** See `Fleet.mayOpen`. */
  mayOpen(opening: Opening, now: number): Opened<OpeningTurn> {
    const fault = this.#whyNot(opening.server, now);
    const afterMs = fault ? undefined : this.#turnOf(opening.principal, now);
    if (afterMs === undefined) {
      const tooFast: Fault = { fault: 'overloaded', message: TOO_FAST };
      return { ok: false, fault: fault ?? tooFast };
    }
    const session = afterMs === 0 ? this.#handOut(opening, now) : undefined;
    const spare = session === undefined ? undefined : actorOf(session);
    const isDialled = afterMs === 0 && spare === undefined;
    const value = isDialled
      ? { afterMs: this.#turns.apart(opening.principal, now) }
      : { afterMs, spare };
    return { ok: true, value };
  }

  #turnOf(principal: PrincipalName, now: number): number | undefined {
    return this.#host.terms.hasQuotas ? this.#turns.take(principal, now) : 0;
  }

  #book(
    session: SessionName,
    { runner, boot }: Pick<PlacedSession, 'runner' | 'boot'>,
    { server, principal, grant, as }: Opening,
    now: number,
  ): SessionRow {
    const row = { session, runner, boot, server, principal, openedAt: now };
    const granted = grant === undefined ? row : { ...row, grant };
    this.#host.store.putSession(as ? { ...granted, as } : granted);
    this.#host.reviewLater(now);
    return granted;
  }

  /** Gives a ready spare to one opening, and books it in the same step, so that nobody else gets it (LP27). */
  #handOut(opening: Opening, now: number): SessionName | undefined {
    const { server } = opening;
    const spare = this.#host.spares.choose(server, () => this.candidates(now));
    if (!spare || this.#isAtQuota(opening)) return undefined;
    const { session } = spare;
    this.#host.store.removeSpare(session);
    const row = this.#book(session, spare, opening, now);
    this.#host.effect({ do: 'began', row, clientKind: opening.clientKind });
    // The runner mostly learns it from the session link first. It never needs this if the client comes, and always if it does not.
    this.#host.tickets.sign(session, row, now, (ticket) => {
      if (this.#isHeld(row)) this.#sayOpen(row, opening, ticket);
      else this.#sayClosed(row);
    });
    return session;
  }

  /** Places a session and books it before its ticket is signed, so that its place is taken at once. */
  place(wanted: Wanted, now: number, mayAsk: boolean): void {
    const candidates = this.candidates(now);
    const placement = place(wanted.server, candidates);
    if (!placement.ok) {
      if (placement.fault.fault !== 'overloaded' || !mayAsk)
        return this.refuse(wanted.ask, placement.fault);
      const full = candidates.filter((runner) => mayMakeRoom(runner, wanted.server));
      const runners = full.map(({ runner }) => runner);
      return this.#host.makeRoom(
        { wanted, isOwn: false, runners, otherwise: placement.fault },
        now,
      );
    }
    const { ask, session } = wanted;
    const row = this.#book(session, placement.runner, wanted, now);
    this.#host.tickets.sign(ask, row, now, (ticket) => this.#placedWith(wanted, row, ticket));
  }

  #whyNot(server: ServerName, now: number): Fault | undefined {
    if (!this.#host.terms.isConfigured) return { fault: 'not_configured' };
    const placement = place(server, this.candidates(now));
    return placement.ok || placement.fault.fault === 'overloaded' ? undefined : placement.fault;
  }

  #isAtQuota(opening: Opening): boolean {
    const { terms, store } = this.#host;
    return terms.hasQuotas && store.countOf(opening.principal) >= this.#quotaOf(opening);
  }

  #quotaOf({ principal, mostSessions = Infinity }: Opening): number {
    const ofSettings = this.#host.terms.sessionsOf?.(principal) ?? SESSIONS_PER_PRINCIPAL;
    return Math.min(ofSettings, mostSessions);
  }

  refuse(ask: string, fault: Fault): void {
    this.#host.effect({ do: 'opened', ask, opened: { ok: false, fault } });
  }

  /** The runners that are linked, with their sessions. */
  candidates(now: number): Candidate[] {
    return this.#host.store
      .runners()
      .filter(({ runner }) => this.#host.links.socketOf(runner, now) !== undefined)
      .map((record) => ({ ...record, sessions: this.#host.store.countOn(record.runner) }));
  }
}

/** Of a row of the books, what the actor of the session needs. */
export const placedOf = ({ session, runner, boot, openedAt }: PlacedSession): PlacedSession => ({
  session,
  runner,
  boot,
  openedAt,
});
