// HTTP+SSE clients of the soak, by hand: one stream for all answers, and no way back once it breaks.
import { exchange, type CutStream, type Exchange } from './connection.ts';
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

export const HTTP_SSE_KIND: LoadKind = {
  name: '2024-11-05',
  transport: 'HTTP+SSE',
  open: (ground) => HttpSseSession.open(ground),
};

interface Pending {
  readonly ask: Ask;
  readonly tracked: Tracked;
  readonly over: () => void;
}

class HttpSseSession implements LoadSession {
  isOver = false;
  readonly #ground: Ground;
  readonly #path: string;
  readonly #stream: CutStream;
  /** Calls by id, also those that had their outcome: another would be a second. */
  readonly #calls = new Map<number, Pending>();
  #notesInOrder = true;
  /** This side ended it. */
  #hasCut = false;
  #lastId = 0;

  private constructor(ground: Ground, path: string, stream: CutStream) {
    this.#ground = ground;
    this.#path = path;
    this.#stream = stream;
  }

  static async open(ground: Ground): Promise<HttpSseSession | undefined> {
    const { bridge, evidence, name, server } = ground;
    const headers = { accept: 'text/event-stream' };
    const opened = await exchange(bridge.url, { path: `/${server}/sse`, headers });
    const stream = opened.ok ? opened.reply.stream : undefined;
    if (!stream) {
      evidence.openFailed(
        name,
        opened.ok ? faultOf(opened.reply.text, opened.reply.status) : 'no connection',
      );
      return undefined;
    }
    const endpoint = await stream.next();
    if (endpoint.kind !== 'event') {
      evidence.openFailed(name, 'no endpoint');
      return undefined;
    }
    const { pathname, search } = new URL(endpoint.event.data, `${bridge.url}/${server}/sse`);
    const session = new HttpSseSession(ground, pathname + search, stream);
    const asked = await session.#post(initializeBody('2024-11-05'));
    const answered = await stream.next();
    const isOpen = asked.ok && asked.reply.status === 202 && answered.kind === 'event';
    if (!isOpen || (JSON.parse(answered.event.data) as Message).error) {
      evidence.openFailed(name, 'not initialized');
      stream.cut();
      return undefined;
    }
    void session.#listen();
    await session.#post(notificationBody('notifications/initialized'));
    return session;
  }

  async call(ask: Ask): Promise<void> {
    // Without its stream a client can hear no answer, and asks nothing.
    if (this.isOver) return;
    const { evidence, name } = this.#ground;
    const tracked = evidence.begin(name, '2024-11-05', ask, ask.progressSent);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lastId += 1;
    this.#calls.set(this.#lastId, { ask, tracked, over: resolve });
    const posted = await this.#post(callBody(this.#lastId, ask));
    // Whether it arrived is unknown; an answer may come all the same. Nor is a refusal an outcome once this client has cut its own stream,
    // which is the end of its session.
    if (!posted.ok || this.#hasCut) tracked.call.isForsaken = true;
    else if (posted.reply.status !== 202) {
      if (posted.reply.status === 404) this.isOver = true;
      settle(tracked, `error:${faultOf(posted.reply.text, posted.reply.status)}`);
    }
    if (posted.ok && posted.reply.status === 202 && !this.isOver) await promise;
    // The stream ended with an answer owed to a client that was there.
    tracked.endedAt ??= Date.now();
  }

  async note(): Promise<void> {
    if (!this.#notesInOrder) return;
    const { evidence, name } = this.#ground;
    const uid = evidence.newUid();
    evidence.sentNote(name, uid);
    const posted = await this.#post(notificationBody(NOTE_METHOD, { uid, session: name }));
    this.#notesInOrder = posted.ok && posted.reply.status === 202;
  }

  cut(): void {
    this.vanish();
  }

  end(): Promise<void> {
    this.vanish();
    return Promise.resolve();
  }

  vanish(): void {
    this.isOver = true;
    this.#hasCut = true;
    this.#stream.cut();
  }

  #post(body: string): Promise<Exchange> {
    const headers = { 'content-type': 'application/json' };
    return exchange(this.#ground.bridge.url, { method: 'POST', path: this.#path, headers, body });
  }

  async #listen(): Promise<void> {
    for (;;) {
      const heard = await this.#stream.next();
      if (heard.kind === 'event') {
        this.#take(JSON.parse(heard.event.data) as Message);
        continue;
      }
      this.isOver = true;
      for (const { tracked, over } of this.#calls.values()) {
        if (heard.kind === 'break') tracked.call.isForsaken = true;
        over();
      }
      return;
    }
  }

  #take(message: Message): void {
    const { progressToken, progress = 0 } = message.params ?? {};
    const pending =
      message.method === undefined
        ? this.#calls.get(Number(message.id))
        : [...this.#calls.values()].find(({ ask }) => ask.uid === progressToken);
    if (message.method === 'notifications/progress') {
      if (!pending) this.#foreign(message);
      else if (pending.tracked.call.outcomes.length > 0) pending.tracked.call.isFollowed = true;
      else pending.tracked.call.progress.push(progress);
    } else if (message.method === undefined) {
      if (!pending) return this.#foreign(message);
      settle(pending.tracked, outcomeOf(pending.ask, message));
      pending.over();
    }
  }

  #foreign(message: Message): void {
    const { evidence, name } = this.#ground;
    evidence.history.foreign.push(`session ${name} got ${JSON.stringify(message).slice(0, 200)}`);
  }
}
