// The fleet actor: one Durable Object that knows the runners and which session lies on which (D1). It places new
// sessions over the control links and is out of the way of their messages. Rim around core/placement.
import { DurableObject } from 'cloudflare:workers';
import {
  grantedServers,
  place,
  SESSIONS_PER_PRINCIPAL,
  type Candidate,
  type RunnerRecord,
} from '../core/placement.ts';
import { OpeningTurns } from '../core/opening-turns.ts';
import type { FleetView, Opened, Opening, PlacedSession } from '../http/ports.ts';
import { signTicket } from '../access/ticket.ts';
import { readSettings } from '../settings.ts';
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
import { actorOf } from '../../shared/ids.ts';
import { SILENCE_MS } from '../../shared/limits.ts';
import type { Env } from '../env.ts';
import { completeClose, contained, Inboxes } from './sockets.ts';

interface Attachment {
  readonly runner: string;
  readonly granted: readonly string[] | '*';
  readonly hasHello: boolean;
  /** When it was accepted: until its first ping, the last sign of life. */
  readonly at: number;
}

/** A runner says hello in the same breath as it dials. */
const HELLO_WAIT_MS = 10_000;

/** This often it is looked whether sessions of runners that are away have anyone left to end them. */
const REVIEW_MS = 30 * 60_000;

/** A runner that is there answers within milliseconds. */
const YIELD_WAIT_MS = 2_000;

type Yielded = (session: string | undefined) => void;

const ALL_BUSY = `You have ${String(SESSIONS_PER_PRINCIPAL)} open sessions, which is the limit, and none of them is idle. End some, then try again.`;

const TOO_FAST = 'You open sessions faster than this bridge starts them. Try again soon.';

const GAVE_WAY =
  'This session was idle the longest and was ended to make room for another. Send a new `initialize` without a session id.';

export class FleetActor extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  /** A hello of many sessions comes in parts (LP3). */
  readonly #inboxes = new Inboxes();
  /** Timers of sockets without a hello: one that went on would keep this object awake. */
  readonly #unheard = new WeakMap<WebSocket, ReturnType<typeof setTimeout>>();
  readonly #turns = new OpeningTurns();
  /** Who waits for a runner's `yielded`, in the order of asking. */
  readonly #yielding = new Map<string, readonly Yielded[]>();
  /** An alarm is set, for all this object knows. */
  #hasReview = false;
  #opened = 0;
  #refused = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    this.#sql = ctx.storage.sql;
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY, runner TEXT NOT NULL, boot TEXT NOT NULL,
         server TEXT NOT NULL, principal TEXT NOT NULL, opened_at INTEGER NOT NULL);
       CREATE INDEX IF NOT EXISTS sessions_by_runner ON sessions (runner);
       CREATE INDEX IF NOT EXISTS sessions_by_principal ON sessions (principal);`,
    );
    for (const socket of ctx.getWebSockets())
      if (!attachmentOf(socket).hasHello) this.#awaitHello(socket);
  }

  /** Chooses a runner for a new session and tells it. */
  async open({
    session,
    server,
    principal,
    transport,
  }: Opening & { session: string }): Promise<Opened<PlacedSession>> {
    const { secret, clientAuth } = readSettings(this.env);
    if (secret === undefined) return this.#refuse({ fault: 'not_configured' });
    // Whoever comes without a key is nobody in particular: all of them share a name, so it has no quota.
    const hasQuota = clientAuth === 'keys';
    if (hasQuota && this.#count('principal', principal) >= SESSIONS_PER_PRINCIPAL) {
      const runners = this.#runnersOf(principal);
      if (!(await this.#makeRoom(runners, principal, true)))
        return this.#refuse({ fault: 'overloaded', message: ALL_BUSY });
    }
    let placement = place(server, this.#candidates());
    if (!placement.ok && placement.fault.fault === 'overloaded') {
      const full = this.#candidates().filter((runner) => mayMakeRoom(runner, server));
      const runners = full.map(({ runner }) => runner);
      if (await this.#makeRoom(runners, principal, false))
        placement = place(server, this.#candidates());
    }
    if (!placement.ok) return this.#refuse(placement.fault);
    const { runner, boot } = placement.runner;
    const ticket = await signTicket(secret, { session, runner, boot });
    const socket = this.#socketOf(runner);
    if (!socket) return this.#refuse({ fault: 'runner_offline' });
    const openedAt = Date.now();
    this.#sql.exec(
      'INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)',
      session,
      runner,
      boot,
      server,
      principal,
      openedAt,
    );
    this.#opened += 1;
    say(socket, { type: 'open', session, server, ticket, transport, principal });
    await this.#reviewLater();
    return { ok: true, value: { session, runner, boot, openedAt } };
  }

  /** Why no runner could take a session of this server. That an idle session may give way is found out by opening. */
  admits(server: string, actor?: string): Fault | undefined {
    if (actor !== undefined && this.placed(actor)) return undefined;
    const { secret } = readSettings(this.env);
    if (secret === undefined) return this.#refuse({ fault: 'not_configured' }).fault;
    const placement = place(server, this.#candidates());
    if (placement.ok || placement.fault.fault === 'overloaded') return undefined;
    return this.#refuse(placement.fault).fault;
  }

  /** When a client's session may be opened, in turn with the others of its principal. */
  mayOpen(server: string, principal: string): Opened<{ afterMs: number }> {
    const fault = this.admits(server);
    if (fault) return { ok: false, fault };
    // As with the quota: without keys nobody is anybody.
    const { clientAuth } = readSettings(this.env);
    const afterMs = clientAuth === 'keys' ? this.#turns.take(principal, Date.now()) : 0;
    return afterMs === undefined
      ? this.#refuse({ fault: 'overloaded', message: TOO_FAST })
      : { ok: true, value: { afterMs } };
  }

  /** The session of an actor that forgot it; the newest, where it had one after the other. */
  placed(actor: string): PlacedSession | undefined {
    const [row] = this.#sql.exec<{ session: string; runner: string; boot: string; at: number }>(
      `SELECT session, runner, boot, opened_at AS at FROM sessions
         WHERE session = ?1 OR (session > ?1 || '~' AND session < ?1 || '~~') ORDER BY opened_at DESC LIMIT 1`,
      actor,
    );
    if (!row) return undefined;
    const { session, runner, boot, at } = row;
    return { session, runner, boot, openedAt: at };
  }

  /**
   * Asks runners, one after the other, to end an idle session: of the principal's own, or fairly, of whoever holds more than it.
   * False when none has one to end.
   */
  async #makeRoom(runners: readonly string[], principal: string, isOwn: boolean): Promise<boolean> {
    for (const runner of runners) {
      const socket = this.#socketOf(runner);
      const session = socket && (await this.#askToYield(runner, socket, principal, isOwn));
      if (session === undefined || !this.#isOn(session, runner)) continue;
      this.#giveUp([session], { fault: 'session_not_found', message: GAVE_WAY });
      return true;
    }
    return false;
  }

  #askToYield(
    runner: string,
    socket: WebSocket,
    principal: string,
    own: boolean,
  ): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const asked = this.#yielding.get(runner) ?? [];
    this.#yielding.set(runner, [...asked, resolve]);
    say(socket, { type: 'yield', principal, own });
    const timer = setTimeout(() => this.#yielded(runner, undefined, resolve), YIELD_WAIT_MS);
    return promise.finally(() => clearTimeout(timer));
  }

  /** A runner answers in the order in which it was asked. */
  #yielded(runner: string, session: string | undefined, late?: Yielded): void {
    const asked = this.#yielding.get(runner) ?? [];
    const resolve = late ?? asked[0];
    if (!resolve || !asked.includes(resolve)) return;
    this.#yielding.set(
      runner,
      asked.filter((waiting) => waiting !== resolve),
    );
    resolve(session);
  }

  /** Runners that hold sessions of a principal, the one with most of them first. */
  #runnersOf(principal: string): string[] {
    const query =
      'SELECT runner, count(*) AS n FROM sessions WHERE principal = ? GROUP BY runner ORDER BY n DESC';
    return [...this.#sql.exec<{ runner: string }>(query, principal)].map(({ runner }) => runner);
  }

  async #reviewLater(): Promise<void> {
    if (this.#hasReview) return;
    this.#hasReview = true;
    if ((await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(Date.now() + REVIEW_MS);
  }

  /** A session whose actor lost its memory while its runner was away for good has nobody else to wake it. */
  override async alarm(): Promise<void> {
    this.#hasReview = false;
    const rows = [
      ...this.#sql.exec<{ session: string; runner: string }>(
        'SELECT session, runner FROM sessions',
      ),
    ];
    const away = rows.filter(({ runner }) => this.#socketOf(runner) === undefined);
    for (const { session } of away)
      this.ctx.waitUntil(this.env.SESSION.getByName(actorOf(session)).review());
    if (rows.length > 0) await this.#reviewLater();
  }

  /** A session is over. */
  closed(session: string): void {
    const [row] = this.#sql.exec<{ runner: string }>(
      'DELETE FROM sessions WHERE session = ? RETURNING runner',
      session,
    );
    const socket = row && this.#socketOf(row.runner);
    if (socket) say(socket, { type: 'close', session });
  }

  view(): FleetView {
    const linked = new Map(this.#candidates().map((candidate) => [candidate.runner, candidate]));
    const runners = this.#records().map((record) => ({
      runner: record.runner,
      isLinked: linked.has(record.runner),
      isDraining: record.isDraining,
      servers: record.servers,
      capacity: record.capacity,
      sessions: this.#count('runner', record.runner),
    }));
    const sessions = runners.reduce((sum, runner) => sum + runner.sessions, 0);
    return { runners, sessions, opened: this.#opened, refused: this.#refused };
  }

  /** A runner's control link; the worker has checked its credential. */
  override fetch(request: Request): Response {
    const { searchParams } = new URL(request.url);
    const granted = searchParams.get('granted') ?? '';
    const attachment: Attachment = {
      runner: searchParams.get('runner') ?? '',
      granted: granted === '*' ? '*' : granted.split(','),
      hasHello: false,
      at: Date.now(),
    };
    // One that never says hello must not gather company: the newer dial takes its place.
    for (const socket of this.#sockets(attachment.runner))
      if (!attachmentOf(socket).hasHello) socket.close(CLOSE.comeBack, 'a newer dial came first');
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [attachment.runner]);
    server.serializeAttachment(attachment);
    this.#awaitHello(server);
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: { 'Sec-WebSocket-Protocol': searchParams.get('subprotocol') ?? '' },
    });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    contained(socket, () => this.#message(socket, data));
  }

  #message(socket: WebSocket, data: string | ArrayBuffer): void {
    if (typeof data !== 'string') return socket.close(CLOSE.protocol, 'frames are text');
    const received = this.#inboxes.push(socket, data);
    if (received.state === 'partial') return;
    if (received.state === 'too_large') return socket.close(CLOSE.tooLarge, 'frame too large');
    if (received.state === 'broken') return socket.close(CLOSE.protocol, OUTSIDE_PROTOCOL);
    const reading = decodeText(controlUp, received.frame);
    if (!reading.ok) return socket.close(CLOSE.protocol, OUTSIDE_PROTOCOL);
    this.#receive(socket, reading.frame.header);
  }

  /** A socket that stays silent is closed. */
  #awaitHello(socket: WebSocket): void {
    const timer = setTimeout(() => socket.close(CLOSE.heartbeat, 'no hello'), HELLO_WAIT_MS);
    this.#unheard.set(socket, timer);
  }

  #receive(socket: WebSocket, frame: ControlUp): void {
    const attachment = attachmentOf(socket);
    if (frame.type === 'hello') return this.#hello(socket, attachment, frame);
    if (!attachment.hasHello) return socket.close(CLOSE.protocol, 'hello comes first');
    switch (frame.type) {
      case 'drain':
        return this.#update(attachment.runner, { isDraining: true });
      case 'yielded':
        return this.#yielded(attachment.runner, frame.session);
      case 'refused': {
        const { fault, message, phase, session } = frame;
        if (this.#isOn(session, attachment.runner))
          this.#giveUp([session], { fault, message, phase });
        return;
      }
    }
  }

  #hello(socket: WebSocket, attachment: Attachment, hello: HelloFrame): void {
    const { runner, granted } = attachment;
    if (hello.runner !== runner)
      return socket.close(CLOSE.notGranted, 'the credential is for another runner');
    clearTimeout(this.#unheard.get(socket) ?? null);
    for (const other of this.#sockets(runner)) {
      if (other !== socket) other.close(CLOSE.replaced, 'another runner with this name connected');
    }
    const servers = grantedServers(hello.servers, granted);
    const { boot } = hello;
    const capacity = Math.min(hello.capacity, MAX_SESSIONS);
    this.#put({ runner, boot, servers, capacity, isDraining: false });
    socket.serializeAttachment({ ...attachment, hasHello: true } satisfies Attachment);
    say(socket, { type: 'welcome', servers });
    // A later hello of the same socket may cross an `open` on its way; only the first tells what is held.
    if (!attachment.hasHello) this.#reconcile(socket, runner, hello);
  }

  /** Sessions that the runner does not hold any more are lost; those it holds and nobody knows are closed (LP11). */
  #reconcile(socket: WebSocket, runner: string, hello: HelloFrame): void {
    const held = new Set(hello.sessions);
    const placed = [
      ...this.#sql.exec<{ session: string; boot: string; opened_at: number }>(
        'SELECT session, boot, opened_at FROM sessions WHERE runner = ?',
        runner,
      ),
    ];
    const lost = placed.filter(({ session, boot }) => boot !== hello.boot || !held.has(session));
    const known = new Set(placed.map(({ session }) => session));
    this.#giveUp(
      lost.map(({ session }) => session),
      { fault: 'runner_lost' },
    );
    const unknown = [...held].filter((session) => !known.has(session)).slice(0, MAX_SESSIONS);
    for (const session of unknown) say(socket, { type: 'close', session });
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    completeClose(socket, code);
  }

  #giveUp(sessions: readonly string[], fault: Fault): void {
    for (const session of sessions) {
      this.#sql.exec('DELETE FROM sessions WHERE session = ?', session);
      this.ctx.waitUntil(this.env.SESSION.getByName(actorOf(session)).giveUp(fault, session));
    }
  }

  #refuse(fault: Fault): { ok: false; fault: Fault } {
    this.#refused += 1;
    return { ok: false, fault };
  }

  #candidates(): Candidate[] {
    return this.#records()
      .filter(({ runner }) => this.#socketOf(runner) !== undefined)
      .map((record) => ({ ...record, sessions: this.#count('runner', record.runner) }));
  }

  #records(): RunnerRecord[] {
    return [...this.ctx.storage.kv.list<RunnerRecord>({ prefix: 'runner:' })].map(
      ([, record]) => record,
    );
  }

  #put(record: RunnerRecord): void {
    this.ctx.storage.kv.put(`runner:${record.runner}`, record);
  }

  #update(runner: string, change: Partial<RunnerRecord>): void {
    const record = this.ctx.storage.kv.get<RunnerRecord>(`runner:${runner}`);
    if (record) this.#put({ ...record, ...change });
  }

  #count(column: 'runner' | 'principal', value: string): number {
    const query = `SELECT count(*) AS n FROM sessions WHERE ${column} = ?`;
    return this.#sql.exec<{ n: number }>(query, value).one().n;
  }

  #isOn(session: string, runner: string): boolean {
    const query = 'SELECT 1 FROM sessions WHERE session = ? AND runner = ?';
    return [...this.#sql.exec(query, session, runner)].length > 0;
  }

  #sockets(runner: string): WebSocket[] {
    return this.ctx.getWebSockets(runner);
  }

  /** The runner's live control socket. One that missed its pings is closed here, where it would be used. */
  #socketOf(runner: string): WebSocket | undefined {
    return this.#sockets(runner).find((socket) => {
      const { hasHello, at } = attachmentOf(socket);
      if (socket.readyState !== WebSocket.OPEN || !hasHello) return false;
      const heardAt = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? at;
      // From a time to come is a ping of before the clock was set back.
      if (Math.abs(Date.now() - heardAt) < SILENCE_MS) return true;
      socket.close(CLOSE.heartbeat, 'no ping');
      return false;
    });
  }
}

const attachmentOf = (socket: WebSocket): Attachment =>
  socket.deserializeAttachment() as Attachment;

/** A runner that could serve a server if a session of another gave way. */
const mayMakeRoom = ({ servers, isDraining, capacity }: Candidate, server: string): boolean =>
  servers.includes(server) && !isDraining && capacity > 0;

function say(socket: WebSocket, frame: ControlDown): void {
  socket.send(encodeText(frame));
}
