// Streamable HTTP clients of the soak, by hand: every request may have the id 1, streams are cut and resumed, and each
// event id is noted.
import { setTimeout as sleep } from 'node:timers/promises';

import { exchange, type CutStream, type Exchange, type Reply } from './connection.ts';
import { NOTE_METHOD, type Tracked } from './evidence.ts';
import {
  callBody,
  faultOf,
  initializeBody,
  notificationBody,
  outcomeOf,
  settle,
  type Ask,
  type Ground,
  type LoadKind,
  type LoadSession,
  type Message,
} from './load-session.ts';

const BOTH = 'application/json, text/event-stream';
const POST_HEADERS = { 'content-type': 'application/json', accept: BOTH };

/** A client tries to resume for this long: an edge is down for seconds, a runner within its grace. */
const RESUME_MS = 60_000;
const RESUME_PAUSE_MS = 200;

/** Until a client takes its stream back. */
const RETURN_MS = 300;

/** 2025-03-26 and 2025-11-25; the later one opens each stream with an event to resume from. */
export const STREAMABLE_KINDS: readonly LoadKind[] = ['2025-03-26', '2025-11-25'].map(
  (revision) => ({
    name: revision,
    transport: 'Streamable HTTP',
    open: (ground) => StreamableSession.open(ground, revision),
  }),
);

/** One stream of a client, over all its connections. */
interface Followed {
  lastId: string | undefined;
  connection: CutStream | undefined;
}

/** Takes a message of a stream; true when the stream has had its last. */
type Take = (message: Message) => void;

class StreamableSession implements LoadSession {
  isOver = false;
  readonly #ground: Ground;
  readonly #revision: string;
  readonly #id: string;
  readonly #path: string;
  /** Whether all its requests have the id 1. */
  readonly #repeatsIds: boolean;
  readonly #streams = new Set<Followed>();
  #hasVanished = false;
  #notesInOrder = true;
  #lastId = 0;

  private constructor(ground: Ground, revision: string, id: string) {
    this.#ground = ground;
    this.#revision = revision;
    this.#id = id;
    this.#path = `/${ground.server}/mcp`;
    this.#repeatsIds = ground.chance.happens(0.5);
  }

  static async open(ground: Ground, revision: string): Promise<StreamableSession | undefined> {
    const { bridge, evidence, chance, name, server } = ground;
    const opened = await exchange(bridge.url, {
      method: 'POST',
      path: `/${server}/mcp`,
      headers: POST_HEADERS,
      body: initializeBody(revision),
    });
    const id = opened.ok ? opened.reply.headers['mcp-session-id'] : undefined;
    if (!opened.ok || opened.reply.status !== 200 || typeof id !== 'string') {
      const what = opened.ok ? faultOf(opened.reply.text, opened.reply.status) : 'no connection';
      evidence.openFailed(name, what);
      return undefined;
    }
    const session = new StreamableSession(ground, revision, id);
    // A slow start answers as a stream; what it says matters to nobody here.
    await session.#drain(opened.reply.stream);
    await session.#post(notificationBody('notifications/initialized'));
    // A client without a standing stream is legal, and ends by idling.
    if (chance.happens(0.8)) void session.#listen();
    return session;
  }

  async call(ask: Ask): Promise<void> {
    const { evidence, name } = this.#ground;
    const tracked = evidence.begin(name, this.#revision, ask, ask.progressSent);
    const { call } = tracked;
    this.#lastId += 1;
    const id = this.#repeatsIds ? 1 : this.#lastId;
    const posted = await this.#post(callBody(id, ask));
    // Whether it arrived is unknown, and there is no way to ask.
    if (!posted.ok) call.isForsaken = true;
    else if (posted.reply.stream) {
      const followed = { lastId: undefined, connection: posted.reply.stream };
      await this.#follow(followed, tracked, (message) => this.#take(message, id, ask, tracked));
    } else if (posted.reply.status === 200) {
      this.#take(JSON.parse(posted.reply.text) as Message, id, ask, tracked);
    } else {
      const fault = faultOf(posted.reply.text, posted.reply.status);
      if (posted.reply.status === 404) this.isOver = true;
      settle(tracked, `error:${fault}`);
    }
    tracked.endedAt ??= Date.now();
  }

  async note(): Promise<void> {
    if (!this.#notesInOrder) return;
    const { evidence, name } = this.#ground;
    const uid = evidence.newUid();
    evidence.sentNote(name, uid);
    const posted = await this.#post(notificationBody(NOTE_METHOD, { uid, session: name }));
    // Its outcome is unknown, so nothing can be said of its place among later ones.
    this.#notesInOrder = posted.ok && posted.reply.status === 202;
  }

  cut(): void {
    const open = [...this.#streams].filter(({ connection }) => connection !== undefined);
    if (open.length > 0) this.#ground.chance.pick(open).connection?.cut();
  }

  async end(): Promise<void> {
    this.isOver = true;
    const until = Date.now() + RESUME_MS;
    const wish = { method: 'DELETE', path: this.#path, headers: this.#headers };
    while (!(await exchange(this.#ground.bridge.url, wish)).ok && Date.now() < until) {
      await sleep(RESUME_PAUSE_MS);
    }
    this.#cutAll();
  }

  vanish(): void {
    this.#hasVanished = true;
    this.isOver = true;
    this.#cutAll();
  }

  #cutAll(): void {
    for (const { connection } of this.#streams) connection?.cut();
  }

  get #headers(): Record<string, string> {
    return { 'mcp-session-id': this.#id, 'mcp-protocol-version': this.#revision };
  }

  #post(body: string): Promise<Exchange> {
    const headers = { ...POST_HEADERS, ...this.#headers };
    return exchange(this.#ground.bridge.url, { method: 'POST', path: this.#path, headers, body });
  }

  #get(lastId: string | undefined): Promise<Exchange> {
    const resume = lastId === undefined ? {} : { 'last-event-id': lastId };
    const headers = { ...this.#headers, ...resume, accept: 'text/event-stream' };
    return exchange(this.#ground.bridge.url, { path: this.#path, headers });
  }

  #take(message: Message, id: unknown, ask: Ask, tracked: Tracked): void {
    const { call } = tracked;
    if (call.outcomes.length > 0) call.isFollowed = true;
    if (message.method === 'notifications/progress') {
      const { progressToken, progress = 0 } = message.params ?? {};
      if (progressToken === ask.uid) call.progress.push(progress);
      else
        this.#ground.evidence.history.foreign.push(
          `call ${ask.uid} saw ${JSON.stringify(message)}`,
        );
    } else if (message.method === undefined) {
      if (message.id === id) settle(tracked, outcomeOf(ask, message));
      else
        this.#ground.evidence.history.foreign.push(
          `call ${ask.uid} got an answer to ${String(message.id)}`,
        );
    }
  }

  /** Reads a call's stream to its end, over as many connections as that takes. */
  async #follow(followed: Followed, tracked: Tracked, take: Take): Promise<void> {
    const { call } = tracked;
    this.#streams.add(followed);
    while (followed.connection) {
      const end = await this.#read(followed, take);
      followed.connection = undefined;
      if (call.outcomes.length > 0) break;
      // A stream that ends without the outcome was taken over or broke on the way; both are resumed.
      if (this.#hasVanished || followed.lastId === undefined) {
        call.isForsaken = end === 'break';
        break;
      }
      followed.connection = await this.#resume(followed.lastId, tracked);
    }
    this.#streams.delete(followed);
  }

  /** The stream after an event; undefined when there is no more to come, which is noted. */
  async #resume(lastId: string, tracked: Tracked): Promise<CutStream | undefined> {
    const until = Date.now() + RESUME_MS;
    await sleep(RETURN_MS);
    while (Date.now() < until) {
      const resumed = await this.#get(lastId);
      if (this.#hasVanished) {
        tracked.call.isForsaken = true;
        if (resumed.ok) resumed.reply.stream?.cut();
        return undefined;
      }
      if (resumed.ok) {
        const { status, stream, text } = resumed.reply;
        if (stream) return stream;
        if (status === 204) return undefined;
        if (status === 404 || status === 400) {
          const fault = faultOf(text, status);
          if (fault === 'session_not_found') this.isOver = true;
          else this.#ground.evidence.streamUnknown(tracked.call, fault);
          settle(tracked, `error:${fault}`);
          return undefined;
        }
      }
      await sleep(RESUME_PAUSE_MS);
    }
    return undefined;
  }

  /** Reads one connection to its end. */
  async #read(followed: Followed, take: Take): Promise<'end' | 'break'> {
    const { evidence, name } = this.#ground;
    for (;;) {
      const heard = await followed.connection?.next();
      if (heard === undefined) return 'break';
      if (heard.kind !== 'event') return heard.kind;
      const { id, data } = heard.event;
      if (id !== undefined && id !== followed.lastId) {
        evidence.sawEvent(name, id);
        followed.lastId = id;
      }
      if (data !== '') take(JSON.parse(data) as Message);
    }
  }

  /** Holds the standing stream until the session is over. */
  async #listen(): Promise<void> {
    const followed: Followed = { lastId: undefined, connection: undefined };
    this.#streams.add(followed);
    while (!this.isOver) {
      const got = await this.#get(followed.lastId);
      if (got.ok) this.#judge(got.reply);
      followed.connection = got.ok ? got.reply.stream : undefined;
      if (this.isOver) followed.connection?.cut();
      else if (followed.connection) await this.#read(followed, () => undefined);
      followed.connection = undefined;
      await sleep(RETURN_MS);
    }
    this.#streams.delete(followed);
  }

  /** A refused standing stream: the session is over, or the stream cannot be continued. */
  #judge({ status, text }: Reply): void {
    if (status !== 404 && status !== 400) return;
    const { evidence, name } = this.#ground;
    const fault = faultOf(text, status);
    if (fault !== 'session_not_found') {
      evidence.history.evicted.push(`the standing stream of ${name} got ${fault}`);
    }
    this.isOver = true;
  }

  async #drain(stream: CutStream | undefined): Promise<void> {
    let isOpen = stream !== undefined;
    while (isOpen) isOpen = (await stream?.next())?.kind === 'event';
  }
}
