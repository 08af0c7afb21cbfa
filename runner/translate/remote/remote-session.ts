// A session with a server at a URL, which to those before it is a process: lines in, lines out. Speaks Streamable HTTP of both eras,
// and HTTP+SSE of 2024-11-05 (MCP 2025-11-25, Transports, "Backwards Compatibility"). Pure: a host performs its exchanges.
// One file above 300 lines: whatever becomes of an exchange may end the session, so they cannot be told apart.
import { doubledMs } from '../../../shared/backoff.ts';
import { actDue, nextDue, type Dues } from '../../../shared/dues.ts';
import { faultError, type Fault } from '../../../shared/fault.ts';
import { bridgeIdOf } from '../../core/bridge-ids.ts';
import { isObject } from '../../../shared/json-value.ts';
import { errorResponse, type ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { onlyMessageIn, type MessageView } from '../../../shared/jsonrpc/view.ts';
import { CODE } from '../../../shared/mcp/modern.ts';
import { isRevision } from '../../../shared/mcp/revisions.ts';
import type { ParamHeader } from '../param-headers.ts';
import { noteToolHeaders } from '../tool-headers.ts';
import type {
  RemoteAnswer,
  RemoteEffect,
  RemoteEvent,
  RemoteFailure,
  BodyReading,
} from './effects.ts';
import { PostQueue, type OutgoingLine } from './post-queue.ts';
import {
  agreedHeaders,
  modernRevisionOf,
  postHeaders,
  streamHeaders,
  type Agreed,
} from './post-headers.ts';
import {
  contentProblem,
  connectionProblem,
  statusProblem,
  type RemoteProblem,
} from './remote-words.ts';
import { MAX_PAGES, nextPage } from '../../../shared/mcp/pages.ts';

export interface RemoteSettings {
  /** `any`: Streamable HTTP, and HTTP+SSE if the server does not speak that. */
  readonly transport: 'any' | 'sse';
  /** The address that an `endpoint` event names; undefined for one of another origin, and for what is no address. */
  endpoint(text: string): string | undefined;
  base64(text: string): string;
}

/** Statuses by which a server of HTTP+SSE refuses a POST at the address of its stream. */
const NOT_STREAMABLE: ReadonlySet<number> = new Set([400, 404, 405]);

/** Statuses below 500 that say that it may be otherwise soon. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** A stream that broke is opened again after this long if the server does not say; each time in vain, twice as long. */
const RETRY_MS = 1_000;
/** Whatever the server says: without a pause it would be asked as fast as this machine can. */
const LEAST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 30_000;

/** A server that cannot be reached so often in a row is gone. */
const MOST_UNREACHED = 3;

/** A call whose stream breaks so often without anything new is given up. */
const MOST_BREAKS = 5;

/** A stream whose request is answered, or cancelled, is broken off after this long, and so is a response that nobody reads. */
const LINGER_MS = 1_000;

/** A message that wants no answer has been taken, or never will be, after this long. */
const ONE_WAY_MS = 30_000;

/** Larger messages are not read for what they answer: such a one is the answer of its exchange. */
const READ_BYTES = 256 * 1024;

/** What a header can carry. */
const EVENT_ID = /^[\x20-\x7e]{1,4096}$/u;
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/u;

/** A line that was posted. */
interface Posted extends OutgoingLine {
  /** Of a request. */
  readonly id: string | undefined;
  readonly method: string;
  readonly isModern: boolean;
  isOver: boolean;
  /** A call that was refused for its headers, and is sent again when the tools are known. */
  isSentAgain?: boolean;
  /** It is the session's own list of tools, for this call. */
  readonly forCall?: Posted;
  readonly page?: number;
}

/** What an exchange is for: a line, the rest of its answer, messages that nobody asked for, HTTP+SSE, the end. */
type Purpose = 'post' | 'resume' | 'listen' | 'connect' | 'close';

/** A stream over all exchanges that carry it. */
interface Stream {
  lastEventId: string | undefined;
  retryMs: number | undefined;
  /** It is not opened again. */
  isOver: boolean;
  /** In a row. */
  breaks: number;
  unreached: number;
}

interface Exchange {
  readonly number: number;
  readonly purpose: Purpose;
  readonly posted: Posted | undefined;
  readonly stream: Stream;
  reading: BodyReading | undefined;
  status: number;
  dropAt?: number;
}

const newStream = (): Stream => ({
  lastEventId: undefined,
  retryMs: undefined,
  isOver: false,
  breaks: 0,
  unreached: 0,
});

export class RemoteSession {
  readonly #settings: RemoteSettings;
  readonly #queue = new PostQueue();
  readonly #exchanges = new Map<number, Exchange>();
  /** Requests that are not answered, by id. */
  readonly #waiting = new Map<string, Posted>();
  readonly #tools = new Map<string, readonly ParamHeader[]>();
  #effects: RemoteEffect[] = [];
  #nextExchange = 1;
  #transport: 'streamable' | 'sse';
  #mayFallBack: boolean;
  /** Why Streamable HTTP was refused. */
  #refusal: RemoteProblem | undefined;
  #agreed: Agreed = {};
  #endpoint: string | undefined;
  #isStarted = false;
  /** The stream of what nobody asked for was opened once; it opens itself again. */
  #hasListened = false;
  #isOver = false;
  /** Streams that are to be opened again, with the time. */
  readonly #due = new Map<Stream, { readonly at: number; readonly open: () => void }>();

  constructor(settings: RemoteSettings) {
    this.#settings = settings;
    this.#transport = settings.transport === 'sse' ? 'sse' : 'streamable';
    this.#mayFallBack = settings.transport === 'any';
  }

  get unwrittenBytes(): number {
    return this.#queue.bytes;
  }

  /** Hold back until `drained`. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  write(line: Uint8Array, now: number): RemoteEffect[] {
    if (this.#isOver) return [];
    this.#queue.push(line);
    if (this.#queue.isTooMuch) this.#end(TAKES_NOTHING);
    return this.#take(now);
  }

  /** The head of a response; how to read the body is among the effects. */
  answered(number: number, answer: RemoteAnswer, now: number): RemoteEffect[] {
    const exchange = this.#exchanges.get(number);
    if (!exchange) return [{ do: 'read', exchange: number, as: 'nothing' }];
    exchange.status = answer.status;
    exchange.reading = this.#readingOf(exchange, answer);
    // A judgement may have ended all.
    const as = exchange.reading;
    if (as === 'nothing') exchange.dropAt = now + LINGER_MS;
    this.#effects.unshift({ do: 'read', exchange: number, as });
    return this.#take(now);
  }

  /** One event of a response that is read as events. */
  event(number: number, event: RemoteEvent, now: number): RemoteEffect[] {
    const exchange = this.#exchanges.get(number);
    if (!exchange) return [];
    const { stream } = exchange;
    stream.breaks = 0;
    if (event.id !== undefined && EVENT_ID.test(event.id)) stream.lastEventId = event.id;
    if (exchange.purpose === 'connect' && event.event === 'endpoint') this.#connected(event.data);
    else if (event.data !== '' && (event.event ?? 'message') === 'message') {
      // Line breaks of the data stand between tokens, or the message is broken anyway.
      const line = utf8.encode(event.data.replaceAll('\n', ' '));
      this.#heard(exchange, line, messageRead(line, exchange.posted), now);
    }
    return this.#take(now);
  }

  /** The server says how long to wait before a stream is opened again. */
  retry(number: number, ms: number): void {
    const stream = this.#exchanges.get(number)?.stream;
    if (stream) stream.retryMs = ms;
  }

  /** A response that is read as a whole; `ended` follows. May be longer than a message, and anything. */
  body(number: number, bytes: Uint8Array, now: number): RemoteEffect[] {
    const exchange = this.#exchanges.get(number);
    if (!exchange) return [];
    if (exchange.status < 300) this.#answeredWith(exchange, oneLine(bytes), now);
    else this.#refusedWith(exchange, bytes, now);
    return this.#take(now);
  }

  /** The response is at its end, or the exchange failed. */
  ended(number: number, failure: RemoteFailure | undefined, now: number): RemoteEffect[] {
    const exchange = this.#exchanges.get(number);
    if (!exchange) return [];
    this.#exchanges.delete(number);
    this.#queue.over(number);
    if (!this.#isOver) this.#over(exchange, failure, now);
    return this.#take(now);
  }

  /** The runner ends it, or cannot use it any more. */
  terminate(): RemoteEffect[] {
    this.#end(undefined);
    return this.#effects.splice(0);
  }

  tick(now: number): RemoteEffect[] {
    actDue(this.#dues, now);
    return this.#take(now);
  }

  wakeAt(): number | undefined {
    return this.#isOver ? undefined : nextDue(this.#dues);
  }

  readonly #dues: Dues = (due) => {
    due(this.#queue.isEmpty ? undefined : this.#queue.wakeAt, () => undefined);
    for (const [stream, { at, open }] of this.#due)
      due(at, () => {
        this.#due.delete(stream);
        open();
      });
    for (const exchange of this.#exchanges.values())
      due(exchange.dropAt, (now) => {
        this.#drop(exchange);
        this.#over(exchange, undefined, now);
      });
  };

  #take(now: number): RemoteEffect[] {
    while (!this.#isOver && this.#canSend()) {
      const outgoing = this.#queue.next(now);
      if (!outgoing) break;
      this.#send(outgoing, now);
    }
    if (!this.#isOver && this.#queue.takeDrained()) this.#effects.push({ do: 'drained' });
    return this.#effects.splice(0);
  }

  /** HTTP+SSE begins with a stream, which says where messages go. */
  #canSend(): boolean {
    if (this.#transport === 'streamable' || this.#endpoint !== undefined) return true;
    const isConnecting = this.#exchanges.values().some(({ purpose }) => purpose === 'connect');
    if (!isConnecting && !this.#queue.isEmpty)
      this.#ask('connect', 'GET', { headers: streamHeaders({}, undefined) });
    return false;
  }

  #send(outgoing: OutgoingLine, now: number): void {
    const { message } = outgoing;
    if (message?.method === 'notifications/cancelled' && this.#cancel(message, now)) return;
    this.#post(
      {
        ...outgoing,
        id: message?.kind === 'request' ? message.id : undefined,
        method: message?.method ?? '',
        isModern: modernRevisionOf(message) !== undefined,
        isOver: false,
      },
      now,
    );
  }

  #post(posted: Posted, now: number): void {
    const { id, method, message, line } = posted;
    const headers = postHeaders(message, this.#agreed, this.#tools, this.#settings.base64);
    if (id !== undefined) this.#waiting.set(id, posted);
    const number = this.#ask('post', 'POST', { headers, posted, body: line, url: this.#endpoint });
    if (method === 'initialize') this.#queue.waitFor(number);
    else if (id === undefined) {
      this.#queue.waitBriefly(number, now);
      const exchange = this.#exchanges.get(number);
      if (exchange) exchange.dropAt = now + ONE_WAY_MS;
    }
  }

  /** True if nothing has to be said: a modern server hears of it by the end of the exchange (2026-07-28, "Cancellation"). */
  #cancel(message: MessageView, now: number): boolean {
    const posted = this.#waiting.get(message.requestId ?? '');
    if (!posted) return false;
    this.#settle(posted);
    for (const exchange of this.#exchanges.values()) {
      if (exchange.posted !== posted) continue;
      if (posted.isModern) this.#drop(exchange);
      else exchange.dropAt = now + LINGER_MS;
    }
    return posted.isModern;
  }

  #ask(
    purpose: Purpose,
    method: 'POST' | 'GET' | 'DELETE',
    of: {
      readonly headers: Readonly<Record<string, string>>;
      readonly posted?: Posted;
      readonly stream?: Stream;
      readonly body?: Uint8Array;
      readonly url?: string | undefined;
    },
  ): number {
    const number = this.#nextExchange++;
    const { headers, posted, stream = newStream(), body, url } = of;
    const exchange = { number, purpose, posted, stream, reading: undefined, status: 0 };
    this.#exchanges.set(number, exchange);
    this.#effects.push({
      do: 'ask',
      exchange: number,
      method,
      url,
      headers,
      ...(body && { body }),
    });
    return number;
  }

  #drop({ number }: Exchange): void {
    this.#exchanges.delete(number);
    this.#queue.over(number);
    this.#effects.push({ do: 'drop', exchange: number });
  }

  /** Nothing more is owed for it. */
  #settle(posted: Posted): void {
    posted.isOver = true;
    if (posted.id !== undefined && this.#waiting.get(posted.id) === posted)
      this.#waiting.delete(posted.id);
  }

  #readingOf(exchange: Exchange, { status, headers }: RemoteAnswer): BodyReading {
    const { posted, purpose } = exchange;
    if (purpose === 'close') return 'nothing';
    const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';', 1);
    const media = type.trim();
    if (status < 200 || status >= 300) {
      const mayHoldError = posted?.id !== undefined && purpose === 'post' && media === JSON_TYPE;
      if (mayHoldError && status >= 400 && status !== 401) return 'whole';
      this.#refused(exchange, statusProblem(status));
      return 'nothing';
    }
    if (posted?.method === 'initialize') this.#greeted(headers['mcp-session-id']);
    if (posted && (posted.id === undefined || this.#transport === 'sse')) {
      if (posted.id === undefined) this.#queue.over(exchange.number);
      if (posted.method === 'notifications/initialized' && !this.#hasListened) {
        this.#hasListened = true;
        this.#listen(newStream());
      }
      return 'nothing';
    }
    if (media === EVENTS_TYPE) return 'events';
    if (media === JSON_TYPE && purpose === 'post') return 'whole';
    this.#refused(exchange, status === 202 ? ACCEPTED_ONLY : contentProblem(media));
    return 'nothing';
  }

  /** The session begins. */
  #greeted(sessionId: string | undefined): void {
    if (sessionId !== undefined && SESSION_ID.test(sessionId)) this.#agreed = { sessionId };
  }

  /** Messages that belong to no request (2025-11-25, "Listening for Messages from the Server"). */
  #listen(stream: Stream): void {
    if (this.#transport === 'sse') return;
    this.#ask('listen', 'GET', {
      headers: streamHeaders(this.#agreed, stream.lastEventId),
      stream,
    });
  }

  #connected(address: string): void {
    if (this.#endpoint !== undefined) return;
    this.#endpoint = this.#settings.endpoint(address);
    if (this.#endpoint === undefined) this.#end(ANOTHER_ORIGIN);
  }

  /** It answered with no message. */
  #refused(exchange: Exchange, problem: RemoteProblem): void {
    const { purpose, posted, status } = exchange;
    const hadSession = this.#agreed.sessionId !== undefined;
    if (hadSession && status === 404) return this.#end(SESSION_GONE);
    if (purpose === 'listen') return this.#notListening(exchange, problem);
    if (purpose === 'connect') return this.#end(this.#refusal ?? problem);
    if (!posted) return;
    const isFirst = !this.#isStarted && purpose === 'post';
    if (isFirst && this.#mayFallBack && NOT_STREAMABLE.has(status)) {
      this.#refusal = problem;
      return this.#fallBack(posted);
    }
    if (status === 401 || (isFirst && posted.id !== undefined)) return this.#end(problem);
    this.#fail(posted, { fault: 'process_protocol', message: `The server ${problem.what}.` });
  }

  /** Some servers serve no such stream: 405, as the specification says, or what they answer to what they do not know. */
  #notListening({ status, stream }: Exchange, problem: RemoteProblem): void {
    if (status === 401) return this.#end(problem);
    if (status !== 405)
      this.#effects.push({ do: 'note', words: `for a GET it ${problem.what}`, code: problem.code });
    stream.isOver = status < 500 && !PASSING.has(status);
  }

  #fallBack(posted: Posted): void {
    this.#mayFallBack = false;
    this.#transport = 'sse';
    this.#settle(posted);
    this.#queue.putBack(posted);
  }

  /** A body that is to be the answer. A batch is read by who hears it (2025-03-26). */
  #answeredWith(exchange: Exchange, line: Uint8Array, now: number): void {
    const { posted } = exchange;
    if (line[0] === OPEN_ARRAY) {
      if (posted) this.#settled(posted, now);
      this.#isStarted = true;
      this.#effects.push({ do: 'say', line });
      return;
    }
    const message = messageRead(line, posted);
    if (message || line.length >= READ_BYTES) this.#heard(exchange, line, message, now);
    else this.#refused(exchange, NO_MESSAGE);
  }

  /** An error in place of an answer: what it says counts, under the id of the request. */
  #refusedWith(exchange: Exchange, bytes: Uint8Array, now: number): void {
    const { posted, status } = exchange;
    const message = onlyMessageIn(oneLine(bytes));
    const error = message?.kind === 'error' ? message.parsed('error') : undefined;
    if (!message || !posted || !isError(error))
      return this.#refused(exchange, statusProblem(status));
    if (this.#agreed.sessionId !== undefined) {
      // Most servers answer so in place of the 404 that they should: to no request, since they have not read it.
      const isOfNone = message.id === undefined || message.id === 'null';
      const isGone =
        status === 404 || (status === 400 && isOfNone && /session/iu.test(error.message));
      if (isGone) return this.#end(SESSION_GONE);
    }
    const isOwn = bridgeIdOf(message.id) === bridgeIdOf(posted.id) && message.id !== 'null';
    const line = isOwn ? message.line : utf8.encode(errorResponse(posted.id ?? null, error));
    this.#heard(exchange, line, messageRead(line, posted), now);
  }

  /** A message of the server. `message`: what was read of it. */
  #heard(
    { posted }: Exchange,
    line: Uint8Array,
    message: MessageView | undefined,
    now: number,
  ): void {
    if (message?.isAnswer) {
      const asked = this.#askedBy(message, posted);
      this.#isStarted = true;
      if (asked && this.#answer(asked, message, now)) return;
      if (asked) this.#settled(asked, now);
    } else if (!message && posted && !isRead(line, posted)) {
      this.#isStarted = true;
      this.#settled(posted, now);
    }
    this.#effects.push({ do: 'say', line });
  }

  /** The request that it answers: that of its exchange, in whatever spelling its id comes back. */
  #askedBy(answer: MessageView, posted: Posted | undefined): Posted | undefined {
    const id = answer.id ?? '';
    if (posted && (posted.id === id || bridgeIdOf(posted.id) === bridgeIdOf(id))) return posted;
    return this.#waiting.get(id) ?? this.#waiting.get(String(bridgeIdOf(id)));
  }

  #settled(posted: Posted, now: number): void {
    this.#settle(posted);
    for (const exchange of this.#exchanges.values())
      if (exchange.posted === posted) {
        exchange.dropAt = now + LINGER_MS;
        if (posted.method === 'initialize') this.#queue.over(exchange.number);
      }
  }

  /** Reads what the session itself needs of an answer; true if it is for nobody else. */
  #answer(posted: Posted, answer: MessageView, now: number): boolean {
    if (posted.forCall) {
      this.#listed(posted, posted.forCall, answer, now);
      return true;
    }
    if (posted.method === 'initialize' && answer.kind === 'result') {
      const revision = answer.string('result', 'protocolVersion');
      if (revision !== undefined && isRevision(revision))
        this.#agreed = { ...this.#agreed, revision };
    }
    if (posted.method === 'tools/list' && answer.kind === 'result')
      noteToolHeaders(answer, this.#tools);
    const isRefusedForHeaders =
      posted.isModern &&
      posted.method === 'tools/call' &&
      posted.isSentAgain !== true &&
      answer.parsed('error', 'code') === CODE.headerMismatch;
    if (!isRefusedForHeaders) return false;
    // It was refused before it was carried out (2026-07-28, "Custom Headers from Tool Parameters"): the list says which headers it needs.
    this.#tools.clear();
    this.#listTools(posted, 0, undefined, now);
    return true;
  }

  #listTools(call: Posted, page: number, cursor: string | undefined, now: number): void {
    const meta = call.message?.text('params', '_meta') ?? '{}';
    const at = cursor === undefined ? '' : `,"cursor":${JSON.stringify(cursor)}`;
    const id = `"bridge-tools-${this.#nextExchange}"`;
    const line = utf8.encode(
      `{"jsonrpc":"2.0","id":${id},"method":"tools/list","params":{"_meta":${meta}${at}}}`,
    );
    const message = onlyMessageIn(line);
    const method = 'tools/list';
    this.#post(
      { line, message, id, method, isModern: true, isOver: false, forCall: call, page },
      now,
    );
  }

  #listed(posted: Posted, call: Posted, answer: MessageView, now: number): void {
    this.#settled(posted, now);
    if (answer.kind === 'result') noteToolHeaders(answer, this.#tools);
    const asked = posted.message?.string('params', 'cursor');
    const cursor = nextPage(answer.string('result', 'nextCursor'), asked);
    const page = (posted.page ?? 0) + 1;
    if (call.isOver) return;
    if (cursor !== undefined && page < MAX_PAGES) return this.#listTools(call, page, cursor, now);
    call.isSentAgain = true;
    this.#post(call, now);
  }

  /** An exchange is over: what is still owed for it comes later, or never. */
  #over(exchange: Exchange, failure: RemoteFailure | undefined, now: number): void {
    const { purpose, posted, stream } = exchange;
    if (purpose === 'connect')
      return this.#end(failure ? connectionProblem(failure.code) : STREAM_OVER);
    if (failure?.how === 'unreached') stream.unreached += 1;
    else stream.unreached = 0;
    if (purpose === 'listen') return this.#listenAgain(exchange, failure, now);
    if (!posted) return;
    if (posted.isOver || this.#isSentAgain(posted, exchange)) return;
    if (purpose === 'post' && failure && exchange.status === 0) {
      const problem = connectionProblem(failure.code);
      if (failure.how === 'unreached' || !this.#isStarted) return this.#end(problem);
    }
    // Over HTTP+SSE the answer comes by the one stream.
    if (exchange.reading === 'nothing' || posted.id === undefined) return;
    if (failure?.how === 'too_large')
      return this.#fail(posted, {
        fault: 'too_large',
        message: 'The server answered with more than the bridge can carry in one message.',
        phase: 'sent',
      });
    const mayResume = !posted.isModern && stream.lastEventId !== undefined;
    if (!mayResume) return this.#fail(posted, BROKEN_OFF);
    stream.breaks += 1;
    if (stream.unreached >= MOST_UNREACHED && failure)
      return this.#end(connectionProblem(failure.code));
    if (stream.breaks > MOST_BREAKS) return this.#fail(posted, BROKEN_OFF);
    this.#openLater(stream, now, () => {
      if (posted.isOver) return;
      const headers = streamHeaders(this.#agreed, stream.lastEventId);
      this.#ask('resume', 'GET', { headers, posted, stream });
    });
  }

  /** Its call goes on in another exchange. */
  #isSentAgain(posted: Posted, { number }: Exchange): boolean {
    return this.#exchanges
      .values()
      .some(
        (other) =>
          other.number !== number && (other.posted === posted || other.posted?.forCall === posted),
      );
  }

  #listenAgain({ stream }: Exchange, failure: RemoteFailure | undefined, now: number): void {
    if (stream.isOver) return;
    if (stream.unreached >= MOST_UNREACHED && failure)
      return this.#end(connectionProblem(failure.code));
    // What was too large would come again.
    if (failure?.how === 'too_large') stream.lastEventId = undefined;
    stream.breaks += 1;
    this.#openLater(stream, now, () => this.#listen(stream));
  }

  #openLater(stream: Stream, now: number, open: () => void): void {
    const first = Math.max(stream.retryMs ?? RETRY_MS, LEAST_RETRY_MS);
    const ms = doubledMs(stream.breaks - 1, first, LONGEST_RETRY_MS);
    this.#due.set(stream, { at: now + ms, open });
  }

  /** The request is answered by the bridge. A message that wants no answer only leaves a note. */
  #fail(posted: Posted, fault: Fault): void {
    if (posted.isOver) return;
    if (posted.id === undefined) {
      const words = `a message was not taken: ${fault.message ?? ''}`;
      this.#effects.push({ do: 'note', words });
      return;
    }
    this.#settle(posted);
    const { forCall } = posted;
    if (forCall) return this.#fail(forCall, fault);
    const line = errorResponse(posted.id, faultError({ phase: 'sent', ...fault }));
    this.#effects.push({ do: 'say', line: utf8.encode(line) });
  }

  /** Without a problem the runner ends it. A session that is there is told so (2025-11-25, "Session Management"). */
  #end(problem: RemoteProblem | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#due.clear();
    for (const exchange of this.#exchanges.values()) this.#drop(exchange);
    const isGone = problem !== undefined && problem !== TAKES_NOTHING;
    if (this.#agreed.sessionId !== undefined && !isGone)
      this.#ask('close', 'DELETE', { headers: agreedHeaders(this.#agreed) });
    this.#effects.push({ do: 'end', end: { isStarted: this.#isStarted, problem } });
  }
}

const JSON_TYPE = 'application/json';
const EVENTS_TYPE = 'text/event-stream';

/** Answers that the session reads itself, however large. */
const READ_METHODS: ReadonlySet<string> = new Set(['initialize', 'tools/list']);

const isRead = ({ length }: Uint8Array, posted: Posted | undefined): boolean =>
  length < READ_BYTES || READ_METHODS.has(posted?.method ?? '');

/** What is in a line of the server; undefined if that is no message, or is not read. */
const messageRead = (line: Uint8Array, posted: Posted | undefined): MessageView | undefined =>
  isRead(line, posted) ? onlyMessageIn(line) : undefined;

const utf8 = new TextEncoder();

const OPEN_ARRAY = 0x5b;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** Printed JSON on one line: its breaks stand between tokens. */
function oneLine(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(LF) && !bytes.includes(CR)) return bytes;
  const line = bytes.slice();
  for (let at = 0; at < line.length; at++) if (line[at] === LF || line[at] === CR) line[at] = SPACE;
  return line;
}

const isError = (value: unknown): value is ErrorObject =>
  isObject(value) && typeof value['code'] === 'number' && typeof value['message'] === 'string';

const BROKEN_OFF: Fault = {
  fault: 'process_exited',
  message:
    'The server broke the connection off before it answered. The request may have been carried out. Check before you send it again.',
  phase: 'sent',
};

const TAKES_NOTHING: RemoteProblem = {
  code: 'FULL',
  what: 'does not take the messages that are sent to it',
  fix: 'look at its log',
};
const SESSION_GONE: RemoteProblem = {
  code: 'HTTP 404',
  what: 'does not know its session any more',
  fix: 'nothing needs to be done: the next session is a new one',
};
const STREAM_OVER: RemoteProblem = {
  code: 'ECONNRESET',
  what: 'closed its stream',
  fix: 'look at its log',
};
const ANOTHER_ORIGIN: RemoteProblem = {
  code: 'ORIGIN',
  what: 'wants messages sent to another origin, where its credentials must not go',
  fix: 'have it name an endpoint of its own address, or give that address as "url"',
};
const NO_MESSAGE: RemoteProblem = {
  code: 'NO_MESSAGE',
  what: 'answered with what is no message of MCP',
  fix: 'check "url", and what stands in front of the server',
};
const ACCEPTED_ONLY: RemoteProblem = {
  code: 'HTTP 202',
  what: 'took a request and gave no answer (HTTP 202)',
  fix: 'check "url", and whether it is a server of HTTP+SSE: then write "type": "sse"',
};
