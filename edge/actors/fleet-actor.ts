// The fleet actor: one Durable Object that knows the runners and which session lies on which (DESIGN §1). It places new
// sessions over the control links and is out of the way of their messages. Rim around core/placement.
import { DurableObject } from 'cloudflare:workers';
import {
  grantedServers,
  place,
  SESSIONS_PER_PRINCIPAL,
  type Candidate,
  type RunnerRecord,
} from '../core/placement.ts';
import type { FleetView, Opened, Opening } from '../http/ports.ts';
import { signTicket } from '../http/session-id.ts';
import { readSettings } from '../settings.ts';
import type { Fault } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeText, encodeText } from '../../shared/link/codec.ts';
import {
  controlUp,
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

interface PlacedOn {
  readonly runner: string;
  readonly boot: string;
}

export class FleetActor extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  /** A hello of many sessions comes in parts (LP3). */
  readonly #inboxes = new Inboxes();
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
  }

  /** Chooses a runner for a new session and tells it. */
  async open({
    session,
    server,
    principal,
    transport,
  }: Opening & { session: string }): Promise<Opened<PlacedOn>> {
    const { secret } = readSettings(this.env);
    if (secret === undefined) return this.#refuse({ fault: 'not_configured' });
    if (
      this.#count('principal', principal) >= SESSIONS_PER_PRINCIPAL &&
      principal !== 'anonymous'
    ) {
      return this.#refuse({
        fault: 'overloaded',
        message: 'You have too many open sessions. End some, then try again.',
      });
    }
    const placement = place(server, this.#candidates());
    if (!placement.ok) return this.#refuse(placement.fault);
    const { runner, boot } = placement.runner;
    const ticket = await signTicket(secret, { session, runner, boot });
    const socket = this.#socketOf(runner);
    if (!socket) return this.#refuse({ fault: 'runner_offline' });
    this.#sql.exec(
      'INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)',
      session,
      runner,
      boot,
      server,
      principal,
      Date.now(),
    );
    this.#opened += 1;
    say(socket, { type: 'open', session, server, ticket, transport, principal });
    return { ok: true, value: { runner, boot } };
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
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment(attachment);
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

  #receive(socket: WebSocket, frame: ControlUp): void {
    const attachment = socket.deserializeAttachment() as Attachment;
    if (frame.type === 'hello') return this.#hello(socket, attachment, frame);
    if (!attachment.hasHello) return socket.close(CLOSE.protocol, 'hello comes first');
    switch (frame.type) {
      case 'drain':
        return this.#update(attachment.runner, { isDraining: true });
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
    for (const other of this.#sockets(runner)) {
      if (other !== socket) other.close(CLOSE.replaced, 'another runner with this name connected');
    }
    const servers = grantedServers(hello.servers, granted);
    const { boot, capacity } = hello;
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
    for (const session of held) if (!known.has(session)) say(socket, { type: 'close', session });
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
    return this.ctx
      .getWebSockets()
      .filter((socket) => (socket.deserializeAttachment() as Attachment).runner === runner);
  }

  /** The runner's live control socket. One that missed its pings is closed here, where it would be used. */
  #socketOf(runner: string): WebSocket | undefined {
    return this.#sockets(runner).find((socket) => {
      const { hasHello, at } = socket.deserializeAttachment() as Attachment;
      if (socket.readyState !== WebSocket.OPEN || !hasHello) return false;
      const heardAt = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? at;
      if (Date.now() - heardAt < SILENCE_MS) return true;
      socket.close(CLOSE.heartbeat, 'no ping');
      return false;
    });
  }
}

function say(socket: WebSocket, frame: ControlDown): void {
  socket.send(encodeText(frame));
}
