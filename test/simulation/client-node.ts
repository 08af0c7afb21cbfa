// The simulated client of one session. It calls, notifies, listens, resumes and gives up, as its revision allows.
import { fillerOf } from './filler.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import { GET_STREAM, SSE_STREAM } from '../../shared/ids.ts';
import { parseEventId } from '../../shared/sse/encode.ts';
import {
  newCall,
  type CallHistory,
  type SentCall,
  type StandingHistory,
  type VirtualCall,
} from './history.ts';
import type { Post } from '../../edge/core/ports.ts';
import { actorName } from './names.ts';
import { VirtualClient } from './virtual-client.ts';
import { Exchange, type Head } from './worker-node.ts';
import type { World } from './world.ts';
import { Wire } from './wire.ts';

export type SimulatedKind = 'sse2024' | 'http2025-03' | 'http2025-11' | 'modern';

export interface Incoming {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly uid?: string;
    readonly progress?: number;
    readonly number?: number;
    readonly session?: string;
    /** The process of a virtual server's member. */
    readonly by?: string;
    readonly token?: string;
    readonly uri?: string;
    readonly requestId?: number | string;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
  readonly result?: {
    readonly uid?: string;
    readonly session?: string;
    readonly filler?: string;
  };
  readonly error?: { readonly data?: { readonly fault?: string; readonly phase?: string } };
}

/** Attempts to open a session, and the time between them. */
const OPENINGS = 5;
const OPEN_AGAIN_MS = 3_000;

const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {} },
};

/** Longer than a live client takes to show that it lives. */
const KNOCK_MS = 1_200;

/** Longer than any deadline. */
const ENDLESS_MS = 3_600_000;

/** Attempts to resume, spread over more than the grace. */
const RESUME_ATTEMPTS = 40;
const RESUME_MS = 1_500;

export class ClientNode {
  readonly name: string;
  readonly kind: SimulatedKind;
  /** Whose sessions it has; most clients are principals of their own. */
  readonly principal: string;
  readonly #world: World;
  readonly #standing: StandingHistory;
  readonly #calls: CallHistory[] = [];
  readonly #pending = new Map<number, CallHistory>();
  /** Calls of HTTP+SSE whose POST was accepted. */
  readonly #accepted = new WeakSet<CallHistory>();
  #nextId = 1;
  #nextCall = 1;
  #nextPost = 1;
  #isOver = false;
  #onReady: (() => void) | undefined;
  /** Sessions it tried to open before the one it has. */
  #tries = 0;
  /** The name of its session, once it was told. */
  #session: string | undefined;
  /** What it does with a virtual server. */
  readonly virtual: VirtualClient | undefined;

  constructor(world: World, name: string, kind: SimulatedKind, principal = name) {
    this.#world = world;
    this.name = name;
    this.principal = principal;
    this.kind = kind;
    this.virtual = world.members && new VirtualClient(world, this, world.members);
    this.#standing = { session: name, seen: [] };
    world.history.standing.set(name, this.#standing);
    const notes: string[] = [];
    world.history.sentNotes.set(name, notes);
    this.virtual?.notes(notes);
  }

  get clientKind(): ClientKind {
    if (this.kind === 'modern') return 'modern';
    return this.kind === 'sse2024' ? 'sse' : 'streamable';
  }

  /** It is gone for good, without a word. */
  leave(): void {
    this.#isOver = true;
  }

  /** Opens the session; `ready` once it can be used, never when it could not be opened. */
  open(ready: () => void): void {
    // It may have left while it waited to try again.
    if (this.#isOver) return;
    if (this.kind === 'modern') return ready();
    this.#onReady = ready;
    if (this.kind === 'sse2024') this.#listenSse();
    else this.#send(this.#initialize, undefined);
  }

  get #initialize(): object {
    return this.virtual?.initialize ?? INITIALIZE;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** A session that could not be opened, or whose opening broke away, is opened anew under another name. */
  #notOpened(): void {
    const ready = this.#onReady;
    this.#onReady = undefined;
    if (!ready) return;
    this.#session = undefined;
    this.#tries += 1;
    if (this.#tries === OPENINGS) this.#isOver = true;
    else this.#world.clock.after(OPEN_AGAIN_MS, () => this.open(ready));
  }

  /** `most`: the longest that it works; by default some take long, or for ever. */
  call(most?: number): CallHistory | undefined {
    if (this.#isOver) return undefined;
    if (this.virtual) {
      this.virtual.call();
      return undefined;
    }
    const { chance, line } = this.#world;
    const uid = `${this.name}-c${String(this.#nextCall++)}`;
    const work = {
      ms: most === undefined ? this.#workMs() : chance.between(0, most),
      progress: chance.happens(0.5) ? chance.between(1, 6) : 0,
      bytes: chance.happens(0.03) ? 300_000 : chance.between(0, 200),
    };
    // On a slow line large messages go both ways, and take seconds.
    const cargo =
      line && work.bytes % 5 === 0 ? fillerOf(uid, Math.min(200_000, 1_000 * work.bytes)) : '';
    const isForbidden = this.#world.policy !== undefined && this.#nextCall % 4 === 0;
    const call = this.#begin({ uid, progressSent: work.progress, isForbidden });
    // Some clients number every request alike; a session then has equal ids in flight.
    const sameId = this.kind !== 'sse2024' && chance.happens(0.3);
    this.#send(
      {
        method: 'tools/call',
        params: {
          name: isForbidden ? 'forbidden' : 'work',
          uid,
          work,
          cargo,
          ...(work.progress > 0 && { _meta: { progressToken: uid } }),
        },
      },
      call,
      sameId,
    );
    return call;
  }

  /** A request to a virtual server. `virtual`: what is to become of it. */
  ask(
    body: (uid: string) => { readonly method: string; readonly params: object },
    virtual: VirtualCall,
    progressSent = 0,
  ): CallHistory | undefined {
    if (this.#isOver) return undefined;
    const uid = `${this.name}-c${String(this.#nextCall++)}`;
    const call = this.#begin({ uid, progressSent, virtual });
    const sameId = this.kind !== 'sse2024' && this.#world.chance.happens(0.3);
    this.#send(body(uid), call, sameId);
    return call;
  }

  #begin(sent: Omit<SentCall, 'session' | 'client'>): CallHistory {
    const call = newCall({ session: this.principal, client: this.kind, ...sent });
    this.#world.history.calls.set(call.uid, call);
    this.#calls.push(call);
    return call;
  }

  /** Answers a ping. */
  pong(rawId: string): void {
    this.#connect().exchange.answer(rawId);
  }

  /** Something that it says beside requests. */
  tell(message: object): void {
    if (!this.#isOver) this.#post({ jsonrpc: '2.0', ...message }, [], () => undefined);
  }

  /** Some calls run until they are cancelled: a modern client's must be, when it leaves. */
  #workMs(): number {
    const { chance } = this.#world;
    const { rests } = this.#world;
    if (!rests && this.kind === 'modern' && chance.happens(0.2)) return ENDLESS_MS;
    return chance.happens(0.3) ? chance.between(0, 40_000) : chance.between(0, 400);
  }

  /** A notification, after the one before was accepted. */
  notes(count: number): void {
    if (count === 0 || this.#isOver || this.kind === 'modern') return;
    const uid = `${this.name}-n${String(this.#nextPost)}`;
    this.#world.history.sentNotes.get(this.name)?.push(uid);
    this.#post({ jsonrpc: '2.0', method: 'note', params: { uid } }, [], (head) => {
      if (head?.status === 202) this.notes(count - 1);
    });
  }

  /** Cancels the oldest call. */
  cancel(): void {
    // A virtual server has to find out whose it is.
    const open = [...this.#pending].filter(([, { outcomes }]) => outcomes.length === 0);
    const [entry] = this.virtual ? open : this.#pending;
    if (!entry || this.#isOver || this.kind !== 'sse2024') return;
    const [id, call] = entry;
    call.isCancelled = true;
    // What is sent before its call was accepted may overtake it, on another connection, and finds nothing to cancel.
    if (call.virtual && this.#accepted.has(call)) call.virtual.cancelledAt = this.#world.clock.now;
    this.#post(
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } },
      [],
      () => undefined,
    );
  }

  /** Ends the session politely; what is in flight gets an error or nothing. */
  end(): void {
    if (this.#isOver || this.kind === 'sse2024' || this.kind === 'modern') return;
    this.#isOver = true;
    for (const call of this.#calls) if (call.outcomes.length === 0) call.isForsaken = true;
    this.#connect().exchange.end();
  }

  listen(): void {
    if (this.kind === 'sse2024' || this.kind === 'modern' || this.#isOver) return;
    this.virtual?.hears();
    this.#get(
      GET_STREAM,
      undefined,
      RESUME_ATTEMPTS,
      (message) => this.#untied(message),
      () => undefined,
    );
  }

  /** Another window of the same client asks twice for the stream that the first has, and gives up. */
  knock(again = true): void {
    if (this.kind === 'sse2024' || this.kind === 'modern' || this.#isOver) return;
    // If the first has no stream, this window is the one that listens: a question goes to it, and it leaves without an answer.
    if (this.virtual && this.virtual.hearsSince === undefined) return;
    const { wire, exchange } = this.#connect();
    wire.a.onMessage = () => wire.a.close(1000);
    wire.a.onClose = () => {
      if (again) this.#world.clock.after(KNOCK_MS, () => this.knock(false));
    };
    exchange.knock();
  }

  #send(body: object, call: CallHistory | undefined, sameId = false): void {
    const id = sameId ? 1_000_000 : this.#nextId++;
    const message = { jsonrpc: '2.0', id, ...body };
    if (this.kind === 'sse2024') {
      if (call) this.#pending.set(id, call);
      this.#post(message, [String(id)], (head) => {
        // Refused, or not known to have arrived: nothing is owed on the stream for it.
        if (!call) return;
        if (head?.status === 202) this.#accepted.add(call);
        else this.#settleHead(call, head);
      });
      return;
    }
    this.#request(message, String(id), call);
  }

  #settleHead(call: CallHistory, head: Head | undefined): void {
    // Of what may have arrived although it was refused, the stream may have the answer.
    if (head && 'body' in head && head.body !== undefined && head.phase !== 'unknown')
      this.#outcome(call, `error:${head.body}`, head.phase);
    else call.isForsaken = true;
  }

  /** A POST whose answer is in its own response. */
  #request(message: object, rawId: string, call: CallHistory | undefined): void {
    const { wire, exchange } = this.#connect();
    const id = this.#postId();
    const reader = new Reader();
    let head: Head | undefined;
    let lastId: string | undefined;
    const round = call?.virtual?.rounds;
    const take = (incoming: Incoming): void => this.#answer(call, incoming);
    wire.a.onMessage = (text) => {
      if (!head) {
        head = JSON.parse(text) as Head;
        if (!call) this.#session = head.session;
        if ('body' in head && head.body !== undefined) {
          if (head.status === 200) take(JSON.parse(head.body) as Incoming);
          else if (call) this.#outcome(call, `error:${head.body}`, head.phase);
        } else if (!('stream' in head) && call) call.isForsaken = true;
        return;
      }
      for (const { id: eventId, message: incoming } of reader.feed(text)) {
        this.#saw(eventId);
        lastId = eventId ?? lastId;
        if (incoming) take(incoming);
      }
    };
    wire.a.onClose = (code) => {
      if (!call) return this.#notOpened();
      if (call.outcomes.length > 0 || call.isForsaken || call.virtual?.rounds !== round) return;
      if (this.kind === 'modern') {
        call.isForsaken = code !== 1000;
        call.leftAt = this.#world.clock.now;
        return;
      }
      if (lastId === undefined || this.#isOver) {
        // A response that came to its end owes an outcome; a connection that broke without an event id does not.
        call.isForsaken = code !== 1000 || this.#isOver;
        return;
      }
      this.#resume(lastId, call);
    };
    const post: Post = {
      id,
      stream: id,
      message: JSON.stringify(message),
      wants: 'answer',
      requestIds: [rawId],
    };
    if (this.kind === 'modern') exchange.serve(post);
    else if (!call) exchange.initialize(post);
    else {
      const streams = post.message.includes('"progressToken"');
      exchange.post(post, { primes: this.kind === 'http2025-11', streams });
    }
  }

  #saw(id: string | undefined): void {
    const cursor = id === undefined ? undefined : parseEventId(id);
    if (!cursor || cursor.seq === 0) return;
    const key = `${this.name}/${cursor.stream}`;
    const seen = this.#world.history.streams.get(key) ?? [];
    this.#world.history.streams.set(key, [...seen, cursor.seq]);
  }

  #resume(lastId: string, call: CallHistory): void {
    const cursor = parseEventId(lastId);
    if (!cursor) return;
    const forsake = (): void => {
      if (call.outcomes.length === 0) call.isForsaken = true;
    };
    this.#get(
      cursor.stream,
      lastId,
      RESUME_ATTEMPTS,
      (incoming) => this.#answer(call, incoming),
      forsake,
      () => call.outcomes.length > 0,
    );
  }

  #get(
    stream: string,
    lastEventId: string | undefined,
    attempts: number,
    take: (incoming: Incoming) => void,
    failed: () => void,
    isDone: () => boolean = () => false,
  ): void {
    if (this.#isOver || attempts === 0) return failed();
    const { wire, exchange } = this.#connect();
    const reader = new Reader();
    let head: Head | undefined;
    let lastId = lastEventId;
    wire.a.onMessage = (text) => {
      if (!head) {
        head = JSON.parse(text) as Head;
        return;
      }
      for (const { id, message } of reader.feed(text)) {
        this.#saw(id);
        lastId = id ?? lastId;
        if (message) take(message);
      }
    };
    wire.a.onClose = () => {
      if (isDone() || this.#isOver) return;
      const body = head && 'body' in head ? head.body : undefined;
      if (body === 'session_not_found' || body === 'event_unknown') return failed();
      if (body === 'replay_evicted') {
        this.#world.history.evicted.push(`${this.name}/${stream} cannot be resumed`);
        return failed();
      }
      this.#world.clock.after(RESUME_MS, () =>
        this.#get(stream, lastId, attempts - 1, take, failed, isDone),
      );
    };
    const cursor = lastId === undefined ? undefined : parseEventId(lastId);
    exchange.get(cursor ?? (stream === GET_STREAM ? undefined : { stream, seq: 0 }));
  }

  #listenSse(): void {
    const { wire, exchange } = this.#connect();
    const reader = new Reader();
    let head: Head | undefined;
    wire.a.onMessage = (text) => {
      if (!head) {
        head = JSON.parse(text) as Head;
        this.#session = head.session;
        if ('stream' in head) this.#send(this.#initialize, undefined);
        return;
      }
      for (const { message } of reader.feed(text)) if (message) this.#onSse(message);
    };
    wire.a.onClose = (code) => {
      if (this.#onReady) return this.#notOpened();
      this.#isOver = true;
      if (code === 1000) return;
      for (const call of this.#pending.values())
        if (call.outcomes.length === 0) call.isForsaken = true;
    };
    exchange.openSse();
  }

  #onSse(message: Incoming): void {
    if (message.method === 'notifications/progress') {
      const uid = message.params?.uid ?? '';
      const call = this.#world.history.calls.get(uid);
      if (call) this.#answer(call, message);
      return;
    }
    if (message.method !== undefined) return this.#untied(message);
    const call = this.#pending.get(Number(message.id ?? -1));
    if (call || message.result?.uid === undefined) this.#answer(call, message);
  }

  #answer(call: CallHistory | undefined, message: Incoming): void {
    if (message.method === 'notifications/progress') {
      const { uid, progress = 0 } = message.params ?? {};
      if (!call) return;
      if (uid !== call.uid)
        this.#world.history.foreign.push(`call ${call.uid} saw progress of ${String(uid)}`);
      if (call.outcomes.length > 0) call.isFollowed = true;
      call.progress.push(progress);
      return;
    }
    if (message.method !== undefined) return this.#untied(message);
    const again = call && message.result && call.virtual?.again?.(call, { ...message.result });
    if (again && call?.virtual) {
      call.virtual.rounds = (call.virtual.rounds ?? 0) + 1;
      call.virtual.wentOnAt = this.#world.clock.now;
      return this.#send(again, call);
    }
    if (call?.virtual?.takes && message.result) {
      const isRight = call.virtual.takes(message.result);
      return this.#outcome(call, `result:${isRight ? call.uid : 'wrong'}`);
    }
    const session = message.result?.session;
    if (session !== undefined && session !== this.principal) {
      this.#world.history.foreign.push(`client ${this.name} got an answer of session ${session}`);
    }
    if (call)
      this.#outcome(
        call,
        message.error
          ? `error:${message.error.data?.fault ?? '?'}`
          : `result:${isIntact(message.result) ? (message.result?.uid ?? '?') : 'spoiled'}`,
        message.error?.data?.phase,
      );
    else if (message.result) {
      this.#onReady?.();
      this.#onReady = undefined;
    }
  }

  #outcome(call: CallHistory, outcome: string, phase?: string): void {
    call.outcomes.push(outcome);
    if (call.virtual) call.virtual.endedAt ??= this.#world.clock.now;
    if (phase === 'not_sent') call.isToldUnsent = true;
  }

  #untied(message: Incoming): void {
    if (message.method === 'ping') {
      return this.pong(JSON.stringify(message.id));
    }
    if (this.virtual) return this.virtual.heard(message);
    const { session, number } = message.params ?? {};
    if (session !== this.principal)
      this.#world.history.foreign.push(`client ${this.name} got a message of ${String(session)}`);
    // Untied messages may also ride on a call's stream; only the standing stream promises an order of its own.
    if (number !== undefined && this.kind === 'sse2024') this.#standing.seen.push(number);
  }

  #post(message: object, requestIds: string[], done: (head: Head | undefined) => void): void {
    const { wire, exchange } = this.#connect();
    let head: Head | undefined;
    wire.a.onMessage = (text) => {
      head = JSON.parse(text) as Head;
    };
    wire.a.onClose = () => done(head);
    const stream = this.kind === 'sse2024' ? SSE_STREAM : GET_STREAM;
    exchange.post(
      {
        id: this.#postId(),
        stream,
        message: JSON.stringify(message),
        wants: 'accepted',
        requestIds,
      },
      { primes: false, streams: false },
    );
  }

  #postId(): string {
    return `${this.name}-p${String(this.#nextPost++)}`;
  }

  #connect(): { wire: Wire; exchange: Exchange } {
    const wire = new Wire(this.#world.clock, this.#world.chance);
    const owner = { principal: this.principal, clientKind: this.clientKind };
    const name = this.#session ?? actorName(this.name, this.#tries);
    const exchange = new Exchange(this.#world, name, owner, wire);
    this.#world.clientWires.add(wire);
    this.#world.exchanges.add(exchange);
    return { wire, exchange };
  }
}

const isIntact = ({ uid = '', filler = '' }: NonNullable<Incoming['result']> = {}): boolean =>
  filler === fillerOf(uid, filler.length);

/** Puts SSE text together again. */
class Reader {
  #rest = '';

  feed(text: string): { id: string | undefined; message: Incoming | undefined }[] {
    this.#rest += text;
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map((block) => {
      const lines = block.split('\n');
      const id = lines.find((line) => line.startsWith('id: '))?.slice(4);
      const data = lines.find((line) => line.startsWith('data: '))?.slice(6) ?? '';
      return { id, message: data === '' ? undefined : (JSON.parse(data) as Incoming) };
    });
  }
}
