// The fleet knows the runners and which session is on which runner (D1). It places new sessions over the control links and keeps
// the books of open ones; their messages do not pass through it. Pure: inputs in, effects out; the host owns the books and the
// sockets. Implements LP9, LP11, LP25, LP27.
// Where sessions go is core/placing's, who makes room for them core/room-search's, and the runners' sockets are core/control-links'.
// One file above 300 lines: each frame and dial changes the same books.
import { ControlLinks, type ControlNote } from './control-links.ts';
import { FleetFigures, type KeepStep } from './fleet-figures.ts';
import type { FleetEffect, FleetTerms } from './fleet-effects.ts';
import {
  SHOWN_SESSIONS,
  type FleetLook,
  type RecentCalls,
  type SessionView,
} from './fleet-look.ts';
import { knownAt, lateNoteAfter, lateNoteIn, LateOpenings } from './late-openings.ts';
import type { LetIn } from './let-in.ts';
import { displacementLine, runnerPresenceLine } from './log.ts';
import { grantedServers } from './placement.ts';
import { placedOf, Placing } from './placing.ts';
import type {
  ControlDial,
  FleetStore,
  FleetView,
  RivalView,
  RunnerView,
  ModernHome,
  Opened,
  Opening,
  OpeningTurn,
  PlacedSession,
  PolicyOf,
  RunnerRecord,
  SessionRow,
  Sockets,
  SpareRow,
  Withdrawal,
} from './ports.ts';
import { RoomSearch, type RoomWish } from './room-search.ts';
import { Policies, PolicyChange } from './policies.ts';
import { OperatorPolicy } from './policy.ts';
import { heldAfter } from './held-tools.ts';
import { ServerFailures } from './server-failures.ts';
import { SpareBooks } from './spare-books.ts';
import { Tickets } from './tickets.ts';
import { UsedOnce } from './used-once.ts';
import { WhatRuns } from './what-runs.ts';
import { actDue, nextDue, type Dues } from '../../shared/dues.ts';
import type { Fault, FaultCode } from '../../shared/fault.ts';
import type { Figure } from '../../shared/figures.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { VERSION } from '../../shared/version.ts';
import { MAX_SESSIONS, type ControlUp, type HelloFrame } from '../../shared/link/control-frames.ts';
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

const GAVE_WAY =
  'This session was idle the longest and was ended to make room for another. Send a new `initialize` without a session id.';

const TAKEN_AWAY =
  'The operator of this edge does not let the runner of this session offer this server any more. Send a new `initialize` without a session id.';

const DISMISSED =
  'This session was ended at the console of this edge. Send a new `initialize` without a session id.';

const NO_ACCESS: Fault = {
  fault: 'unauthorized',
  message: 'Your access was withdrawn, so this session is over. Sign in again, or use another key.',
};

/** What their next request is told: for them there is no such server any more. */
const SHUT_OUT: Fault = {
  fault: 'not_found',
  message:
    'The policy of this edge does not let you use this server any more, so this session is over.',
};

export class Fleet {
  readonly #store: FleetStore;
  readonly #links: ControlLinks;
  readonly #room: RoomSearch;
  readonly #spares: SpareBooks;
  /** Signed statements that opened a link. */
  readonly #used = new UsedOnce();
  readonly #tickets = new Tickets(
    (ask, scope) => void this.#effects.push({ do: 'sign', ask, scope }),
  );
  readonly #late = new LateOpenings();
  readonly #figures: FleetFigures;
  readonly #placing: Placing;
  readonly #terms: FleetTerms;
  #policyVersion = 0;
  /** The settings are other ones than those by which sessions were opened. What is broken of them says nothing: it lets in nobody meanwhile. */
  #hasNewSettings: boolean;
  /** An earlier life made changes that not every worker knew. */
  #hasLateNote: boolean;
  /** Other machines that came with a runner's credential, for the owner. There is one at most for each runner that is known. */
  readonly #rivals = new Map<RunnerName, RivalView>();
  readonly #failures = new ServerFailures();
  readonly #running = new WhatRuns();
  /** When runners that are away went. */
  readonly #awaySince = new Map<RunnerName, number>();
  /** When actors that were not reached are told again. */
  #oweAt: number | undefined;
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
    this.#figures = new FleetFigures(store);
    this.#terms = terms;
    this.#hasNewSettings = this.#hasNewPolicy || this.#newLetIn !== undefined;
    this.#hasLateNote = store.policy('late') !== undefined;
    // A sleep must not make a statement good again whose link is up.
    for (const { note } of sockets.all()) if (note?.use) this.#used.isFirst(note.use, note.at);
    this.#links = new ControlLinks(sockets, {
      effect: (effect) => void this.#effects.push(effect),
      lost: (socket, note, now) => this.#lost(socket, note, now),
    });
    this.#room = new RoomSearch(this.#links, ({ wanted, otherwise }) =>
      this.#placing.refuse(wanted.ask, otherwise),
    );
    this.#placing = new Placing({
      store,
      terms,
      links: this.#links,
      spares: this.#spares,
      tickets: this.#tickets,
      effect: (effect) => {
        if (effect.do === 'began') this.#figures.opened(effect.row);
        this.#effects.push(effect);
      },
      makeRoom: (room, now) => this.#room.ask(room, now),
      reviewLater: (now) => this.#reviewLater(now),
    });
  }

  /** Chooses a runner for a new session and tells it. Answered by the effect `opened` with this `ask`. */
  open(ask: string, wish: Opening & { readonly session: SessionName }, now: number): FleetEffect[] {
    this.#placing.open({ ...wish, ask }, now);
    return this.#flush();
  }

  /** The ticket for an earlier effect `sign`; undefined if it could not be signed. */
  signed(ask: string, ticket: string | undefined): FleetEffect[] {
    this.#tickets.signed(ask, ticket);
    return this.#flush();
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
    return { home: this.#placing.home(opening, actor, now), effects: this.#flush() };
  }

  /** The actor of a modern actor's sessions, if a spare stands in for it. */
  homeOf(actor: ActorName): ActorName | undefined {
    const row = this.#store.homeOf(actor);
    return row && actorOf(row.session);
  }

  /**
   * For a session that a client opens: why no runner could take it, or when it may begin, in turn with others of its principal, and
   * with which spare.
   */
  mayOpen(opening: Opening, now: number): { turn: Opened<OpeningTurn>; effects: FleetEffect[] } {
    return { turn: this.#placing.mayOpen(opening, now), effects: this.#flush() };
  }

  /** The session of an actor that lost its memory, the newest if it had several in turn; or the spare that it is. */
  placed(actor: ActorName): PlacedSession | undefined {
    const row = this.#store.newestOf(actor);
    if (row) return placedOf(row);
    const spare = this.#store.spare(onlySessionOf(actor));
    return spare && { ...placedOf(spare), isSpare: true };
  }

  /** A session is over. */
  closed(session: SessionName, now: number): FleetEffect[] {
    this.#store.removeSpare(session);
    const row = this.#store.session(session);
    if (!row) return this.#flush();
    this.#store.removeSession(session);
    this.#ended(row, undefined, now);
    const socket = this.#links.socketOf(row.runner, now);
    if (socket !== undefined) this.#links.say(socket, { type: 'close', session });
    return this.#flush();
  }

  view(now: number): { view: FleetView; effects: FleetEffect[] } {
    const linked = new Set(this.#placing.candidates(now).map(({ runner }) => runner));
    const runners = this.#store.runners().map((record) => ({
      runner: record.runner,
      isLinked: linked.has(record.runner),
      since: this.#since(record.runner),
      ...this.#whence(record.runner),
      isDraining: record.isDraining,
      servers: record.servers,
      ...(linked.has(record.runner) && record.held && { held: record.held }),
      capacity: record.capacity,
      sessions: this.#store.countOn(record.runner),
      // What an earlier control link has left is handed out to nobody.
      spares: linked.has(record.runner) ? this.#spares.readyOn(record.runner) : 0,
    }));
    const sessions = runners.reduce((sum, runner) => sum + runner.sessions, 0);
    const view = { runners, sessions };
    return { view, effects: this.#flush() };
  }

  /**
   * What somebody sees who watches: the owner, or the `principal`, whose sessions alone are told. While the owner looks, runners say
   * what runs there (LP34).
   */
  look(
    principal: PrincipalName | undefined,
    now: number,
  ): { look: Omit<FleetLook, 'record'>; effects: FleetEffect[] } {
    const isOwner = principal === undefined;
    if (isOwner) this.#watchRunners(now);
    const { view, effects } = this.view(now);
    const look = {
      view,
      sessions: this.#newestSessions(principal),
      recent: this.#recentCalls(now),
      running: isOwner ? this.#running.all(now) : [],
    };
    return { look, effects };
  }

  #watchRunners(now: number): void {
    for (const { runner } of this.#store.runners()) {
      const socket = this.#links.socketOf(runner, now);
      if (socket !== undefined && this.#running.isToBeAsked(runner, now))
        this.#links.say(socket, { type: 'watch' });
    }
  }

  /** What all workers and this fleet have counted, with what one of them counted since it told last. */
  figures(fresh: readonly Figure[], now: number): readonly Figure[] {
    this.#figures.add(fresh, now);
    return this.#figures.all();
  }

  /** How the calls of each server went of late. */
  #recentCalls(now: number): RecentCalls[] {
    return this.#figures.recentCalls(now);
  }

  /** The host stops, or the effect says so. See {@link FleetFigures.keep}. */
  keepFigures(step: KeepStep): void {
    this.#figures.keep(step);
  }

  /** The newest of the open sessions, or of those of a principal, and no more than are shown. */
  #newestSessions(principal?: PrincipalName): SessionView[] {
    const rows =
      principal === undefined
        ? this.#store.newestSessions(SHOWN_SESSIONS)
        : this.#store
            .sessionsOf(principal)
            .toSorted((one, other) => other.openedAt - one.openedAt)
            .slice(0, SHOWN_SESSIONS);
    return rows.map(({ session, server, principal, runner, openedAt }) => ({
      session,
      server,
      principal,
      runner,
      openedAt,
    }));
  }

  /** The owner, or the person whose it is, ended a session. False if there is none. */
  dismissed(session: SessionName, now: number): { isEnded: boolean; effects: FleetEffect[] } {
    const row = this.#store.session(session);
    if (!row) return { isEnded: false, effects: this.#flush() };
    this.#giveUp(session, { fault: 'session_not_found', message: DISMISSED }, now);
    const socket = this.#links.socketOf(row.runner, now);
    if (socket !== undefined) this.#links.say(socket, { type: 'close', session });
    return { isEnded: true, effects: this.#flush() };
  }

  #since(runner: RunnerName): number | undefined {
    const socket = this.#links.openSocketOf(runner);
    return socket === undefined ? this.#awaySince.get(runner) : this.#links.noteOf(socket)?.at;
  }

  /** Where a runner's machine is, its package's version, another that shows its credential, and what failed there. */
  #whence(runner: RunnerName): Pick<RunnerView, 'from' | 'rival' | 'version' | 'failures'> {
    const socket = this.#links.openSocketOf(runner);
    const { from, version } = (socket !== undefined && this.#links.noteOf(socket)) || {};
    const rival = this.#rivals.get(runner);
    const failures = this.#failures.of(runner);
    return {
      ...(from !== undefined && { from }),
      ...(version !== undefined && { version }),
      ...(rival && { rival }),
      ...(failures && { failures }),
    };
  }

  /** If an actor lost its memory and its runner never returns, nobody else would wake the actor to end the session. */
  review(now: number): FleetEffect[] {
    this.#store.setReview(undefined);
    const rows = this.#store.sessions();
    for (const { session, runner } of rows) {
      if (this.#links.socketOf(runner, now) === undefined)
        this.#effects.push({ do: 'review', session });
    }
    this.#tellOwed();
    const records = this.#store.runners();
    for (const { runner } of records)
      if (this.#links.socketOf(runner, now) === undefined) this.#loseSpares(runner);
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
    for (const { socket } of this.#links.of(runner))
      this.#links.close(socket, CLOSE.notGranted, 'the credential was removed', now);
    for (const { session } of this.#store.sessions(runner))
      this.#giveUp(session, { fault: 'runner_lost' }, now);
    return this.#flush();
  }

  /** A principal lost its access: its sessions end, with what is open of them, and what is opened yet by who does not know it. */
  withdrawn(withdrawal: Withdrawal, now: number): FleetEffect[] {
    const { principal, by } = withdrawal;
    this.#late.remember(withdrawal, now);
    this.#endSessions(
      principal,
      (row) =>
        by === undefined ||
        (row.grant === undefined ? row.server === by.server : row.grant === by.grant),
      NO_ACCESS,
      now,
    );
    return this.#flush();
  }

  /**
   * The operator set a policy, or removed it: sessions end whose holders no rule lets in any more, with what is open of them, and what
   * is opened yet by who does not know it. One that was overtaken by a later one changes nothing.
   */
  policySet(
    version: number,
    before: OperatorPolicy | undefined,
    policy: OperatorPolicy | undefined,
    now: number,
  ): FleetEffect[] {
    if (version < this.#policyVersion) return this.#flush();
    this.#policyVersion = version;
    this.#store.putPolicy('operator', policy?.text);
    const ofSettings = this.#settingsPolicy;
    const old = new Policies(ofSettings, before);
    this.#policyChanged(old, new Policies(ofSettings, policy), now);
    return this.#flush();
  }

  /** The settings are other ones than those by which sessions were opened: the edge was deployed, or started anew. */
  #settingsChanged(now: number): void {
    this.#hasNewSettings = false;
    if (this.#hasNewPolicy) this.#settingsPolicyChanged(now);
    const letIn = this.#newLetIn;
    if (!letIn) return;
    const before = this.#store.policy('letIn');
    this.#store.putPolicy('letIn', letIn.text);
    if (before === undefined) return;
    const change = letIn.changeFrom(before);
    this.#endIf((row) => change.ends(row), NO_ACCESS, now);
    this.#noteLate(now, before);
  }

  /** What workers let open that do not know of a change yet ends later, also if this life of the fleet ends before that. */
  #noteLate(now: number, letInBefore?: string): void {
    this.#store.putPolicy('late', lateNoteAfter(this.#store.policy('late'), now, letInBefore));
    this.#takeUpLate();
  }

  #takeUpLate(): void {
    this.#hasLateNote = false;
    const note = this.#lateNote;
    if (!note) return;
    const { letIn } = this.#terms;
    const policies = new Policies(this.#settingsPolicy, this.#known('operator'));
    this.#late.rememberChange('policy', new PolicyChange(policies, policies), note.until);
    if (!letIn || note.letIn.length === 0) return;
    const changes = note.letIn.map((text) => letIn.changeFrom(text));
    const isOut = (row: SessionRow): boolean => changes.some((change) => change.endsLate(row));
    this.#late.rememberChange('letIn', { ends: isOut, endsLate: isOut }, note.until);
  }

  get #hasNewPolicy(): boolean {
    const { policy } = this.#terms;
    return policy !== 'broken' && policy?.text !== this.#store.policy('settings');
  }

  get #newLetIn(): LetIn | undefined {
    const { letIn } = this.#terms;
    return letIn?.text === this.#store.policy('letIn') ? undefined : letIn;
  }

  #settingsPolicyChanged(now: number): void {
    const { policy } = this.#terms;
    if (policy === 'broken') return;
    const before = this.#known('settings');
    this.#store.putPolicy('settings', policy?.text);
    const operator = this.#known('operator');
    this.#policyChanged(new Policies(before, operator), new Policies(policy, operator), now);
  }

  /** Of settings that are broken, the last that were not. */
  get #settingsPolicy(): OperatorPolicy | undefined {
    const { policy } = this.#terms;
    return policy === 'broken' ? this.#known('settings') : policy;
  }

  #known(of: PolicyOf): OperatorPolicy | undefined {
    const text = this.#store.policy(of);
    return text === undefined ? undefined : OperatorPolicy.kept(text);
  }

  #policyChanged(before: Policies, policy: Policies, now: number): void {
    const change = new PolicyChange(before, policy);
    this.#noteLate(now);
    this.#late.rememberChange('policy', change, knownAt(now));
    this.#endIf((row) => change.ends(row), SHUT_OUT, now);
  }

  #endIf(isOut: (row: SessionRow) => boolean, fault: Fault, now: number): void {
    const principals = new Set(this.#store.sessions().map(({ principal }) => principal));
    for (const principal of principals) this.#endSessions(principal, isOut, fault, now);
  }

  /** Sessions of modern clients stay, for they serve all apps of a person; unless it is the person who is out. */
  #endLateOpenings(now: number): void {
    for (const { principal, by } of this.#late.take(now))
      this.#endSessions(
        principal,
        ({ grant }) => by === undefined || grant === by.grant,
        NO_ACCESS,
        now,
      );
    const policy = this.#late.takeChange('policy', now);
    if (policy) this.#endIf((row) => policy.endsLate(row), SHUT_OUT, now);
    const letIn = this.#late.takeChange('letIn', now);
    if (letIn) this.#endIf((row) => letIn.endsLate(row), NO_ACCESS, now);
    this.#dropLateNote();
  }

  /** Once all of it is done. While the settings are broken, nobody knows whom they let in: then it waits for those that are not. */
  #dropLateNote(): void {
    const isOwed = this.#terms.letIn === undefined && this.#lateNote?.letIn.length !== 0;
    if (!this.#late.hasChanges && !this.#hasLateNote && !isOwed)
      this.#store.putPolicy('late', undefined);
  }

  get #lateNote() {
    return lateNoteIn(this.#store.policy('late'));
  }

  #endSessions(
    principal: PrincipalName,
    isMeant: (row: SessionRow) => boolean,
    fault: Fault,
    now: number,
  ): void {
    for (const row of this.#store.sessionsOf(principal))
      if (isMeant(row)) this.#giveUp(row.session, fault, now);
  }

  /** A runner's control link on `socket`; its credential has been checked. */
  dialled(socket: SocketId, dial: ControlDial, now: number): FleetEffect[] {
    const { runner, granted, withheld, use, from } = dial;
    const note = { runner, granted, withheld, from, use, hasHello: false, at: now };
    if (use && !this.#used.isFirst(use, now)) {
      this.#links.add(socket, note);
      this.#links.close(socket, CLOSE.notGranted, 'this signature was used before', now);
      return this.#flush();
    }
    // Dials that never say hello must not pile up: a newer one replaces the last.
    for (const { socket: other, note } of this.#links.of(runner))
      if (!note.hasHello) this.#links.close(other, CLOSE.comeBack, 'a newer dial came first', now);
    this.#links.add(socket, note);
    return this.#flush();
  }

  /** A WebSocket message of a runner; undefined for one that is not text. */
  message(socket: SocketId, text: string | undefined, now: number): FleetEffect[] {
    const frame = this.#links.receive(socket, text, now);
    const note = this.#links.noteOf(socket);
    if (frame && note) this.#frame(socket, note, frame, now);
    return this.#flush();
  }

  /** A socket is closed. */
  gone(socket: SocketId, now: number): FleetEffect[] {
    this.#links.drop(socket, now);
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
    due(this.#hasLateNote ? 0 : undefined, () => this.#takeUpLate());
    due(this.#hasNewSettings ? 0 : undefined, (now) => this.#settingsChanged(now));
    this.#links.dues(due);
    this.#room.dues(due);
    this.#tickets.dues(due);
    due(this.#oweAt, () => this.#tellOwed(), OWED_AGAIN_MS);
    due(this.#late.dueAt, (now) => this.#endLateOpenings(now));
    this.#figures.dues(due, () => this.#effects.push({ do: 'keepFigures' }));
  };

  #frame(socket: SocketId, note: ControlNote, frame: ControlUp, now: number): void {
    const { runner, hasHello } = note;
    if (frame.type === 'hello') return this.#hello(socket, note, frame, now);
    if (!hasHello) return this.#links.close(socket, CLOSE.protocol, 'hello comes first', now);
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
        return this.#links.say(socket, { type: 'close', session: frame.session });
      case 'failed':
        // Of a server that it may not offer, it has nothing to say.
        this.#failures.took(runner, frame, this.#recordOf(runner)?.servers ?? [], now);
        return;
      case 'running':
        this.#running.took(runner, frame, this.#recordOf(runner)?.servers ?? [], now);
        return;
      case 'held': {
        const record = this.#recordOf(runner);
        if (record) this.#store.putRunner({ ...record, held: heldAfter(record.held, frame) });
        return;
      }
      case 'yielded':
        return this.#yielded(runner, this.#room.answered(socket), frame.session, now);
      case 'refused': {
        const { fault, message, phase, session } = frame;
        if (this.#isOn(session, runner)) this.#giveUp(session, { fault, message, phase }, now);
        return;
      }
    }
  }

  #hello(socket: SocketId, note: ControlNote, hello: HelloFrame, now: number): void {
    const { runner, granted, withheld, hasHello, from } = note;
    if (hello.runner !== runner)
      return this.#links.close(
        socket,
        CLOSE.notGranted,
        'the credential is for another runner',
        now,
      );
    const { boot } = hello;
    const rival = this.#links.socketOf(runner, now);
    if (rival !== undefined && rival !== socket && boot !== this.#recordOf(runner)?.boot) {
      const message = hello.standby ? 'a displaced runner waits' : 'a runner was displaced';
      const other = this.#links.noteOf(rival)?.from;
      const line = displacementLine({ message, runner, boot, from, other });
      this.#effects.push({ do: 'log', line });
      this.#rivals.set(runner, { from: hello.standby ? from : other, at: now });
      if (hello.standby)
        return this.#links.close(
          socket,
          CLOSE.replaced,
          'another runner with this name is linked',
          now,
        );
    }
    if (boot !== this.#recordOf(runner)?.boot) this.#failures.forget(runner);
    const servers = grantedServers(hello.servers, granted, withheld);
    const capacity = Math.min(hello.capacity, MAX_SESSIONS);
    // A new socket is told anew.
    const held = hasHello ? this.#recordOf(runner)?.held : undefined;
    this.#store.putRunner({
      runner,
      boot,
      servers,
      capacity,
      isDraining: false,
      ...(held && { held }),
    });
    this.#links.greeted(socket, hello.version);
    this.#awaySince.delete(runner);
    this.#links.say(socket, { type: 'welcome', servers, version: VERSION });
    // A later hello on the same socket may cross an `open` on its way, so only the first is compared with the books.
    if (!hasHello) {
      this.#running.forget(runner);
      this.#effects.push({ do: 'log', line: runnerPresenceLine('runner connected', runner, from) });
      this.#reconcile(socket, note, hello, now);
    } else
      this.#withdraw(
        socket,
        this.#spares.on(runner).filter(({ server }) => !servers.includes(server)),
      );
    for (const { socket: other } of this.#links.of(runner))
      if (other !== socket)
        this.#links.close(other, CLOSE.replaced, 'another runner with this name connected', now);
  }

  /**
   * Sessions that the runner no longer holds are lost, and those of servers that its credential opens no more end; those it holds but
   * the books do not know are closed (LP11).
   */
  #reconcile(socket: SocketId, note: ControlNote, hello: HelloFrame, now: number): void {
    const { runner, granted } = note;
    const held = new Set(hello.sessions);
    const placed = this.#store.sessions(runner);
    for (const { session, boot, server } of placed) {
      if (boot !== hello.boot || !held.has(session))
        this.#giveUp(session, { fault: 'runner_lost' }, now);
      else if (granted !== '*' && !granted.includes(server))
        this.#giveUp(session, { fault: 'runner_lost', message: TAKEN_AWAY }, now);
    }
    const known = new Set(placed.map(({ session }) => session));
    const unknown = [...held].filter((session) => !known.has(session)).slice(0, MAX_SESSIONS);
    for (const session of unknown) this.#links.say(socket, { type: 'close', session });
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
    this.#tickets.sign(session, row, now, (ticket) => {
      const socket = this.#links.openSocketOf(runner);
      const isNamed = this.#store.spare(session)?.boot === boot;
      if (ticket === undefined || socket === undefined || !isNamed)
        return void this.#store.removeSpare(session);
      this.#links.say(socket, { type: 'spare', session, server, ticket });
    });
  }

  /** The runner lets go of these: they are handed out no more. */
  #withdraw(socket: SocketId, spares: readonly SpareRow[]): void {
    for (const session of this.#spares.forget(spares))
      this.#links.say(socket, { type: 'close', session });
  }

  /** The runner is not there: its spares are of no use. Their actors may not know it yet. */
  #loseSpares(runner: RunnerName): void {
    for (const session of this.#spares.forget(this.#spares.on(runner)))
      this.#effects.push({ do: 'release', session });
  }

  /** A runner ended an idle session, or has none. The ended session is given up even if the search no longer waits for this answer. */
  #yielded(
    runner: RunnerName,
    room: RoomWish | undefined,
    session: SessionName | undefined,
    now: number,
  ): void {
    const isFreed = session !== undefined && this.#isOn(session, runner);
    if (isFreed) this.#giveUp(session, { fault: 'session_not_found', message: GAVE_WAY }, now);
    if (!room) return;
    if (isFreed) this.#placing.place(room.wanted, now, room.isOwn);
    else this.#room.ask(room, now);
  }

  #giveUp(session: SessionName, fault: Fault, now: number): void {
    const row = this.#store.session(session);
    this.#store.removeSession(session);
    if (row) this.#ended(row, fault.fault, now);
    this.#store.owe({ session, fault });
    this.#reviewLater(now);
    this.#effects.push({ do: 'giveUp', session, fault });
  }

  #ended(row: SessionRow, fault: FaultCode | undefined, now: number): void {
    this.#figures.ended(fault, now);
    this.#effects.push({ do: 'ended', row, ms: now - row.openedAt, fault });
  }

  /** The actor of a session found its socket of this epoch dead; the runner is told, if it is there. */
  redial(session: SessionName, epoch: number, now: number): FleetEffect[] {
    const row = this.#store.session(session);
    const socket = row && this.#links.socketOf(row.runner, now);
    if (socket !== undefined) this.#links.say(socket, { type: 'redial', session, epoch });
    return this.#flush();
  }

  #reviewLater(now: number): void {
    if (this.#store.reviewAt() === undefined) this.#store.setReview(now + REVIEW_MS);
  }

  #isOn(session: SessionName, runner: RunnerName): boolean {
    return this.#store.session(session)?.runner === runner;
  }

  /** A control socket is gone. */
  #lost(socket: SocketId, { runner, hasHello, from }: ControlNote, now: number): void {
    if (hasHello && this.#links.openSocketOf(runner) === undefined) {
      this.#effects.push({ do: 'log', line: runnerPresenceLine('runner left', runner, from) });
      this.#loseSpares(runner);
      this.#running.forget(runner);
      this.#awaySince.set(runner, now);
    }
    this.#room.dropped(socket, now);
  }

  #flush(): FleetEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
