// The life of a session at the edge, under its actor's name: placed, opened, linked, lost, given up, forgotten; for a modern client,
// one session after the other. This decides which dials and followers are admitted; core/relay passes
// the frames.
// The actor may sleep between two frames: all it needs is in its sockets' notes or in the fleet's books (D1, D3). It uses storage
// of its own only while its runner is away; a session that was refused or has ended leaves none.
// A spare is a session without a client: it is here as long as its link is, and becomes a session when it is taken (LP27).
// Pure: inputs in, effects out; the host owns the store and the sockets. Implements LP7, LP8, LP27, R-2, R-7.
// Its sockets are core/session-sockets', whether its link lives is core/link-watch's, and what the store holds core/kept-session's.
// One file above 300 lines: each input waits for the same two words of the fleet, where the session is and that it is over.
import { FleetWords, type OpenedHere } from './fleet-words.ts';
import { KeptSession } from './kept-session.ts';
import type { Link } from './link-state.ts';
import { LinkWatch } from './link-watch.ts';
import type {
  FollowWish,
  LinkDial,
  LostSession,
  Opened,
  Opening,
  PlacedSession,
  Post,
  PostAnswer,
  PostPlace,
} from './ports.ts';
import { Relay } from './relay.ts';
import type { RelayEffect } from './relay-effects.ts';
import { RunnerLine } from './runner-line.ts';
import type {
  EdgeSessionEffect,
  EdgeSessionHost,
  SessionNote,
  SessionReply,
} from './session-effects.ts';
import { ID_LENGTH, SessionSockets, type LinkNote } from './session-sockets.ts';
import { wholeText, type Text } from '../../shared/bytes.ts';
import { actDue, earlier, nextDue, type Dues } from '../../shared/dues.ts';
import type { Fault } from '../../shared/fault.ts';
import type { CarriedUp } from '../../shared/link/carried.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { encodeText } from '../../shared/link/codec.ts';
import { readHolds } from '../../shared/link/parts.ts';
import { DIAL_WAIT_MS } from '../../shared/link/timing.ts';
import type { PrincipalName, SessionName, SocketId, StreamId } from '../../shared/ids.ts';

const encoder = new TextEncoder();

/** The fields of a runner's dial that must match the placement (LP7). */
const PLACE = ['session', 'runner', 'boot'] as const;

/** Characters that distinguish the sessions of a modern actor: 48 bits. */
const SESSION_COUNT_LENGTH = 8;

/** How long a session whose start failed remembers why, for the client's first request, which may still be on its way. */
const AFTERWORD_MS = 10_000;

/** `session`: added to the answer, for actors that have several in turn. */
interface Poster {
  readonly ask: string;
  readonly session: SessionName | undefined;
}

export class EdgeSession {
  readonly #host: EdgeSessionHost;
  #now = 0;
  #placed: PlacedSession | undefined;
  /** Who took the spare that its session was, if it was one and that is remembered. */
  #owner: PrincipalName | undefined;
  #relay = new Relay({ state: 'ended' });
  readonly #words = new FleetWords((effect) => void this.#effects.push(effect));
  /** The session was found in the fleet's books: the actor's own memory of it is lost. */
  #isFound = false;
  /** The runner's socket of a session that has just ended. */
  #leaving: SocketId | undefined;
  readonly #line = new RunnerLine();
  readonly #sockets: SessionSockets;
  readonly #watch: LinkWatch;
  readonly #kept: KeptSession;
  /** Who waits for the outcome of each post, by its id. */
  readonly #posts = new Map<string, Poster>();
  #ends: string[] = [];
  /** Until when the actor stays awake to tell why the start of its session failed. */
  #tellsUntil: number | undefined;
  #effects: EdgeSessionEffect[] = [];

  /** After a sleep, the sockets that stayed open hold the earlier state. If there are none, storage is not touched. */
  constructor(host: EdgeSessionHost, now: number) {
    this.#host = host;
    this.#now = now;
    this.#kept = new KeptSession(host.store);
    this.#sockets = new SessionSockets(host, (effect) => void this.#effects.push(effect));
    this.#watch = new LinkWatch({
      line: this.#line,
      sockets: this.#sockets,
      pingAt: (socket) => host.sockets.pingAt(socket),
      down: (messages) => this.#down(messages),
      dropped: (socket, note) => this.#dropped(socket, note),
    });
    if (!this.#sockets.isEmpty) this.#wake();
  }

  #wake(): void {
    const newest = this.#sockets.newestLink();
    const isLost = newest === undefined && this.#sockets.hasSession;
    const lost = isLost ? this.#kept.lost() : undefined;
    this.#placed = newest?.note.placed ?? lost?.placed;
    if (!this.#placed) return;
    this.#words.know();
    this.#owner = newest?.note.owner;
    if (newest) this.#line.take(newest.id, []);
    const followers = this.#sockets.followersOf(this.#placed.session);
    const link = newest
      ? { state: 'linked' as const, epoch: newest.note.epoch }
      : lostLink(lost, this.#now);
    this.#relay = new Relay(link, followers, newest?.note.revision ?? lost?.revision);
    this.#kept.has(this.#relay.link);
  }

  /** The state of the runner's link. */
  get link(): Link {
    return this.#relay.link;
  }

  /** When {@link tick} is due; the actor must stay awake until then. Times that must wake it are in its store. */
  get wakeAt(): number | undefined {
    const { link, soonAt } = this.#relay;
    // The runner's first dial is awaited awake, without a trace on disk.
    const dialBy = link.state === 'awaited' ? this.#relay.durableAt : undefined;
    return earlier(earlier(soonAt, dialBy), nextDue(this.#dues));
  }

  readonly #dues: Dues = (due) => {
    this.#watch.dues(due);
    this.#words.dues(due);
    due(this.#tellsUntil, this.#fallSilent, AFTERWORD_MS);
  };

  readonly #fallSilent = (): void => {
    this.#tellsUntil = undefined;
  };

  // From workers.

  /** Places the session on a runner. Replies {@link Opened}. */
  open(ask: string, opening: Opening, now: number): EdgeSessionEffect[] {
    return this.#step(now, () =>
      this.#inSession(opening, (outcome) =>
        outcome ? this.#reply(ask, outcome) : this.#fail(ask),
      ),
    );
  }

  /** Opens the session and posts its first message. Replies {@link PostAnswer}. */
  openWith(ask: string, opening: Opening, post: Post, now: number): EdgeSessionEffect[] {
    return this.#step(now, () =>
      this.#inSession(opening, (outcome) => {
        if (!outcome) this.#fail(ask);
        else if (!outcome.ok) this.#reply(ask, { kind: 'refused', fault: outcome.fault });
        else this.#post(ask, post);
      }),
    );
  }

  /**
   * A modern client opens no session: this opens one if there is none, and a new one after that has ended. Replies
   * {@link PostAnswer}. If the fleet breaks away nothing was posted, so the worker may ask again.
   */
  serve(ask: string, opening: Opening, post: Post, now: number): EdgeSessionEffect[] {
    const again = (): void =>
      this.#reply(ask, { kind: 'refused', fault: { fault: 'session_not_found' } });
    const run = (): void => {
      // The runner has been away longer than the grace; another may be linked.
      const { link } = this.#relay;
      if (link.state === 'lost' && link.isExpired)
        this.#perform(this.#relay.giveUp({ fault: 'runner_lost' }));
      this.#words.whenForgotten(() => {
        if (this.#placed && !opening.isSpare) return this.#post(ask, post, this.#placed.session);
        this.#inSession(opening, (outcome) => {
          if (!outcome) again();
          else if (!outcome.ok) this.#reply(ask, { kind: 'refused', fault: outcome.fault });
          else this.#post(ask, post, this.#placed?.session);
        });
      });
    };
    return this.#step(now, () => this.#words.whenKnown({ run, fail: again }));
  }

  /** Replies {@link PostAnswer}. */
  post(ask: string, post: Post, now: number): EdgeSessionEffect[] {
    this.#now = now;
    // Nearly all come here. Functions for what may have to wait are made only where it does.
    if (this.#words.isKnown) this.#post(ask, post);
    else this.#words.whenKnown({ run: () => this.#post(ask, post), fail: () => this.#fail(ask) });
    return this.#taken(now);
  }

  /** Replies {@link Negotiated}. */
  negotiated(ask: string, now: number): EdgeSessionEffect[] {
    const run = (): void =>
      this.#reply(ask, { isOpen: this.#placed !== undefined, revision: this.#relay.revision });
    return this.#step(now, () => this.#words.whenKnown({ run, fail: () => this.#fail(ask) }));
  }

  /** A client has read the large answer of this stream, or has left. */
  delivered(stream: StreamId, now: number): EdgeSessionEffect[] {
    return this.#step(now, () => this.#relay.delivered(stream, now));
  }

  /** A client answered the probe of its stream. */
  alive(probe: string): void {
    this.#relay.alive(probe);
  }

  /** The client ends the session. Replies whether there was one, once the runner confirmed or after a bound. */
  end(ask: string, now: number): EdgeSessionEffect[] {
    const run = (): void => {
      if (!this.#placed) return this.#reply(ask, false);
      this.#ends.push(ask);
      this.#perform(this.#relay.end(this.#now));
    };
    return this.#step(now, () => this.#words.whenKnown({ run, fail: () => this.#fail(ask) }));
  }

  /** A worker asks to follow a stream: answered by `accept` or `refuse`. */
  follow(ask: string, wish: FollowWish, now: number): EdgeSessionEffect[] {
    return this.#step(now, () => this.#whenPlaced(ask, () => this.#follow(ask, wish)));
  }

  /** A spare has its client, or a new session is placed. */
  #inSession(opening: Opening, tell: (outcome: OpenedHere) => void): void {
    if (!opening.isSpare) return this.#open(opening, tell);
    // It may have broken without a word while nobody used it.
    this.#watch.use(this.#now);
    const run = (): void => tell(this.#take(opening));
    this.#words.whenKnown({ run, fail: () => tell(undefined) });
  }

  /**
   * The fleet handed out the spare of this actor, which is another's from now on if it is one: the first to come takes it, and only
   * the modern clients of one principal share it.
   */
  #take(opening: Opening): Opened<undefined> {
    const placed = this.#placed;
    const { server, principal, clientKind, person } = opening;
    const isFree = placed !== undefined && (placed.isSpare === true || this.#isFound);
    const isShared = clientKind === 'modern' && this.#owner === principal;
    if (!placed || (!isFree && !isShared))
      return { ok: false, fault: { fault: 'session_not_found' } };
    if (!isFree) return { ok: true, value: undefined };
    const { session, runner, boot, openedAt } = placed;
    this.#placed = { session, runner, boot, openedAt };
    this.#owner = principal;
    this.#isFound = false;
    const { socket } = this.#line;
    const note = this.#watch.linkNote;
    if (socket !== undefined && note)
      this.#sockets.note(socket, { ...note, placed: this.#placed, owner: principal });
    this.#perform(this.#relay.take({ type: 'take', server, principal, clientKind, person }));
    return { ok: true, value: undefined };
  }

  // From the fleet.

  /** The runner of a spare is gone. Nothing happens if it has been taken, or is gone itself. */
  release(session: SessionName, now: number): EdgeSessionEffect[] {
    return this.#step(now, () => {
      if (this.#placed?.isSpare !== true || this.#placed.session !== session) return;
      const { socket } = this.#line;
      if (socket !== undefined) this.#sockets.close(socket, CLOSE.done, 'its runner is gone');
      this.#forgetSpare();
    });
  }

  /** The answer to `find`; 'broken' if the fleet broke away. */
  found(placed: PlacedSession | undefined | 'broken', now: number): EdgeSessionEffect[] {
    return this.#step(now, () => {
      const isTold = placed !== undefined && placed !== 'broken';
      this.#words.found(placed !== 'broken', () => {
        if (isTold) this.#recover(placed);
      });
    });
  }

  #recover(placed: PlacedSession): void {
    this.#placed = placed;
    this.#isFound = true;
    const lost = this.#kept.lost();
    this.#relay = new Relay(lostLink(lost, this.#now), [], lost?.revision);
    if (lost) this.#kept.has(this.#relay.link);
  }

  /** The answer to `place`; undefined if the fleet broke away. */
  placed(outcome: Opened<PlacedSession> | undefined, now: number): EdgeSessionEffect[] {
    return this.#step(now, () => {
      if (outcome?.ok === true) {
        this.#placed = outcome.value;
        this.#isFound = false;
        this.#relay = new Relay({ state: 'awaited', until: this.#now + DIAL_WAIT_MS });
      }
      const told: OpenedHere = outcome?.ok === true ? { ok: true, value: undefined } : outcome;
      this.#words.placed(told);
    });
  }

  /**
   * The outcome of `closed`. Only now is the runner told that the session is over. If this actor or the fleet dies earlier, the
   * runner dials again and the fleet is told again; otherwise nobody would be left to take the session off the books.
   */
  forgotten(session: SessionName, isTold: boolean, now: number): EdgeSessionEffect[] {
    return this.#step(now, () => {
      this.#words.forgotten(session, (socket) => {
        if (isTold) this.#sockets.close(socket, CLOSE.done, 'session ended');
        else this.#sockets.close(socket, CLOSE.comeBack, 'the fleet is away');
      });
    });
  }

  /** The runner is away, and perhaps nobody else comes here to end the session. Replies once the state is known. */
  review(ask: string, now: number): EdgeSessionEffect[] {
    const run = (): void => this.#reply(ask, undefined);
    return this.#step(now, () => this.#words.whenKnown({ run, fail: () => this.#fail(ask) }));
  }

  /** The runner refused the session, or its boot is dead. This may come before the answer to `place`. Replies when done. */
  giveUp(ask: string, fault: Fault, session: SessionName, now: number): EdgeSessionEffect[] {
    const run = (): void => {
      // The fleet has removed it from its books already: only the disk still knows it.
      if (!this.#words.isKnown) this.#recall();
      if (session === this.#placed?.session) this.#perform(this.#relay.giveUp(fault));
      else if (!this.#placed) this.#kept.clearOld();
      this.#reply(ask, undefined);
    };
    return this.#step(now, () => this.#words.whenPlaced(run));
  }

  // From the runner and from sockets.

  /** A runner dials: answered by `accept` or `refuse`. `carries`: it is in this program, so frames are handed over as they are. */
  dial(ask: string, dial: LinkDial, now: number, carries = false): EdgeSessionEffect[] {
    return this.#step(now, () => this.#whenPlaced(ask, () => this.#dial(ask, dial, carries)));
  }

  /** A WebSocket message; undefined for one that is not text. */
  message(socket: SocketId, text: string | undefined, now: number): EdgeSessionEffect[] {
    return this.#step(now, () => this.#message(socket, text));
  }

  /** A frame of a runner in this program. */
  carried(socket: SocketId, carried: CarriedUp, now: number): EdgeSessionEffect[] {
    this.#now = now;
    const note = this.#sockets.noteOf(socket);
    if (note && socket === this.#line.socket) {
      this.#watch.heard();
      this.#line.heard(now);
      const { revision } = this.#relay;
      if (this.#isCurrent(note)) this.#fromRelay(this.#relay.carried(carried, now), revision);
    }
    return this.#taken(now);
  }

  /** A socket is closed. */
  gone(socket: SocketId, now: number): EdgeSessionEffect[] {
    return this.#step(now, () => this.#gone(socket));
  }

  /** The store woke the actor. */
  woken(now: number): EdgeSessionEffect[] {
    this.#now = now;
    this.#kept.woken();
    if (!this.#words.isKnown) this.#recall();
    else if (!this.#placed) this.#kept.clearOld();
    return this.tick(now);
  }

  /** Does what is due by now. */
  tick(now: number): EdgeSessionEffect[] {
    return this.#step(now, () => {
      actDue(this.#dues, now);
      this.#perform(this.#relay.tick(now, this.#line.isUnderWay));
    });
  }

  /** The store wakes the actor only for a session whose runner is away, and holds what must be known of it. */
  #recall(): void {
    const lost = this.#kept.lost();
    if (!lost) return;
    this.#words.know();
    this.#placed = lost.placed;
    this.#relay = new Relay(lostLink(lost, this.#now), [], lost.revision);
    this.#kept.has(this.#relay.link);
  }

  /** A dial that comes early waits for the outcome of the placement. */
  #whenPlaced(ask: string, run: () => void): void {
    const fail = (): void => this.#fail(ask);
    this.#words.whenPlaced(() => this.#words.whenKnown({ run, fail }));
  }

  #open(opening: Opening, tell: (outcome: OpenedHere) => void): void {
    this.#words.place(tell, () => ({ session: this.#nameFor(opening), ...opening }));
  }

  /** A modern actor has one session after the other, and the end of one must not be taken for the end of the next. */
  #nameFor({ clientKind }: Opening): string {
    const { name } = this.#host;
    return clientKind === 'modern' ? `${name}~${this.#host.mint(SESSION_COUNT_LENGTH)}` : name;
  }

  /** `session`: see {@link Poster}. */
  #post(ask: string, post: Post, session?: SessionName): void {
    this.#watch.use(this.#now);
    this.#posts.set(post.id, { ask, session });
    this.#perform(this.#relay.post(post, this.#now));
  }

  #follow(ask: string, { stream, resumes, place }: FollowWish): void {
    this.#watch.use(this.#now);
    if (place && !this.#isIn(place)) return this.#refuse(ask, { fault: 'session_not_found' });
    const probe = this.#host.mint(ID_LENGTH);
    const { fault, effects } = this.#relay.mayFollow(stream, resumes, this.#now, probe);
    this.#perform(effects);
    if (fault) return this.#refuse(ask, fault);
    const session = this.#placed?.session;
    const socket = this.#sockets.accept(ask, { session, role: 'follower', stream });
    this.#perform(this.#relay.follow(stream, socket));
  }

  /** A post repeated in a different session could be carried out twice. */
  #isIn(place: PostPlace): boolean {
    if ('session' in place) return place.session === this.#placed?.session;
    return (this.#placed?.openedAt ?? Infinity) < place.openedBefore;
  }

  #dial(ask: string, dial: LinkDial, carries: boolean): void {
    const { session, epoch, holds, subprotocol } = dial;
    const placed = this.#placed;
    // The first dial of a session found in the books: its opener died before the answer, so nobody knows its name.
    const isOrphan = this.#isFound && epoch === 1 && !placed?.isSpare;
    if (!placed || isOrphan || PLACE.some((key) => placed[key] !== dial[key])) {
      if (isOrphan) this.#perform(this.#relay.giveUp({ fault: 'session_not_found' }));
      // The actor may have been reset before it knew of the session, which would then count as open for ever.
      else if (session !== placed?.session) this.#words.over(session, this.#now);
      if (!placed) this.#kept.clearOld();
      return this.#refuse(ask, { fault: 'session_not_found' });
    }
    const owner = this.#owner;
    const note = { session: placed.session, role: 'runner' as const, placed, owner };
    if (epoch <= this.#relay.epoch) {
      // Its close event comes here too, so it needs a note; epoch 0 says that it is not the link.
      const socket = this.#sockets.accept(ask, { ...note, epoch: 0, at: 0 }, subprotocol);
      return this.#sockets.close(socket, CLOSE.replaced, 'an epoch of this session is newer');
    }
    const { revision } = this.#relay;
    const socket = this.#sockets.accept(
      ask,
      { ...note, epoch, at: this.#now, revision },
      subprotocol,
    );
    if (placed.isSpare || this.#owner !== undefined) this.#isFound = false;
    const older = this.#line.socket;
    const held = this.#line.take(socket, readHolds(holds));
    if (older !== undefined) this.#sockets.close(older, CLOSE.replaced, 'the runner dialled again');
    this.#perform(this.#relay.linked(epoch, held, carries));
  }

  #message(socket: SocketId, text: string | undefined): void {
    const note = this.#sockets.noteOf(socket);
    if (!note) return;
    if (text === undefined) return this.#sockets.close(socket, CLOSE.protocol, 'frames are text');
    const isFollower = note.role === 'follower';
    if (!isFollower && socket !== this.#line.socket) return;
    const received = isFollower ? this.#sockets.receive(socket, text) : this.#fromRunner(text);
    switch (received.state) {
      case 'partial':
        return;
      case 'too_large':
        return this.#sockets.close(socket, CLOSE.tooLarge, 'frame too large');
      case 'broken':
        return this.#sockets.close(socket, CLOSE.protocol, OUTSIDE_PROTOCOL);
      case 'whole':
        if (this.#isCurrent(note)) this.#frame(isFollower, received.frame);
    }
  }

  #fromRunner(text: string): ReturnType<RunnerLine['receive']>['received'] {
    this.#watch.heard();
    const { received, messages } = this.#line.receive(text, this.#now);
    this.#down(messages);
    return received;
  }

  #frame(isFollower: boolean, frame: Text): void {
    if (isFollower) {
      this.#watch.use(this.#now);
      return this.#perform(this.#relay.fromWorker(wholeText(frame)));
    }
    const { revision } = this.#relay;
    this.#fromRelay(this.#relay.fromRunner(frame, this.#now), revision);
  }

  /** A frame of the runner may say what was negotiated. `before`: what was known. */
  #fromRelay(effects: readonly RelayEffect[], before: string | undefined): void {
    this.#perform(effects);
    const { revision } = this.#relay;
    if (revision !== undefined && revision !== before) this.#noteRevision(revision);
  }

  #isCurrent({ session }: SessionNote): boolean {
    return session !== undefined && session === this.#placed?.session;
  }

  #gone(socket: SocketId): void {
    const note = this.#sockets.noteOf(socket);
    this.#sockets.drop(socket);
    if (note?.role === 'follower') {
      this.#perform(this.#relay.unfollow(note.stream, socket));
    } else if (socket === this.#line.socket) {
      this.#watch.heard();
      this.#line.release();
      this.#perform(this.#relay.unlinked(this.#now));
    }
  }

  /** Its runner may not know that the link is dead: a resting link pings rarely. */
  #dropped(socket: SocketId, { placed, epoch }: LinkNote): void {
    this.#gone(socket);
    this.#effects.push({ do: 'redial', session: placed.session, epoch });
  }

  /** Whether anything waits in memory only, which must keep the actor awake. Followers ask by themselves. */
  get #isWatched(): boolean {
    return this.#posts.size > 0 || this.#line.waiting > 0;
  }

  #perform(effects: readonly RelayEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
  }

  #performOne(effect: RelayEffect): void {
    switch (effect.do) {
      case 'link':
        if (this.#line.socket === undefined) return;
        return this.#down(this.#line.send(effect.text, effect.isBehind === true, this.#now));
      case 'carry':
        return this.#carry(effect);
      case 'omit':
        return this.#down(this.#line.omit(effect.post, this.#now));
      case 'tell':
        return this.#sockets.tell(effect.socket, effect.text);
      case 'closeLink': {
        const { socket } = this.#line;
        if (effect.code === CLOSE.done) this.#leaving = socket;
        else if (socket !== undefined) this.#sockets.close(socket, effect.code, effect.reason);
        return this.#line.release();
      }
      case 'close':
        return this.#sockets.close(effect.socket, effect.code, effect.reason);
      case 'answer': {
        const poster = this.#posts.get(effect.id);
        this.#posts.delete(effect.id);
        return poster && this.#answer(poster, effect.answer);
      }
      case 'forget':
        return this.#forget();
    }
  }

  /** Behind what the workers have sent, which is paced like any text. */
  #carry({ frame, message, isBehind, said }: RelayEffect & { readonly do: 'carry' }): void {
    const { socket, waiting } = this.#line;
    if (socket === undefined) return;
    if (waiting > 0)
      return this.#down(this.#line.send(encodeText(frame, message), isBehind, this.#now));
    const bytes = said?.bytes ?? (message === undefined ? undefined : encoder.encode(message));
    this.#sockets.carry(socket, { frame, message: bytes, said });
  }

  #answer({ ask, session }: Poster, answer: PostAnswer): void {
    this.#reply(ask, answer.kind === 'follow' && session ? { ...answer, session } : answer);
  }

  #forget(): void {
    const session = this.#placed?.session;
    this.#placed = undefined;
    this.#owner = undefined;
    // Anything that still comes from the socket is about a session that is over.
    this.#line.release();
    this.#sockets.leave(session);
    for (const ask of this.#ends.splice(0)) this.#reply(ask, true);
    this.#kept.clear(this.#relay.link);
    if (this.#relay.afterword) this.#tellsUntil = this.#now + AFTERWORD_MS;
    if (session !== undefined) this.#words.over(session, this.#now, this.#leaving);
    this.#leaving = undefined;
  }

  /** A spare without a link is none. Nobody has to be told: the runner has its link, and the fleet its books. */
  #forgetSpare(): void {
    this.#placed = undefined;
    this.#words.forget();
    this.#line.release();
    this.#relay = new Relay({ state: 'ended' });
    this.#kept.has(this.#relay.link);
  }

  /** It must outlive the actor's memory. If the socket is gone too, the runner reports it again with the next. */
  #noteRevision(revision: string): void {
    const { socket } = this.#line;
    const note = this.#watch.linkNote;
    if (socket === undefined || !note || this.#placed?.isSpare) return;
    this.#sockets.note(socket, { ...note, revision });
  }

  /** Handles one input and returns the effects. */
  #step(now: number, work: () => void): EdgeSessionEffect[] {
    this.#now = now;
    work();
    return this.#taken(now);
  }

  /** The end of each input: what it changed is kept, and what is to be done for it is the answer. */
  #taken(now: number): EdgeSessionEffect[] {
    if (this.#placed?.isSpare && this.#relay.link.state !== 'linked') this.#forgetSpare();
    this.#kept.keep(this.#relay, this.#placed);
    this.#watch.keep(this.#isWatched, now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #down(messages: readonly string[]): void {
    const { socket, waiting } = this.#line;
    if (socket !== undefined) this.#sockets.down(socket, messages, waiting);
  }

  #refuse(ask: string, fault: Fault): void {
    this.#effects.push({ do: 'refuse', ask, fault });
  }

  #reply(ask: string, reply: SessionReply): void {
    this.#effects.push({ do: 'reply', ask, reply });
  }

  #fail(ask: string): void {
    this.#effects.push({ do: 'fail', ask });
  }
}

/** The link of a session whose runner is away; if nothing is remembered, it is away since now. */
const lostLink = (lost: LostSession | undefined, now: number): Link =>
  lost
    ? { state: 'lost', since: lost.since, isExpired: lost.isExpired }
    : { state: 'lost', since: now, isExpired: false };
