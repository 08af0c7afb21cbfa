// The session actor: one Durable Object a session, the rim around core/relay. It loads, steps and performs; between two
// frames it may hibernate, since all it needs stands in one row and in its sockets' attachments (DESIGN D1, D3).
import { DurableObject } from 'cloudflare:workers';
import { nanoid } from 'nanoid';
import {
  Relay,
  DIAL_WAIT_MS,
  type Link,
  type PostAnswer,
  type RelayEffect,
} from '../core/relay.ts';
import type { Negotiated, Opened, Opening, Post } from '../http/ports.ts';
import type { Fault } from '../../shared/fault.ts';
import { faultRow } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { textForm } from '../../shared/link/forms.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { readHolds, splitFrame } from '../../shared/link/parts.ts';
import { LOOK_MS, SILENCE_MS } from '../../shared/limits.ts';
import type { Env } from '../env.ts';
import { RunnerSocket } from './runner-socket.ts';
import { completeClose, contained, Inboxes, unreadBytes } from './sockets.ts';

interface SessionRow extends Opening {
  /** The name that fleet and runner know it by. */
  readonly session: string;
  readonly openedAt: number;
  readonly runner: string;
  readonly boot: string;
}

/** What a runner's dial must say as the row does (LP7). */
const PLACE = ['session', 'runner', 'boot'] as const;

/** Characters that tell a modern actor's sessions apart: 48 bits. */
const SESSION_COUNT_LENGTH = 8;

interface LostRow {
  readonly since: number;
  readonly isExpired: boolean;
}

/** A socket is of one session: those of an earlier one may still be closing when the next is open. */
type Attachment = { readonly session: string | undefined } & (
  | {
      readonly role: 'runner';
      readonly epoch: number;
      /** When it was accepted; until its first ping, the last sign of life. */
      readonly at: number;
    }
  | { readonly role: 'follower'; readonly stream: string; readonly socket: string }
);

/** An actor that died with all its sockets has no one to wake it: this often it looks whether its session still lives. */
const REVIEW_MS = 12 * 3_600_000;

/** A socket whose peer reads this little is cut; relinking resends what it missed. */
const BUFFERED_LIMIT_BYTES = 64 * 1024 * 1024;

export class SessionActor extends DurableObject<Env> {
  #row: SessionRow | undefined;
  #relay: Relay;
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

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    this.#row = ctx.storage.kv.get<SessionRow>('session');
    this.#relay = this.#restore();
  }

  /** What was before hibernation, from the row and the sockets that stayed open. */
  #restore(): Relay {
    const followers: [string, string][] = [];
    let epoch = 0;
    for (const socket of this.ctx.getWebSockets()) {
      const attachment = socket.deserializeAttachment() as Attachment;
      if (!this.#isCurrent(attachment)) continue;
      if (attachment.role === 'follower') {
        this.#sockets.set(attachment.socket, socket);
        followers.push([attachment.stream, attachment.socket]);
      } else if (attachment.epoch > epoch) {
        epoch = attachment.epoch;
        this.#runner.take(socket, []);
      }
    }
    const revision = this.ctx.storage.kv.get<string>('revision');
    return new Relay(this.#restoredLink(epoch), followers, revision);
  }

  #restoredLink(epoch: number): Link {
    if (!this.#row) return { state: 'ended' };
    if (epoch > 0) return { state: 'linked', epoch };
    const lost = this.ctx.storage.kv.get<LostRow>('lost');
    return { state: 'lost', ...(lost ?? { since: Date.now(), isExpired: false }) };
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
    const session = this.#nameFor(opening);
    const placed = await this.env.FLEET.getByName('fleet').open({ session, ...opening });
    if (!placed.ok) return placed;
    const openedAt = Date.now();
    this.#row = {
      ...opening,
      session,
      openedAt,
      runner: placed.value.runner,
      boot: placed.value.boot,
    };
    this.ctx.storage.kv.put('session', this.#row);
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

  post(post: Post): Promise<PostAnswer> {
    this.#dropSilentLink();
    return new Promise((resolve) => {
      this.#answers.set(post.id, resolve);
      if (post.wants === 'accepted') this.#watch();
      this.#perform(this.#relay.post(post, Date.now()));
    });
  }

  async negotiated(): Promise<Negotiated> {
    return { isOpen: this.#row !== undefined, revision: this.#relay.revision };
  }

  /** True when there was a session; resolves when the runner confirmed, or after a bound. */
  end(): Promise<boolean> {
    if (!this.#row) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#ends.push(() => resolve(true));
      this.#perform(this.#relay.end(Date.now()));
    });
  }

  /** From the fleet actor: the runner refused the session, or its boot is dead. It may come before the word of where it was placed. */
  async giveUp(fault: Fault, session: string): Promise<void> {
    await this.#placing;
    if (session !== this.#row?.session) return;
    this.#perform(this.#relay.giveUp(fault));
  }

  /** WebSocket upgrades from the worker: a runner's dial, or a worker that follows a stream. */
  override async fetch(request: Request): Promise<Response> {
    await this.#placing;
    const { pathname, searchParams } = new URL(request.url);
    return pathname === '/link'
      ? this.#acceptLink(searchParams)
      : this.#acceptFollower(searchParams);
  }

  #acceptLink(dial: URLSearchParams): Response {
    const isPlaced = PLACE.every((key) => this.#row?.[key] === dial.get(key));
    if (!isPlaced) {
      const session = dial.get('session') ?? '';
      // One that this object was about to keep when it was reset would count as open for good.
      if (session !== this.#row?.session) {
        this.ctx.waitUntil(this.env.FLEET.getByName('fleet').closed(session));
      }
      return refusal({ fault: 'session_not_found' });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const of = { session: this.#row?.session };
    const epoch = Number(dial.get('epoch'));
    const headers = { 'Sec-WebSocket-Protocol': dial.get('subprotocol') ?? '' };
    if (epoch <= this.#relay.epoch) {
      // Its end comes to this object as any other's: it must be told apart, and never taken for the link (0 is no epoch).
      server.serializeAttachment({ ...of, role: 'runner', epoch: 0, at: 0 } satisfies Attachment);
      server.close(CLOSE.replaced, 'an epoch of this session is newer');
      return new Response(null, { status: 101, webSocket: client, headers });
    }
    const at = Date.now();
    server.serializeAttachment({ ...of, role: 'runner', epoch, at } satisfies Attachment);
    const older = this.#runner.socket;
    const holds = this.#runner.take(server, readHolds(dial.get('holds') ?? ''));
    older?.close(CLOSE.replaced, 'the runner dialled again');
    this.#perform(this.#relay.linked(epoch, holds));
    this.ctx.storage.kv.delete('lost');
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  #acceptFollower(wish: URLSearchParams): Response {
    const stream = wish.get('stream') ?? '';
    this.#dropSilentLink();
    if (!this.#isPlaceOf(wish)) return refusal({ fault: 'session_not_found' });
    const { fault, effects } = this.#relay.mayFollow(stream, wish.get('resumes') === 'true');
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
    const attachment = socket.deserializeAttachment() as Attachment;
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
    this.#perform(this.#relay.tick(Date.now()));
    if (this.#row && this.#alarmAt === undefined) this.#alarmFor(Date.now() + REVIEW_MS);
  }

  #isCurrent({ session }: Attachment): boolean {
    return session === this.#row?.session;
  }

  #gone(socket: WebSocket): void {
    const attachment = socket.deserializeAttachment() as Attachment;
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
    if (Date.now() - Math.max(pingAt, heardAt) < SILENCE_MS) return;
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
    for (const resolve of this.#ends.splice(0)) resolve();
    this.#forgetting = Promise.all([
      this.ctx.storage.deleteAll(),
      this.env.FLEET.getByName('fleet').closed(session),
    ]).catch(() => undefined);
    this.ctx.waitUntil(this.#forgetting);
  }

  /** Told once, it must outlast this object's memory. The answer to `initialize` does not wait for it. */
  #keepRevision(): void {
    const { revision } = this.#relay;
    this.ctx.waitUntil(this.ctx.storage.put('revision', revision, { allowUnconfirmed: true }));
  }

  /** A lost link must be remembered: its grace may outlast this object's memory. */
  #keepLost(): void {
    const { link } = this.#relay;
    if (link === this.#keptLink) return;
    this.#keptLink = link;
    if (link.state !== 'lost') return;
    const { since, isExpired } = link;
    this.ctx.storage.kv.put('lost', { since, isExpired } satisfies LostRow);
  }

  #schedule(): void {
    const { soon, durable } = this.#relay.wakeAt;
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

  #alarmFor(at: number): void {
    this.#alarmAt = at;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(at));
  }

  #fire(): void {
    this.#timer = undefined;
    this.#perform(this.#relay.tick(Date.now()));
  }
}

function send(socket: WebSocket | undefined, text: string): void {
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  for (const part of splitFrame(textForm, text)) socket.send(part);
  if (unreadBytes(socket) > BUFFERED_LIMIT_BYTES)
    socket.close(CLOSE.comeBack, 'too much is unread');
}

/** A refused upgrade; the worker reads the fault from the body. */
const refusal = (fault: Fault): Response =>
  Response.json(fault, { status: faultRow(fault.fault).status });
