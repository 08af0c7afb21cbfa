// The session actor: one Durable Object a session, the rim around core/relay. It loads, steps and performs; between two
// frames it may hibernate, since all it needs stands in its sockets' attachments, and else in the fleet's row (D1, D3).
// It has storage of its own only while its runner is away: a session that was refused, or has ended, leaves none.
import { DurableObject } from 'cloudflare:workers';
import { nanoid } from 'nanoid';
import { Relay, type Link, type PostAnswer, type RelayEffect } from '../core/relay.ts';
import { DIAL_WAIT_MS } from '../../shared/link/timing.ts';
import type { Negotiated, Opened, Opening, PlacedSession, Post } from '../http/ports.ts';
import { type Fault, faultRow } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { textForm } from '../../shared/link/forms.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { readHolds, splitFrame } from '../../shared/link/parts.ts';
import { LOOK_MS, SILENCE_MS } from '../../shared/limits.ts';
import type { Env } from '../env.ts';
import { RunnerSocket } from './runner-socket.ts';
import { completeClose, contained, Inboxes, unreadBytes } from './sockets.ts';

/** What a runner's dial must say as the row does (LP7). */
const PLACE = ['session', 'runner', 'boot'] as const;

/** Characters that tell a modern actor's sessions apart: 48 bits. */
const SESSION_COUNT_LENGTH = 8;

/** Kept while the runner is away: the grace may outlast this object's memory. */
interface LostRow {
  readonly placed: PlacedSession;
  readonly since: number;
  readonly isExpired: boolean;
  readonly revision: string | undefined;
}

/** A socket is of one session: those of an earlier one may still be closing when the next is open. */
type Attachment = { readonly session: string | undefined } & (
  | {
      readonly role: 'runner';
      readonly placed: PlacedSession;
      /** What the session negotiated, once it is known. */
      readonly revision?: string | undefined;
      readonly epoch: number;
      /** When it was accepted; until its first ping, the last sign of life. */
      readonly at: number;
    }
  | { readonly role: 'follower'; readonly stream: string; readonly socket: string }
);

/** A socket whose peer reads this little is cut; relinking resends what it missed. */
const BUFFERED_LIMIT_BYTES = 64 * 1024 * 1024;

export class SessionActor extends DurableObject<Env> {
  #row: PlacedSession | undefined;
  #relay = new Relay({ state: 'ended' });
  /** Whether {@link #row} says what is; a fresh object has yet to ask. */
  #isKnown = false;
  #asking: Promise<void> | undefined;
  /** The session was found at the fleet's: what this object's earlier life knew of it is lost. */
  #isFound = false;
  #placing: Promise<unknown> | undefined;
  #opening: Promise<Opened<undefined>> | undefined;
  #forgetting: Promise<unknown> | undefined;
  readonly #sockets = new Map<string, WebSocket>();
  readonly #runner = new RunnerSocket();
  /** Frames of followers that are not whole yet. */
  readonly #inboxes = new Inboxes();
  readonly #answers = new Map<string, (answer: PostAnswer) => void>();
  #ends: (() => void)[] = [];
  #timer: { readonly at: number; readonly id: ReturnType<typeof setTimeout> } | undefined;
  #watching: ReturnType<typeof setTimeout> | undefined;
  #alarmAt: number | undefined;
  #keptLink: Link | undefined;
  /** The row and the alarm of a lost link stand in storage. */
  #hasLost = false;
  /** Something stands, or stood, in storage. */
  #hasStored = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    const sockets = this.ctx
      .getWebSockets()
      .map((socket) => ({ socket, of: attachmentOf(socket) }));
    // A fresh object has no socket, and touches no storage: that alone would leave an empty file behind.
    if (sockets.length > 0) this.#wake(sockets);
  }

  /** What was before hibernation, from the sockets that stayed open. */
  #wake(sockets: readonly { readonly socket: WebSocket; readonly of: Attachment }[]): void {
    let newest:
      | { readonly socket: WebSocket; readonly of: Attachment & { readonly role: 'runner' } }
      | undefined;
    for (const { socket, of } of sockets) {
      if (of.role !== 'runner' || of.epoch === 0 || of.session === undefined) continue;
      const age = newest === undefined ? 1 : of.placed.openedAt - newest.of.placed.openedAt;
      if (age < 0 || (age === 0 && of.epoch < (newest?.of.epoch ?? 0))) continue;
      newest = { socket, of };
    }
    if (newest) this.#runner.take(newest.socket, []);
    const isLost = newest === undefined && sockets.some(({ of }) => of.session !== undefined);
    const lost = isLost ? this.#readLost() : undefined;
    this.#row = newest?.of.placed ?? lost?.placed;
    if (!this.#row) return;
    this.#isKnown = true;
    this.#hasStored = true;
    const followers: [string, string][] = [];
    for (const { socket, of } of sockets) {
      if (of.role !== 'follower' || !this.#isCurrent(of)) continue;
      this.#sockets.set(of.socket, socket);
      followers.push([of.stream, of.socket]);
    }
    const link = newest ? { state: 'linked' as const, epoch: newest.of.epoch } : lostLink(lost);
    this.#relay = new Relay(link, followers, newest?.of.revision ?? lost?.revision);
    this.#keptLink = this.#relay.link;
  }

  /** Whoever comes to an object without memory or sockets has it ask the fleet first whether there is a session. */
  async #known(): Promise<void> {
    if (this.#isKnown) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const placed = await this.env.FLEET.getByName('fleet').placed(this.ctx.id.name ?? '');
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#row = placed;
    if (!placed) return;
    this.#isFound = true;
    const lost = this.#readLost();
    const revision = this.ctx.storage.kv.get<string>('revision');
    this.#relay = new Relay(lostLink(lost), [], lost?.revision ?? revision);
    if (lost) this.#keptLink = this.#relay.link;
  }

  /** Places the session on a runner. The runner's dial may come before this returns. */
  async open(opening: Opening): Promise<Opened<undefined>> {
    const placing = this.#place(opening);
    // A dial that comes early waits for the outcome, whatever it is.
    this.#placing = placing.catch(() => undefined);
    try {
      return await placing;
    } finally {
      this.#placing = undefined;
    }
  }

  async #place(opening: Opening): Promise<Opened<undefined>> {
    // Its name is new, so there is nothing to ask for.
    this.#isKnown = true;
    const session = this.#nameFor(opening);
    const placed = await this.env.FLEET.getByName('fleet').open({ session, ...opening });
    if (!placed.ok) return placed;
    this.#row = placed.value;
    this.#isFound = false;
    this.#relay = new Relay({ state: 'awaited', until: Date.now() + DIAL_WAIT_MS });
    this.#schedule();
    return { ok: true, value: undefined };
  }

  async openWith(opening: Opening, post: Post): Promise<PostAnswer> {
    const opened = await this.open(opening);
    return opened.ok ? this.post(post) : { kind: 'refused', fault: opened.fault };
  }

  /** A modern client opens no session: this actor opens one where there is none, and the next one when that has ended. */
  async serve(opening: Opening, post: Post): Promise<PostAnswer> {
    try {
      await this.#known();
    } catch {
      // The fleet actor broke away. Nothing was posted, so the worker may ask again.
      return { kind: 'refused', fault: { fault: 'session_not_found' } };
    }
    const { link } = this.#relay;
    // Its runner is away for longer than the grace; there may be another.
    if (link.state === 'lost' && link.isExpired) {
      this.#perform(this.#relay.giveUp({ fault: 'runner_lost' }));
    }
    await this.#forgetting;
    if (!this.#row) {
      this.#opening ??= this.open(opening)
        // The fleet actor broke away. Nothing was posted, so the worker may ask again.
        .catch((): Opened<undefined> => ({ ok: false, fault: { fault: 'session_not_found' } }))
        .finally(() => {
          this.#opening = undefined;
        });
      const opened = await this.#opening;
      if (!opened.ok) return { kind: 'refused', fault: opened.fault };
    }
    const session = this.#row?.session;
    const answer = await this.post(post);
    return answer.kind === 'follow' ? { ...answer, session } : answer;
  }

  /** A modern actor's sessions follow each other, and the end of one must not be taken for that of the next. */
  #nameFor({ transport }: Opening): string {
    const actor = this.ctx.id.name ?? '';
    return transport === 'modern' ? `${actor}~${nanoid(SESSION_COUNT_LENGTH)}` : actor;
  }

  async post(post: Post): Promise<PostAnswer> {
    if (!this.#isKnown) await this.#known();
    this.#dropSilentLink();
    return new Promise((resolve) => {
      this.#answers.set(post.id, resolve);
      if (post.wants === 'accepted') this.#watch();
      this.#perform(this.#relay.post(post, Date.now()));
    });
  }

  async negotiated(): Promise<Negotiated> {
    await this.#known();
    return { isOpen: this.#row !== undefined, revision: this.#relay.revision };
  }

  /** A client answered the probe of its stream. */
  alive(probe: string): void {
    this.#relay.alive(probe);
  }

  /** True when there was a session; resolves when the runner confirmed, or after a bound. */
  async end(): Promise<boolean> {
    await this.#known();
    if (!this.#row) return false;
    return new Promise((resolve) => {
      this.#ends.push(() => resolve(true));
      this.#perform(this.#relay.end(Date.now()));
    });
  }

  /** From the fleet actor: the runner is away. If its session is too, that must end, though nobody else comes here. */
  async review(): Promise<void> {
    await this.#known();
    this.#perform([]);
  }

  /** From the fleet actor: the runner refused the session, or its boot is dead. It may come before the word of where it was placed. */
  async giveUp(fault: Fault, session: string): Promise<void> {
    await this.#placing;
    await this.#known();
    if (session !== this.#row?.session) return;
    this.#perform(this.#relay.giveUp(fault));
  }

  /** WebSocket upgrades from the worker: a runner's dial, or a worker that follows a stream. */
  override async fetch(request: Request): Promise<Response> {
    await this.#placing;
    await this.#known();
    const { pathname, searchParams } = new URL(request.url);
    return pathname === '/link'
      ? this.#acceptLink(searchParams)
      : this.#acceptFollower(searchParams);
  }

  #acceptLink(dial: URLSearchParams): Response {
    const epoch = Number(dial.get('epoch'));
    const placed = this.#row;
    // The first dial of a session that was found: whoever opened it did not live to learn of it, and nobody knows its name.
    const isOrphan = this.#isFound && epoch === 1;
    if (isOrphan) this.#perform(this.#relay.giveUp({ fault: 'session_not_found' }));
    if (!placed || isOrphan || PLACE.some((key) => placed[key] !== dial.get(key))) {
      const session = dial.get('session') ?? '';
      // One that this object was about to keep when it was reset would count as open for good.
      if (session !== this.#row?.session) {
        this.ctx.waitUntil(this.env.FLEET.getByName('fleet').closed(session));
      }
      return refusal({ fault: 'session_not_found' });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const of = { session: placed.session, role: 'runner' as const, placed };
    const headers = { 'Sec-WebSocket-Protocol': dial.get('subprotocol') ?? '' };
    if (epoch <= this.#relay.epoch) {
      // Its end comes to this object as any other's: it must be told apart, and never taken for the link (0 is no epoch).
      server.serializeAttachment({ ...of, epoch: 0, at: 0 } satisfies Attachment);
      server.close(CLOSE.replaced, 'an epoch of this session is newer');
      return new Response(null, { status: 101, webSocket: client, headers });
    }
    const at = Date.now();
    const { revision } = this.#relay;
    server.serializeAttachment({ ...of, epoch, at, revision } satisfies Attachment);
    this.#isFound = false;
    const older = this.#runner.socket;
    const holds = this.#runner.take(server, readHolds(dial.get('holds') ?? ''));
    older?.close(CLOSE.replaced, 'the runner dialled again');
    this.#perform(this.#relay.linked(epoch, holds));
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  #acceptFollower(wish: URLSearchParams): Response {
    const stream = wish.get('stream') ?? '';
    this.#dropSilentLink();
    if (!this.#isPlaceOf(wish)) return refusal({ fault: 'session_not_found' });
    const { fault, effects } = this.#relay.mayFollow(
      stream,
      wish.get('resumes') === 'true',
      Date.now(),
      nanoid(),
    );
    this.#perform(effects);
    if (fault) return refusal(fault);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const socket = crypto.randomUUID();
    const { session } = this.#row ?? {};
    server.serializeAttachment({ session, role: 'follower', stream, socket } satisfies Attachment);
    this.#sockets.set(socket, server);
    this.#perform(this.#relay.follow(stream, socket));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** In another session than it was sent in, a post could be carried out again. */
  #isPlaceOf(wish: URLSearchParams): boolean {
    const session = wish.get('session');
    if (session !== null) return session === this.#row?.session;
    const openedBefore = wish.get('openedBefore');
    return openedBefore === null || (this.#row?.openedAt ?? Infinity) < Number(openedBefore);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    contained(socket, () => this.#message(socket, data));
  }

  #message(socket: WebSocket, data: string | ArrayBuffer): void {
    const attachment = attachmentOf(socket);
    if (typeof data !== 'string') return socket.close(CLOSE.protocol, 'frames are text');
    const isFollower = attachment.role === 'follower';
    if (!isFollower && socket !== this.#runner.socket) return;
    const received = isFollower ? this.#inboxes.push(socket, data) : this.#runner.receive(data);
    if (received.state === 'partial') return;
    if (received.state === 'too_large') return socket.close(CLOSE.tooLarge, 'frame too large');
    if (received.state === 'broken') return socket.close(CLOSE.protocol, OUTSIDE_PROTOCOL);
    if (!this.#isCurrent(attachment)) return;
    if (isFollower) {
      this.#dropSilentLink();
      this.#perform(this.#relay.fromWorker(received.frame));
      return;
    }
    const { revision: before } = this.#relay;
    this.#perform(this.#relay.fromRunner(received.frame, Date.now()));
    if (this.#relay.revision !== before) this.#keepRevision();
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    completeClose(socket, code);
    this.#gone(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#gone(socket);
  }

  override alarm(): void {
    this.#alarmAt = undefined;
    if (!this.#isKnown) this.#recall();
    this.#perform(this.#relay.tick(Date.now(), this.#runner.isUnderWay));
  }

  /** An alarm is only set for a session whose runner is away, and its row stands beside it. */
  #recall(): void {
    const lost = this.#readLost();
    this.#row = lost?.placed;
    this.#isKnown = true;
    if (!lost) return;
    this.#relay = new Relay(lostLink(lost), [], lost?.revision);
    this.#keptLink = this.#relay.link;
  }

  #readLost(): LostRow | undefined {
    const lost = this.ctx.storage.kv.get<LostRow>('lost');
    this.#hasLost = lost !== undefined;
    this.#hasStored = true;
    return lost;
  }

  #isCurrent({ session }: Attachment): boolean {
    return session !== undefined && session === this.#row?.session;
  }

  #gone(socket: WebSocket): void {
    const attachment = attachmentOf(socket);
    if (attachment.role === 'follower') {
      this.#sockets.delete(attachment.socket);
      this.#perform(this.#relay.unfollow(attachment.stream, attachment.socket));
    } else if (socket === this.#runner.socket) {
      this.#runner.release();
      this.#perform(this.#relay.unlinked(Date.now()));
    }
  }

  /**
   * While workers wait for a post to be accepted, or a post for a slow line, the link's silence is looked at. Who follows a
   * stream asks by itself. What waits is in memory only, and this keeps the actor from hibernating.
   */
  #watch(): void {
    this.#watching ??= setTimeout(() => {
      this.#watching = undefined;
      this.#dropSilentLink();
      if (this.#isWatched) this.#watch();
    }, LOOK_MS);
  }

  get #isWatched(): boolean {
    return this.#answers.size > 0 || this.#runner.isWaiting;
  }

  /** A timer would keep the actor from hibernating. */
  #unwatch(): void {
    if (this.#watching) clearTimeout(this.#watching);
    this.#watching = undefined;
  }

  /** A half-open socket never closes by itself: whoever needs the link looks at its last ping first. */
  #dropSilentLink(): void {
    const { socket, heardAt } = this.#runner;
    if (!socket) return;
    const attachment = socket.deserializeAttachment() as Attachment & { role: 'runner' };
    const pingAt = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? attachment.at;
    // From a time to come is a sign of before the clock was set back.
    if (Math.abs(Date.now() - Math.max(pingAt, heardAt)) < SILENCE_MS) return;
    socket.close(CLOSE.heartbeat, 'no ping');
    this.#gone(socket);
  }

  #perform(effects: readonly RelayEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    this.#keepLost();
    this.#schedule();
  }

  #performOne(effect: RelayEffect): void {
    switch (effect.do) {
      case 'link':
        this.#runner.send(effect.text, effect.isBehind === true);
        if (this.#runner.isWaiting) this.#watch();
        return;
      case 'omit':
        return this.#runner.omit(effect.post);
      case 'tell':
        return send(this.#sockets.get(effect.socket), effect.text);
      case 'closeLink':
        this.#runner.socket?.close(effect.code, effect.reason);
        this.#runner.release();
        return;
      case 'close':
        return this.#sockets.get(effect.socket)?.close(effect.code, effect.reason);
      case 'answer':
        this.#answers.get(effect.id)?.(effect.answer);
        this.#answers.delete(effect.id);
        if (!this.#isWatched) this.#unwatch();
        return;
      case 'forget':
        return this.#forget();
    }
  }

  #forget(): void {
    const session = this.#row?.session ?? '';
    this.#row = undefined;
    // What it still says is of a session that is over.
    this.#runner.release();
    for (const socket of this.ctx.getWebSockets()) {
      const of = attachmentOf(socket);
      if (of.session === session) socket.serializeAttachment({ ...of, session: undefined });
    }
    for (const resolve of this.#ends.splice(0)) resolve();
    this.#forgetting = Promise.all([
      this.#dropStored(),
      this.env.FLEET.getByName('fleet').closed(session),
    ]).catch(() => undefined);
    this.ctx.waitUntil(this.#forgetting);
  }

  /** Told once, it must outlast this object's memory and its sockets. The answer to `initialize` does not wait for it. */
  #keepRevision(): void {
    const { socket } = this.#runner;
    const of = socket && attachmentOf(socket);
    if (of?.role !== 'runner') return;
    const { revision } = this.#relay;
    socket?.serializeAttachment({ ...of, revision } satisfies Attachment);
    this.#hasStored = true;
    this.ctx.waitUntil(this.ctx.storage.put('revision', revision, { allowUnconfirmed: true }));
  }

  /** A lost link must be remembered, and one that is back forgotten. */
  #keepLost(): void {
    const { link } = this.#relay;
    const before = this.#keptLink;
    if (link === before) return;
    this.#keptLink = link;
    if (link.state === 'lost' && this.#row) {
      const { since, isExpired } = link;
      this.#hasLost = true;
      this.#hasStored = true;
      const { revision } = this.#relay;
      const lost: LostRow = { placed: this.#row, since, isExpired, revision };
      this.ctx.storage.kv.put('lost', lost);
    } else if (before?.state === 'lost') {
      this.ctx.waitUntil(this.#dropLost());
    }
  }

  /** The link is back. */
  async #dropLost(): Promise<void> {
    const hadLost = this.#hasLost;
    this.#hasLost = false;
    this.#alarmAt = undefined;
    if (!hadLost) return;
    this.ctx.storage.kv.delete('lost');
    await this.ctx.storage.deleteAlarm();
  }

  /** The session is over. Storage that was never used is not touched. */
  async #dropStored(): Promise<void> {
    const hadStored = this.#hasStored;
    this.#hasStored = false;
    this.#hasLost = false;
    this.#alarmAt = undefined;
    if (hadStored) await this.ctx.storage.deleteAll();
  }

  #schedule(): void {
    const { soon, durable } = this.#wakeAt;
    // A timer that fires early looks again; only an earlier need replaces it.
    if (soon !== undefined && (!this.#timer || soon < this.#timer.at)) {
      if (this.#timer) clearTimeout(this.#timer.id);
      this.#timer = {
        at: soon,
        id: setTimeout(() => this.#fire(), Math.max(0, soon - Date.now())),
      };
    }
    if (durable !== undefined && durable !== this.#alarmAt) {
      this.#alarmFor(durable);
    }
  }

  /** A session whose runner has yet to dial is waited for awake, without a trace on disk. */
  get #wakeAt(): Relay['wakeAt'] {
    const { soon, durable } = this.#relay.wakeAt;
    if (this.#relay.link.state !== 'awaited') return { soon, durable };
    return { soon: Math.min(soon ?? Infinity, durable ?? Infinity), durable: undefined };
  }

  #alarmFor(at: number): void {
    this.#alarmAt = at;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(at));
  }

  #fire(): void {
    this.#timer = undefined;
    this.#perform(this.#relay.tick(Date.now(), this.#runner.isUnderWay));
  }
}

const attachmentOf = (socket: WebSocket): Attachment =>
  socket.deserializeAttachment() as Attachment;

/** The link of a session whose runner is away; where nothing is remembered, since now. */
const lostLink = (lost: LostRow | undefined): Link =>
  lost
    ? { state: 'lost', since: lost.since, isExpired: lost.isExpired }
    : { state: 'lost', since: Date.now(), isExpired: false };

function send(socket: WebSocket | undefined, text: string): void {
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  for (const part of splitFrame(textForm, text)) socket.send(part);
  if (unreadBytes(socket) > BUFFERED_LIMIT_BYTES)
    socket.close(CLOSE.comeBack, 'too much is unread');
}

/** A refused upgrade; the worker reads the fault from the body. */
const refusal = (fault: Fault): Response =>
  Response.json(fault, { status: faultRow(fault.fault).status });
