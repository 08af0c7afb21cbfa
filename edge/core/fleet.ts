// The fleet knows the runners and which session is on which runner (D1). It places new sessions over the control links and keeps
// the books of open ones; their messages do not pass through it. Pure: inputs in, effects out; the host owns the books and the
// sockets. Implements LP9, LP11, LP25, LP27.
// One file above 300 lines: each frame, dial and opening changes the same books.
import { OpeningTurns } from './opening-turns.ts';
import {
  grantedServers,
  mayMakeRoom,
  place,
  SESSIONS_PER_PRINCIPAL,
  type Candidate,
} from './placement.ts';
import type {
  ControlDial,
  FleetStore,
  FleetView,
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  PlacedSession,
  RunnerRecord,
  SessionRow,
  SocketEffect,
  Sockets,
  SpareRow,
  TicketScope,
  Withdrawal,
} from './ports.ts';
import { isSilent } from './silence.ts';
import { SpareBooks } from './spare-books.ts';
import { wholeText, type Text } from '../../shared/bytes.ts';
import { UsedOnce } from './used-once.ts';
import { actDue, nextDue, type Dues, type OnDue } from '../../shared/dues.ts';
import {
  displacementLine,
  runnerPresenceLine,
  type DisplacementLine,
  type RunnerPresenceLine,
  type SessionEnd,
} from './log.ts';
import type { Fault } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeText, encodeText } from '../../shared/link/codec.ts';
import {
  controlUp,
  type ClientKind,
  MAX_SESSIONS,
  type ControlDown,
  type ControlUp,
  type HelloFrame,
} from '../../shared/link/control-frames.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { HELLO_WAIT_MS, YIELD_WAIT_MS } from '../../shared/link/timing.ts';
import {
  actorOf,
  onlySessionOf,
  type ActorName,
  type PrincipalName,
  type RunnerName,
  type ServerName,
  type SessionName,
  type SocketId,
} from '../../shared/ids.ts';

/** How often the fleet checks sessions of absent runners: perhaps nobody else is left to end them. */
const REVIEW_MS = 30 * 60_000;

/** How soon an actor that could not be reached is told again: one that broke away is back within milliseconds. */
const OWED_AGAIN_MS = 1_000;

const allBusy = (quota: number): string =>
  `You have ${quota} open sessions, which is the limit, and none of them is idle. End some, then try again.`;

const GAVE_WAY =
  'This session was idle the longest and was ended to make room for another. Send a new `initialize` without a session id.';

const WITHDRAWN =
  'Your access was withdrawn, so this session is over. Sign in again, or use another key.';

const TOO_FAST = 'You open sessions faster than this bridge starts them. Try again soon.';

/** The note on a control socket, kept while the fleet sleeps. */
export interface ControlNote {
  readonly runner: RunnerName;
  readonly granted: readonly string[] | '*';
  /** Servers that are bound to other runners. */
  readonly withheld: readonly string[];
  readonly hasHello: boolean;
  /** When it was accepted; until its first ping, this is its last sign of life. */
  readonly at: number;
}

/** The settings that decide who may open sessions. */
export interface FleetTerms {
  /** Sessions and tickets can be signed. */
  readonly isConfigured: boolean;
  /** Clients have keys, so each has its own name. Without keys all share one name, and no quota applies. */
  readonly hasQuotas: boolean;
  /** How many sessions a principal may have, if not as many as all. */
  readonly sessionsOf?: (principal: PrincipalName) => number | undefined;
}

export type FleetEffect =
  | SocketEffect<ControlNote>
  /** Sign a ticket and hand it in with {@link Fleet.signed}. */
  | { readonly do: 'sign'; readonly ask: string; readonly scope: TicketScope }
  /** The answer to {@link Fleet.open}. */
  | { readonly do: 'opened'; readonly ask: string; readonly opened: Opened<PlacedSession> }
  /** Tell the session's actor that the runner will not serve it: {@link Fleet.heard}. */
  | { readonly do: 'giveUp'; readonly session: SessionName; readonly fault: Fault }
  /** Tell the actor of a spare that its runner is gone. Nothing depends on it. */
  | { readonly do: 'release'; readonly session: SessionName }
  /** Ask the session's actor to check whether it still has a session. */
  | { readonly do: 'review'; readonly session: SessionName }
  /** Log that a session was placed. */
  | { readonly do: 'began'; readonly row: SessionRow; readonly clientKind: ClientKind }
  /** Log that a session is over. */
  | ({ readonly do: 'ended' } & SessionEnd)
  | { readonly do: 'log'; readonly line: DisplacementLine | RunnerPresenceLine };

/** A request to open a session; `ask` is the host's id for the answer. */
interface Wanted extends Opening {
  readonly ask: string;
  readonly session: SessionName;
}

/** The search for a place for one session: runners are asked in turn to end an idle session. */
interface Room {
  readonly wanted: Wanted;
  /** True: the principal is at its quota, so one of its own sessions must end. False: all places are taken. */
  readonly isOwn: boolean;
  /** Runners not asked yet. */
  readonly runners: string[];
  /** The answer if no runner has a session that can end. */
  readonly otherwise: Fault;
}

/** A `yield` sent to a runner. Runners answer in order, so an entry whose answer is no longer awaited keeps its place in the list. */
interface Yield {
  room: Room | undefined;
  readonly askedAt: number;
}

interface Control {
  note: ControlNote;
  /** A hello with many sessions comes in parts (LP3). */
  readonly inbox: Inbox<string, Text>;
  readonly yields: Yield[];
}

export class Fleet {
  readonly #store: FleetStore;
  readonly #sockets: Sockets<ControlNote>;
  readonly #terms: FleetTerms;
  readonly #spares: SpareBooks;
  /** Signed statements that opened a link. */
  readonly #used = new UsedOnce();
  readonly #controls = new Map<SocketId, Control>();
  /** What is done once a ticket is signed, by the `ask` of its effect. */
  readonly #unsigned = new Map<string, (ticket: string | undefined) => void>();
  readonly #turns = new OpeningTurns();
  /** When actors that were not reached are told again. */
  #oweAt: number | undefined;
  #opened = 0;
  #refused = 0;
  #effects: FleetEffect[] = [];

  /**
   * After a sleep, the books and the sockets that stayed open hold the earlier state. `mint`: random text of so many characters
   * (A–Z, a–z, 0–9, `_`, `-`).
   */
  constructor(
    store: FleetStore,
    sockets: Sockets<ControlNote>,
    terms: FleetTerms,
    mint: (characters: number) => string,
  ) {
    this.#spares = new SpareBooks(store, mint);
    this.#store = store;
    this.#sockets = sockets;
    this.#terms = terms;
    for (const { id, note } of sockets.all()) if (note) this.#add(id, note);
  }

  /** Chooses a runner for a new session and tells it. Answered by the effect `opened` with this `ask`. */
  open(ask: string, wish: Opening & { readonly session: SessionName }, now: number): FleetEffect[] {
    const wanted = { ...wish, ask };
    if (!this.#terms.isConfigured) this.#refuse(ask, { fault: 'not_configured' });
    else if (this.#livesElsewhere(wanted)) {
      const opened = { ok: false, fault: { fault: 'session_not_found' } } as const;
      this.#effects.push({ do: 'opened', ask, opened });
    } else if (this.#isAtQuota(wanted.principal)) {
      const runners = [...this.#store.runnersOf(wanted.principal)];
      const otherwise: Fault = {
        fault: 'overloaded',
        message: allBusy(this.#quotaOf(wanted.principal)),
      };
      this.#makeRoom({ wanted, isOwn: true, runners, otherwise }, now);
    } else this.#place(wanted, now, true);
    return this.#flush();
  }

  /** The ticket for an earlier effect `sign`; undefined if it could not be signed. */
  signed(ask: string, ticket: string | undefined): FleetEffect[] {
    const unsigned = this.#unsigned.get(ask);
    this.#unsigned.delete(ask);
    unsigned?.(ticket);
    return this.#flush();
  }

  #sign(
    ask: string,
    { session, runner, boot }: TicketScope,
    then: (ticket?: string) => void,
  ): void {
    this.#unsigned.set(ask, then);
    this.#effects.push({ do: 'sign', ask, scope: { session, runner, boot } });
  }

  #placedWith({ ask, ...opening }: Wanted, row: SessionRow, ticket: string | undefined): void {
    const isHeld = this.#store.session(row.session)?.boot === row.boot;
    if (!isHeld || !this.#sayOpen(row, opening, ticket)) {
      if (isHeld) this.#store.removeSession(row.session);
      return this.#refuse(ask, { fault: ticket === undefined ? 'internal' : 'runner_offline' });
    }
    this.#opened += 1;
    this.#effects.push({ do: 'began', row, clientKind: opening.clientKind });
    this.#effects.push({ do: 'opened', ask, opened: { ok: true, value: placedOf(row) } });
  }

  /** False if there is no ticket to send, or no runner to send it to. */
  #sayOpen(
    { session, runner }: SessionRow,
    { server, clientKind, principal }: Opening,
    ticket: string | undefined,
  ): boolean {
    const socket = this.#openSocketOf(runner);
    if (ticket === undefined || socket === undefined) return false;
    this.#say(socket, { type: 'open', session, server, ticket, clientKind, principal });
    return true;
  }

  /**
   * Where the requests of a principal's modern clients to a server go: to their own `actor`, or to the spare that stands in for it,
   * which is handed out here if there is one. Or why no runner could take a session of this server; whether an idle session
   * can make room is found out only by opening.
   */
  home(
    opening: Opening,
    actor: ActorName,
    now: number,
  ): { home: Opened<ModernHome>; effects: FleetEffect[] } {
    const { server } = opening;
    const row = this.#store.homeOf(actor) ?? this.#store.newestOf(actor);
    const fault = row ? undefined : this.#whyNot(server, now);
    if (fault) {
      this.#refused += 1;
      return { home: { ok: false, fault }, effects: this.#flush() };
    }
    const hasSpares = this.#spares.has(server);
    const session = row?.session ?? this.#handOut(opening, now);
    if (session !== undefined && !row) this.#store.putHome(actor, session);
    const home = session === undefined ? actor : actorOf(session);
    const value = { actor: home, mayMove: hasSpares || home !== actor };
    return { home: { ok: true, value }, effects: this.#flush() };
  }

  /** The actor of a modern actor's sessions, if a spare stands in for it. */
  homeOf(actor: ActorName): ActorName | undefined {
    const row = this.#store.homeOf(actor);
    return row && actorOf(row.session);
  }

  /** A modern client's next session is not placed while its requests go to a spare: two at a time would not know of each other. */
  #livesElsewhere({ session, clientKind }: Wanted): boolean {
    return clientKind === 'modern' && this.#store.homeOf(actorOf(session)) !== undefined;
  }

  /**
   * For a session that a client opens: why no runner could take it, or when it may begin, in turn with others of its principal, and
   * with which spare.
   */
  mayOpen(opening: Opening, now: number): { turn: Opened<OpeningTurn>; effects: FleetEffect[] } {
    const fault = this.#whyNot(opening.server, now);
    const afterMs = fault ? undefined : this.#turnOf(opening.principal, now);
    if (afterMs === undefined) {
      this.#refused += 1;
      const tooFast: Fault = { fault: 'overloaded', message: TOO_FAST };
      return { turn: { ok: false, fault: fault ?? tooFast }, effects: this.#flush() };
    }
    const session = afterMs === 0 ? this.#handOut(opening, now) : undefined;
    const spare = session === undefined ? undefined : actorOf(session);
    const isDialled = afterMs === 0 && spare === undefined;
    const value = isDialled
      ? { afterMs: this.#turns.apart(opening.principal, now) }
      : { afterMs, spare };
    return { turn: { ok: true, value }, effects: this.#flush() };
  }

  #turnOf(principal: PrincipalName, now: number): number | undefined {
    return this.#terms.hasQuotas ? this.#turns.take(principal, now) : 0;
  }

  /** The session of an actor that lost its memory, the newest if it had several in turn; or the spare that it is. */
  placed(actor: ActorName): PlacedSession | undefined {
    const row = this.#store.newestOf(actor);
    if (row) return placedOf(row);
    const spare = this.#store.spare(onlySessionOf(actor));
    return spare && { ...placedOf(spare), isSpare: true };
  }

  #book(
    session: SessionName,
    { runner, boot }: Pick<PlacedSession, 'runner' | 'boot'>,
    { server, principal, grant }: Opening,
    now: number,
  ): SessionRow {
    const row = { session, runner, boot, server, principal, openedAt: now };
    const granted = grant === undefined ? row : { ...row, grant };
    this.#store.putSession(granted);
    this.#reviewLater(now);
    return granted;
  }

  /** Gives a ready spare to one opening, and books it in the same step, so that nobody else gets it (LP27). */
  #handOut(opening: Opening, now: number): SessionName | undefined {
    const { server, principal } = opening;
    const spare = this.#spares.choose(server, () => this.#candidates(now));
    if (!spare || this.#isAtQuota(principal)) return undefined;
    const { session } = spare;
    this.#store.removeSpare(session);
    const row = this.#book(session, spare, opening, now);
    this.#opened += 1;
    this.#effects.push({ do: 'began', row, clientKind: opening.clientKind });
    // The runner mostly learns it from the session link first. It never needs this if the client comes, and always if it does not.
    this.#sign(session, row, (ticket) => void this.#sayOpen(row, opening, ticket));
    return session;
  }

  /** A session is over. */
  closed(session: SessionName, now: number): FleetEffect[] {
    this.#store.removeSpare(session);
    const row = this.#store.session(session);
    if (!row) return this.#flush();
    this.#store.removeSession(session);
    this.#effects.push({ do: 'ended', row, ms: now - row.openedAt, fault: undefined });
    const socket = this.#socketOf(row.runner, now);
    if (socket !== undefined) this.#say(socket, { type: 'close', session });
    return this.#flush();
  }

  view(now: number): { view: FleetView; effects: FleetEffect[] } {
    const linked = new Set(this.#candidates(now).map(({ runner }) => runner));
    const runners = this.#store.runners().map((record) => ({
      runner: record.runner,
      isLinked: linked.has(record.runner),
      isDraining: record.isDraining,
      servers: record.servers,
      capacity: record.capacity,
      sessions: this.#store.countOn(record.runner),
      // What an earlier control link has left is handed out to nobody.
      spares: linked.has(record.runner) ? this.#spares.readyOn(record.runner) : 0,
    }));
    const sessions = runners.reduce((sum, runner) => sum + runner.sessions, 0);
    const view = { runners, sessions, opened: this.#opened, refused: this.#refused };
    return { view, effects: this.#flush() };
  }

  /** If an actor lost its memory and its runner never returns, nobody else would wake the actor to end the session. */
  review(now: number): FleetEffect[] {
    this.#store.setReview(undefined);
    const rows = this.#store.sessions();
    for (const { session, runner } of rows) {
      if (this.#socketOf(runner, now) === undefined) this.#effects.push({ do: 'review', session });
    }
    this.#tellOwed();
    const records = this.#store.runners();
    for (const { runner } of records)
      if (this.#socketOf(runner, now) === undefined) this.#loseSpares(runner);
    const spares = records.reduce((sum, { runner }) => sum + this.#spares.on(runner).length, 0);
    if (rows.length + spares + this.#store.owed().length > 0) this.#reviewLater(now);
    return this.#flush();
  }

  /** The outcome of `giveUp`. It is repeated until the actor has been told, even if this fleet is restarted in between. */
  heard(session: SessionName, isHeard: boolean, now: number): FleetEffect[] {
    if (isHeard) this.#store.paid(session);
    else this.#oweAt ??= now + OWED_AGAIN_MS;
    return this.#flush();
  }

  #tellOwed(): void {
    this.#oweAt = undefined;
    for (const { session, fault } of this.#store.owed())
      this.#effects.push({ do: 'giveUp', session, fault });
  }

  /** A runner lost its credential: its links are closed, and its sessions end. */
  expelled(runner: RunnerName, now: number): FleetEffect[] {
    for (const [socket, { note }] of this.#controls)
      if (note.runner === runner)
        this.#close(socket, CLOSE.notGranted, 'the credential was removed', now);
    for (const { session } of this.#store.sessions(runner))
      this.#giveUp(session, { fault: 'runner_lost' }, now);
    return this.#flush();
  }

  /** A principal lost its access: its sessions end, with what is open of them. */
  withdrawn({ principal, by }: Withdrawal, now: number): FleetEffect[] {
    for (const { session, server, grant } of this.#store.sessionsOf(principal)) {
      const isMeant =
        by === undefined || (grant === undefined ? server === by.server : grant === by.grant);
      if (isMeant) this.#giveUp(session, { fault: 'unauthorized', message: WITHDRAWN }, now);
    }
    return this.#flush();
  }

  /** A runner's control link on `socket`; its credential has been checked. */
  dialled(socket: SocketId, dial: ControlDial, now: number): FleetEffect[] {
    const { runner, granted, withheld, use } = dial;
    const note = { runner, granted, withheld, hasHello: false, at: now };
    if (use && !this.#used.isFirst(use, now)) {
      this.#add(socket, note);
      this.#close(socket, CLOSE.notGranted, 'this signature was used before', now);
      return this.#flush();
    }
    // Dials that never say hello must not pile up: a newer one replaces the last.
    for (const [other, { note }] of this.#controls) {
      if (note.runner === runner && !note.hasHello)
        this.#close(other, CLOSE.comeBack, 'a newer dial came first', now);
    }
    this.#add(socket, note);
    this.#effects.push({ do: 'note', socket, note });
    return this.#flush();
  }

  /** A WebSocket message of a runner; undefined for one that is not text. */
  message(socket: SocketId, text: string | undefined, now: number): FleetEffect[] {
    const control = this.#controls.get(socket);
    if (control) this.#receive(socket, control, text, now);
    return this.#flush();
  }

  #receive(socket: SocketId, control: Control, text: string | undefined, now: number): void {
    if (text === undefined) return this.#close(socket, CLOSE.protocol, 'frames are text', now);
    const received = control.inbox.push(text);
    switch (received.state) {
      case 'partial':
        return;
      case 'too_large':
        return this.#close(socket, CLOSE.tooLarge, 'frame too large', now);
      case 'broken':
        return this.#close(socket, CLOSE.protocol, OUTSIDE_PROTOCOL, now);
      case 'whole': {
        const reading = decodeText(controlUp, wholeText(received.frame));
        if (!reading.ok) return this.#close(socket, CLOSE.protocol, OUTSIDE_PROTOCOL, now);
        return this.#frame(socket, control, reading.frame.header, now);
      }
    }
  }

  /** A socket is closed. */
  gone(socket: SocketId, now: number): FleetEffect[] {
    this.#drop(socket, now);
    return this.#flush();
  }

  /** Does what is due by now. */
  tick(now: number): FleetEffect[] {
    actDue(this.#dues, now);
    return this.#flush();
  }

  /** When {@link tick} is due; the fleet stays awake until then. */
  get wakeAt(): number | undefined {
    return nextDue(this.#dues);
  }

  readonly #dues: Dues = (due) => {
    for (const [socket, { note, yields }] of this.#controls) {
      const act = (now: number): void => this.#close(socket, CLOSE.heartbeat, 'no hello', now);
      due(note.hasHello ? undefined : note.at + HELLO_WAIT_MS, act, HELLO_WAIT_MS);
      for (const asked of yields) this.#yieldDue(asked, due);
    }
    due(this.#oweAt, () => this.#tellOwed(), OWED_AGAIN_MS);
  };

  /** A runner that does not answer a `yield` in time is skipped. */
  #yieldDue(asked: Yield, due: OnDue): void {
    const { room, askedAt } = asked;
    if (!room) return;
    const act = (now: number): void => {
      asked.room = undefined;
      this.#makeRoom(room, now);
    };
    due(askedAt + YIELD_WAIT_MS, act, YIELD_WAIT_MS);
  }

  #frame(socket: SocketId, control: Control, frame: ControlUp, now: number): void {
    const { runner, hasHello } = control.note;
    if (frame.type === 'hello') return this.#hello(socket, control, frame, now);
    if (!hasHello) return this.#close(socket, CLOSE.protocol, 'hello comes first', now);
    switch (frame.type) {
      case 'drain': {
        const record = this.#recordOf(runner);
        if (record) this.#store.putRunner({ ...record, isDraining: true });
        return this.#withdraw(socket, this.#spares.on(runner));
      }
      case 'want':
        return this.#nameSpare(runner, frame.server, now);
      case 'ready':
        return this.#spares.linked(frame.session, runner);
      case 'withdraw':
        // If it was handed out, its `open` is under way.
        if (this.#isOn(frame.session, runner)) return;
        this.#spares.withdrawn(frame.session, runner);
        return this.#say(socket, { type: 'close', session: frame.session });
      case 'yielded':
        return this.#yielded(runner, control.yields.shift()?.room, frame.session, now);
      case 'refused': {
        const { fault, message, phase, session } = frame;
        if (this.#isOn(session, runner)) this.#giveUp(session, { fault, message, phase }, now);
        return;
      }
    }
  }

  #hello(socket: SocketId, control: Control, hello: HelloFrame, now: number): void {
    const { runner, granted, withheld, hasHello } = control.note;
    if (hello.runner !== runner)
      return this.#close(socket, CLOSE.notGranted, 'the credential is for another runner', now);
    const { boot } = hello;
    const rival = this.#socketOf(runner, now);
    if (rival !== undefined && rival !== socket && boot !== this.#recordOf(runner)?.boot) {
      const message = hello.standby ? 'a displaced runner waits' : 'a runner was displaced';
      this.#effects.push({ do: 'log', line: displacementLine(message, runner, boot) });
      if (hello.standby)
        return this.#close(socket, CLOSE.replaced, 'another runner with this name is linked', now);
    }
    const servers = grantedServers(hello.servers, granted, withheld);
    const capacity = Math.min(hello.capacity, MAX_SESSIONS);
    this.#store.putRunner({ runner, boot, servers, capacity, isDraining: false });
    control.note = { ...control.note, hasHello: true };
    this.#effects.push({ do: 'note', socket, note: control.note });
    this.#say(socket, { type: 'welcome', servers });
    // A later hello on the same socket may cross an `open` on its way, so only the first is compared with the books.
    if (!hasHello) {
      this.#effects.push({ do: 'log', line: runnerPresenceLine('runner connected', runner) });
      this.#reconcile(socket, runner, hello, now);
    } else
      this.#withdraw(
        socket,
        this.#spares.on(runner).filter(({ server }) => !servers.includes(server)),
      );
    for (const [other, { note }] of this.#controls) {
      if (other === socket || note.runner !== runner) continue;
      this.#close(other, CLOSE.replaced, 'another runner with this name connected', now);
    }
  }

  /** Sessions that the runner no longer holds are lost; those it holds but the books do not know are closed (LP11). */
  #reconcile(socket: SocketId, runner: RunnerName, hello: HelloFrame, now: number): void {
    const held = new Set(hello.sessions);
    const placed = this.#store.sessions(runner);
    for (const { session, boot } of placed) {
      if (boot !== hello.boot || !held.has(session))
        this.#giveUp(session, { fault: 'runner_lost' }, now);
    }
    const known = new Set(placed.map(({ session }) => session));
    const unknown = [...held].filter((session) => !known.has(session)).slice(0, MAX_SESSIONS);
    for (const session of unknown) this.#say(socket, { type: 'close', session });
    // They were asked for on an earlier control link.
    this.#loseSpares(runner);
  }

  #recordOf(runner: RunnerName): RunnerRecord | undefined {
    return this.#store.runners().find((record) => record.runner === runner);
  }

  /** A runner wants to link a session ahead (LP27). What it may not have, it does not get. */
  #nameSpare(runner: RunnerName, server: ServerName, now: number): void {
    const record = this.#recordOf(runner);
    const row = record && this.#spares.name(record, server, now);
    if (!row) return;
    const { session, boot } = row;
    this.#reviewLater(now);
    this.#sign(session, row, (ticket) => {
      const socket = this.#openSocketOf(runner);
      const isNamed = this.#store.spare(session)?.boot === boot;
      if (ticket === undefined || socket === undefined || !isNamed)
        return void this.#store.removeSpare(session);
      this.#say(socket, { type: 'spare', session, server, ticket });
    });
  }

  /** The runner lets go of these: they are handed out no more. */
  #withdraw(socket: SocketId, spares: readonly SpareRow[]): void {
    for (const session of this.#spares.forget(spares))
      this.#say(socket, { type: 'close', session });
  }

  /** The runner is not there: its spares are of no use. Their actors may not know it yet. */
  #loseSpares(runner: RunnerName): void {
    for (const session of this.#spares.forget(this.#spares.on(runner)))
      this.#effects.push({ do: 'release', session });
  }

  /** Places a session and books it before its ticket is signed, so that its place is taken at once. */
  #place(wanted: Wanted, now: number, mayAsk: boolean): void {
    const candidates = this.#candidates(now);
    const placement = place(wanted.server, candidates);
    if (!placement.ok) {
      if (placement.fault.fault !== 'overloaded' || !mayAsk)
        return this.#refuse(wanted.ask, placement.fault);
      const full = candidates.filter((runner) => mayMakeRoom(runner, wanted.server));
      const runners = full.map(({ runner }) => runner);
      return this.#makeRoom({ wanted, isOwn: false, runners, otherwise: placement.fault }, now);
    }
    const { ask, session } = wanted;
    const row = this.#book(session, placement.runner, wanted, now);
    this.#sign(ask, row, (ticket) => this.#placedWith(wanted, row, ticket));
  }

  /** Asks the next runner to end an idle session: one of the principal's own, or one of a principal that holds more (LP25). */
  #makeRoom(room: Room, now: number): void {
    for (;;) {
      const runner = room.runners.shift();
      if (runner === undefined) return this.#refuse(room.wanted.ask, room.otherwise);
      const socket = this.#socketOf(runner, now);
      if (socket === undefined) continue;
      this.#controls.get(socket)?.yields.push({ room, askedAt: now });
      const { principal } = room.wanted;
      return this.#say(socket, { type: 'yield', principal, own: room.isOwn });
    }
  }

  /** A runner ended an idle session, or has none. The ended session is given up even if the search no longer waits for this answer. */
  #yielded(
    runner: RunnerName,
    room: Room | undefined,
    session: SessionName | undefined,
    now: number,
  ): void {
    const isFreed = session !== undefined && this.#isOn(session, runner);
    if (isFreed) this.#giveUp(session, { fault: 'session_not_found', message: GAVE_WAY }, now);
    if (!room) return;
    if (isFreed) this.#place(room.wanted, now, room.isOwn);
    else this.#makeRoom(room, now);
  }

  #giveUp(session: SessionName, fault: Fault, now: number): void {
    const row = this.#store.session(session);
    this.#store.removeSession(session);
    if (row) this.#effects.push({ do: 'ended', row, ms: now - row.openedAt, fault: fault.fault });
    this.#store.owe({ session, fault });
    this.#reviewLater(now);
    this.#effects.push({ do: 'giveUp', session, fault });
  }

  #whyNot(server: ServerName, now: number): Fault | undefined {
    if (!this.#terms.isConfigured) return { fault: 'not_configured' };
    const placement = place(server, this.#candidates(now));
    return placement.ok || placement.fault.fault === 'overloaded' ? undefined : placement.fault;
  }

  #isAtQuota(principal: PrincipalName): boolean {
    return this.#terms.hasQuotas && this.#store.countOf(principal) >= this.#quotaOf(principal);
  }

  #quotaOf(principal: PrincipalName): number {
    return this.#terms.sessionsOf?.(principal) ?? SESSIONS_PER_PRINCIPAL;
  }

  /** The actor of a session found its socket of this epoch dead; the runner is told, if it is there. */
  redial(session: SessionName, epoch: number, now: number): FleetEffect[] {
    const row = this.#store.session(session);
    const socket = row && this.#socketOf(row.runner, now);
    if (socket !== undefined) this.#say(socket, { type: 'redial', session, epoch });
    return this.#flush();
  }

  #refuse(ask: string, fault: Fault): void {
    this.#refused += 1;
    this.#effects.push({ do: 'opened', ask, opened: { ok: false, fault } });
  }

  #reviewLater(now: number): void {
    if (this.#store.reviewAt() === undefined) this.#store.setReview(now + REVIEW_MS);
  }

  #candidates(now: number): Candidate[] {
    return this.#store
      .runners()
      .filter(({ runner }) => this.#socketOf(runner, now) !== undefined)
      .map((record) => ({ ...record, sessions: this.#store.countOn(record.runner) }));
  }

  #isOn(session: SessionName, runner: RunnerName): boolean {
    return this.#store.session(session)?.runner === runner;
  }

  /** The runner's live control socket. A socket that missed its pings is closed here, at the moment it would be used. */
  #socketOf(runner: RunnerName, now: number): string | undefined {
    const socket = this.#openSocketOf(runner);
    if (socket === undefined) return undefined;
    const at = this.#controls.get(socket)?.note.at ?? now;
    if (!isSilent(this.#sockets.pingAt(socket) ?? at, now)) return socket;
    this.#close(socket, CLOSE.heartbeat, 'no ping', now);
    return undefined;
  }

  #openSocketOf(runner: RunnerName): string | undefined {
    for (const [socket, { note }] of this.#controls)
      if (note.runner === runner && note.hasHello && this.#sockets.isOpen(socket)) return socket;
    return undefined;
  }

  #add(socket: SocketId, note: ControlNote): void {
    this.#controls.set(socket, { note, inbox: new Inbox(textForm), yields: [] });
  }

  #close(socket: SocketId, code: number, reason: string, now: number): void {
    this.#effects.push({ do: 'close', socket, code, reason });
    this.#drop(socket, now);
  }

  /** Forgets a socket. Its unanswered `yield`s will not be answered, so the next runners are asked. */
  #drop(socket: SocketId, now: number): void {
    const control = this.#controls.get(socket);
    this.#controls.delete(socket);
    const runner = control?.note.hasHello ? control.note.runner : undefined;
    if (runner !== undefined && this.#openSocketOf(runner) === undefined) {
      this.#effects.push({ do: 'log', line: runnerPresenceLine('runner left', runner) });
      this.#loseSpares(runner);
    }
    for (const { room } of control?.yields ?? []) if (room) this.#makeRoom(room, now);
  }

  #say(socket: SocketId, frame: ControlDown): void {
    this.#effects.push({ do: 'send', socket, text: encodeText(frame) });
  }

  #flush(): FleetEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

const placedOf = ({ session, runner, boot, openedAt }: PlacedSession): PlacedSession => ({
  session,
  runner,
  boot,
  openedAt,
});
