// The fleet: which runners there are and which session lies on which (D1). It places new sessions over the control links,
// keeps the books of those that are open, and is out of the way of their messages. Pure: inputs in, effects out; the books
// and the sockets are the host's. Implements LP9, LP11, LP25.
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
  Opened,
  Opening,
  PlacedSession,
  SessionRow,
  SocketEffect,
  Sockets,
  TicketScope,
} from './ports.ts';
import { isSilent } from './silence.ts';
import { actDue, nextDue, type Due } from '../../shared/dues.ts';
import type { SessionEnd } from './log.ts';
import type { Fault } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeText, encodeText } from '../../shared/link/codec.ts';
import {
  controlUp,
  MAX_SESSIONS,
  type ControlDown,
  type ControlUp,
  type HelloFrame,
} from '../../shared/link/control-frames.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox } from '../../shared/link/inbox.ts';
import { HELLO_WAIT_MS, YIELD_WAIT_MS } from '../../shared/link/timing.ts';

/** This often it is looked whether sessions of runners that are away have anyone left to end them. */
const REVIEW_MS = 30 * 60_000;

/** An actor that broke away is back within milliseconds. */
const OWED_AGAIN_MS = 1_000;

const ALL_BUSY = `You have ${SESSIONS_PER_PRINCIPAL} open sessions, which is the limit, and none of them is idle. End some, then try again.`;

const GAVE_WAY =
  'This session was idle the longest and was ended to make room for another. Send a new `initialize` without a session id.';

const TOO_FAST = 'You open sessions faster than this bridge starts them. Try again soon.';

/** What stays with a control socket while the fleet sleeps. */
export interface ControlNote {
  readonly runner: string;
  readonly granted: readonly string[] | '*';
  readonly hasHello: boolean;
  /** When it was accepted: until its first ping, the last sign of life. */
  readonly at: number;
}

/** What the operator settled, as far as it decides who is placed. */
export interface FleetTerms {
  /** Sessions and tickets can be signed. */
  readonly isConfigured: boolean;
  /** Each client has a name of its own. Who comes without a key is nobody in particular, and has no quota. */
  readonly hasQuotas: boolean;
}

export type FleetEffect =
  | SocketEffect<ControlNote>
  /** Sign a ticket and hand it in with {@link Fleet.signed}. */
  | { readonly do: 'sign'; readonly ask: string; readonly scope: TicketScope }
  /** The answer to {@link Fleet.open}. */
  | { readonly do: 'opened'; readonly ask: string; readonly opened: Opened<PlacedSession> }
  /** Tell the session's actor that the runner will not serve it: {@link Fleet.heard}. */
  | { readonly do: 'giveUp'; readonly session: string; readonly fault: Fault }
  /** Have the session's actor look whether it has a session still. */
  | { readonly do: 'review'; readonly session: string }
  /** Log that a session is over. */
  | ({ readonly do: 'ended' } & SessionEnd);

/** A session that someone wants to open; `ask` is the host's, for the answer. */
interface Wanted extends Opening {
  readonly ask: string;
  readonly session: string;
}

/** Room is being made for one session: runners are asked one after the other to end an idle one. */
interface Room {
  readonly wanted: Wanted;
  /** The principal is at its quota: one of its own has to go. Otherwise all places are taken. */
  readonly isOwn: boolean;
  /** Those that have yet to be asked. */
  readonly runners: string[];
  /** The answer where none has a session that can go. */
  readonly otherwise: Fault;
}

/** A runner was asked to yield. It answers in the order of asking, so one that is waited for no longer keeps its place. */
interface Yield {
  room: Room | undefined;
  readonly askedAt: number;
}

interface Control {
  note: ControlNote;
  /** A hello of many sessions comes in parts (LP3). */
  readonly inbox: Inbox<string>;
  readonly yields: Yield[];
}

export class Fleet {
  readonly #store: FleetStore;
  readonly #sockets: Sockets<ControlNote>;
  readonly #terms: FleetTerms;
  readonly #controls = new Map<string, Control>();
  /** Sessions in the books whose runner has yet to be told, until their tickets are signed. */
  readonly #unsigned = new Map<string, { readonly wanted: Wanted; readonly row: SessionRow }>();
  readonly #turns = new OpeningTurns();
  /** When actors are told again of what they have yet to hear. */
  #oweAt: number | undefined;
  #opened = 0;
  #refused = 0;
  #effects: FleetEffect[] = [];

  /** What was before it slept is found in the books and in the sockets that stayed open. */
  constructor(store: FleetStore, sockets: Sockets<ControlNote>, terms: FleetTerms) {
    this.#store = store;
    this.#sockets = sockets;
    this.#terms = terms;
    for (const { id, note } of sockets.all()) if (note) this.#add(id, note);
  }

  /** Chooses a runner for a new session and tells it. Answered by the effect `opened` with this `ask`. */
  open(ask: string, wish: Opening & { readonly session: string }, now: number): FleetEffect[] {
    const wanted = { ...wish, ask };
    if (!this.#terms.isConfigured) this.#refuse(ask, { fault: 'not_configured' });
    else if (this.#isAtQuota(wanted.principal)) {
      const runners = [...this.#store.runnersOf(wanted.principal)];
      const otherwise: Fault = { fault: 'overloaded', message: ALL_BUSY };
      this.#makeRoom({ wanted, isOwn: true, runners, otherwise }, now);
    } else this.#place(wanted, now, true);
    return this.#flush();
  }

  /** The ticket of an earlier effect `sign`; undefined where it could not be signed. */
  signed(ask: string, ticket: string | undefined): FleetEffect[] {
    const unsigned = this.#unsigned.get(ask);
    if (!unsigned) return [];
    this.#unsigned.delete(ask);
    const { wanted, row } = unsigned;
    const { session, runner, boot, openedAt } = row;
    const socket = this.#openSocketOf(runner);
    const isHeld = this.#store.session(session)?.boot === boot;
    if (ticket === undefined || socket === undefined || !isHeld) {
      if (isHeld) this.#store.removeSession(session);
      this.#refuse(ask, { fault: ticket === undefined ? 'internal' : 'runner_offline' });
      return this.#flush();
    }
    this.#opened += 1;
    const { server, transport, principal } = wanted;
    this.#say(socket, { type: 'open', session, server, ticket, transport, principal });
    this.#effects.push({
      do: 'opened',
      ask,
      opened: { ok: true, value: { session, runner, boot, openedAt } },
    });
    return this.#flush();
  }

  /** Why no runner could take a session of this server. That an idle session may give way is found out by opening. */
  admits(
    server: string,
    actor: string | undefined,
    now: number,
  ): { fault: Fault | undefined; effects: FleetEffect[] } {
    const isOpen = actor !== undefined && this.#store.newestOf(actor) !== undefined;
    const fault = isOpen ? undefined : this.#whyNot(server, now);
    if (fault) this.#refused += 1;
    return { fault, effects: this.#flush() };
  }

  /** As {@link admits}, of a session that a client opens: when it may begin, in turn with the others of its principal. */
  mayOpen(
    server: string,
    principal: string,
    now: number,
  ): { turn: Opened<{ readonly afterMs: number }>; effects: FleetEffect[] } {
    const { fault, effects } = this.admits(server, undefined, now);
    if (fault) return { turn: { ok: false, fault }, effects };
    const afterMs = this.#terms.hasQuotas ? this.#turns.take(principal, now) : 0;
    if (afterMs !== undefined) return { turn: { ok: true, value: { afterMs } }, effects };
    this.#refused += 1;
    return { turn: { ok: false, fault: { fault: 'overloaded', message: TOO_FAST } }, effects };
  }

  /** The session of an actor that forgot it; the newest, where it had one after the other. */
  placed(actor: string): PlacedSession | undefined {
    const row = this.#store.newestOf(actor);
    return row && placedOf(row);
  }

  /** A session is over. */
  closed(session: string, now: number): FleetEffect[] {
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
    }));
    const sessions = runners.reduce((sum, runner) => sum + runner.sessions, 0);
    const view = { runners, sessions, opened: this.#opened, refused: this.#refused };
    return { view, effects: this.#flush() };
  }

  /** A session whose actor lost its memory while its runner was away for good has nobody else to wake it. */
  review(now: number): FleetEffect[] {
    this.#store.setReview(undefined);
    const rows = this.#store.sessions();
    for (const { session, runner } of rows) {
      if (this.#socketOf(runner, now) === undefined) this.#effects.push({ do: 'review', session });
    }
    this.#tellOwed();
    if (rows.length + this.#store.owed().length > 0) this.#reviewLater(now);
    return this.#flush();
  }

  /** What came of `giveUp`: until the actor has heard it, it is told again, though this fleet dies meanwhile. */
  heard(session: string, isHeard: boolean, now: number): FleetEffect[] {
    if (isHeard) this.#store.paid(session);
    else this.#oweAt ??= now + OWED_AGAIN_MS;
    return this.#flush();
  }

  #tellOwed(): void {
    this.#oweAt = undefined;
    for (const { session, fault } of this.#store.owed())
      this.#effects.push({ do: 'giveUp', session, fault });
  }

  /** A runner's control link, on `socket`; its credential was checked. */
  dialled(socket: string, { runner, granted }: ControlDial, now: number): FleetEffect[] {
    // One that never says hello must not gather company: the newer dial takes its place.
    for (const [other, { note }] of this.#controls) {
      if (note.runner === runner && !note.hasHello)
        this.#close(other, CLOSE.comeBack, 'a newer dial came first', now);
    }
    const note = { runner, granted, hasHello: false, at: now };
    this.#add(socket, note);
    this.#effects.push({ do: 'note', socket, note });
    return this.#flush();
  }

  /** A WebSocket message of a runner; undefined for one that is not text. */
  message(socket: string, text: string | undefined, now: number): FleetEffect[] {
    const control = this.#controls.get(socket);
    if (control) this.#receive(socket, control, text, now);
    return this.#flush();
  }

  #receive(socket: string, control: Control, text: string | undefined, now: number): void {
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
        const reading = decodeText(controlUp, received.frame);
        if (!reading.ok) return this.#close(socket, CLOSE.protocol, OUTSIDE_PROTOCOL, now);
        return this.#frame(socket, control, reading.frame.header, now);
      }
    }
  }

  /** A socket is closed. */
  gone(socket: string, now: number): FleetEffect[] {
    this.#drop(socket, now);
    return this.#flush();
  }

  /** Whatever time brings. */
  tick(now: number): FleetEffect[] {
    actDue(this.#dues(), now);
    return this.#flush();
  }

  /** When {@link tick} is due, while the fleet is awake: until then it is. */
  get wakeAt(): number | undefined {
    return nextDue(this.#dues());
  }

  *#dues(): Generator<Due> {
    for (const [socket, { note, yields }] of this.#controls) {
      yield {
        at: note.hasHello ? undefined : note.at + HELLO_WAIT_MS,
        mostMs: HELLO_WAIT_MS,
        act: (now) => this.#close(socket, CLOSE.heartbeat, 'no hello', now),
      };
      for (const asked of yields) yield this.#yieldDue(asked);
    }
    yield { at: this.#oweAt, mostMs: OWED_AGAIN_MS, act: () => this.#tellOwed() };
  }

  /** A runner that was asked for a place and says nothing is asked no more. */
  #yieldDue(asked: Yield): Due {
    const { room, askedAt } = asked;
    if (!room) return { at: undefined };
    const act = (now: number): void => {
      asked.room = undefined;
      this.#makeRoom(room, now);
    };
    return { at: askedAt + YIELD_WAIT_MS, mostMs: YIELD_WAIT_MS, act };
  }

  #frame(socket: string, control: Control, frame: ControlUp, now: number): void {
    const { runner, hasHello } = control.note;
    if (frame.type === 'hello') return this.#hello(socket, control, frame, now);
    if (!hasHello) return this.#close(socket, CLOSE.protocol, 'hello comes first', now);
    switch (frame.type) {
      case 'drain': {
        const record = this.#store.runners().find((record) => record.runner === runner);
        if (record) this.#store.putRunner({ ...record, isDraining: true });
        return;
      }
      case 'yielded':
        return this.#yielded(runner, control.yields.shift()?.room, frame.session, now);
      case 'refused': {
        const { fault, message, phase, session } = frame;
        if (this.#isOn(session, runner)) this.#giveUp(session, { fault, message, phase }, now);
        return;
      }
    }
  }

  #hello(socket: string, control: Control, hello: HelloFrame, now: number): void {
    const { runner, granted, hasHello } = control.note;
    if (hello.runner !== runner)
      return this.#close(socket, CLOSE.notGranted, 'the credential is for another runner', now);
    const servers = grantedServers(hello.servers, granted);
    const { boot } = hello;
    const capacity = Math.min(hello.capacity, MAX_SESSIONS);
    this.#store.putRunner({ runner, boot, servers, capacity, isDraining: false });
    control.note = { ...control.note, hasHello: true };
    this.#effects.push({ do: 'note', socket, note: control.note });
    this.#say(socket, { type: 'welcome', servers });
    // A later hello of the same socket may cross an `open` on its way; only the first tells what is held.
    if (!hasHello) this.#reconcile(socket, runner, hello, now);
    for (const [other, { note }] of this.#controls) {
      if (other !== socket && note.runner === runner)
        this.#close(other, CLOSE.replaced, 'another runner with this name connected', now);
    }
  }

  /** Sessions that the runner does not hold any more are lost; those it holds and nobody knows are closed (LP11). */
  #reconcile(socket: string, runner: string, hello: HelloFrame, now: number): void {
    const held = new Set(hello.sessions);
    const placed = this.#store.sessions(runner);
    for (const { session, boot } of placed) {
      if (boot !== hello.boot || !held.has(session))
        this.#giveUp(session, { fault: 'runner_lost' }, now);
    }
    const known = new Set(placed.map(({ session }) => session));
    const unknown = [...held].filter((session) => !known.has(session)).slice(0, MAX_SESSIONS);
    for (const session of unknown) this.#say(socket, { type: 'close', session });
  }

  /** Places a session, and puts it in the books before its ticket is signed: its place is taken from now on. */
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
    const { runner, boot } = placement.runner;
    const { ask, session, server, principal } = wanted;
    const row = { session, runner, boot, server, principal, openedAt: now };
    this.#store.putSession(row);
    this.#reviewLater(now);
    this.#unsigned.set(ask, { wanted, row });
    this.#effects.push({ do: 'sign', ask, scope: { session, runner, boot } });
  }

  /** Asks the next runner to end an idle session: of the principal's own, or fairly, of whoever holds more than it (LP25). */
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

  /** A runner ended an idle session, or has none. Its client is told also when who asked has waited long enough. */
  #yielded(runner: string, room: Room | undefined, session: string | undefined, now: number): void {
    const isFreed = session !== undefined && this.#isOn(session, runner);
    if (isFreed) this.#giveUp(session, { fault: 'session_not_found', message: GAVE_WAY }, now);
    if (!room) return;
    if (isFreed) this.#place(room.wanted, now, room.isOwn);
    else this.#makeRoom(room, now);
  }

  #giveUp(session: string, fault: Fault, now: number): void {
    const row = this.#store.session(session);
    this.#store.removeSession(session);
    if (row) this.#effects.push({ do: 'ended', row, ms: now - row.openedAt, fault: fault.fault });
    this.#store.owe({ session, fault });
    this.#reviewLater(now);
    this.#effects.push({ do: 'giveUp', session, fault });
  }

  #whyNot(server: string, now: number): Fault | undefined {
    if (!this.#terms.isConfigured) return { fault: 'not_configured' };
    const placement = place(server, this.#candidates(now));
    return placement.ok || placement.fault.fault === 'overloaded' ? undefined : placement.fault;
  }

  #isAtQuota(principal: string): boolean {
    return this.#terms.hasQuotas && this.#store.countOf(principal) >= SESSIONS_PER_PRINCIPAL;
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

  #isOn(session: string, runner: string): boolean {
    return this.#store.session(session)?.runner === runner;
  }

  /** The runner's live control socket. One that missed its pings is closed here, where it would be used. */
  #socketOf(runner: string, now: number): string | undefined {
    const socket = this.#openSocketOf(runner);
    if (socket === undefined) return undefined;
    const at = this.#controls.get(socket)?.note.at ?? now;
    if (!isSilent(this.#sockets.pingAt(socket) ?? at, now)) return socket;
    this.#close(socket, CLOSE.heartbeat, 'no ping', now);
    return undefined;
  }

  #openSocketOf(runner: string): string | undefined {
    for (const [socket, { note }] of this.#controls)
      if (note.runner === runner && note.hasHello && this.#sockets.isOpen(socket)) return socket;
    return undefined;
  }

  #add(socket: string, note: ControlNote): void {
    this.#controls.set(socket, { note, inbox: new Inbox(textForm), yields: [] });
  }

  #close(socket: string, code: number, reason: string, now: number): void {
    this.#effects.push({ do: 'close', socket, code, reason });
    this.#drop(socket, now);
  }

  /** What a runner was asked on a socket that is gone it does not answer any more. */
  #drop(socket: string, now: number): void {
    const control = this.#controls.get(socket);
    this.#controls.delete(socket);
    for (const { room } of control?.yields ?? []) if (room) this.#makeRoom(room, now);
  }

  #say(socket: string, frame: ControlDown): void {
    this.#effects.push({ do: 'send', socket, text: encodeText(frame) });
  }

  #flush(): FleetEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

const placedOf = ({ session, runner, boot, openedAt }: SessionRow): PlacedSession => ({
  session,
  runner,
  boot,
  openedAt,
});
