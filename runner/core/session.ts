// One session on the runner: the owner of its truth (D1). It decides what is written to stdin and on which stream
// each message of the process goes, answers what the process cannot, and knows when the session is over.
// Pure: inputs in, effects out; the host performs them. Implements LP12–LP21, R-1, R-2, R-4, R-6, R-8, R-10, R-11.
import { faultError, type Fault, type FaultCode } from '../../shared/fault.ts';
import { GET_STREAM, SSE_STREAM } from '../../shared/ids.ts';
import { errorResponse, type ErrorObject } from '../../shared/jsonrpc/message.ts';
import { textAt, valueIn, withMembers } from '../../shared/jsonrpc/members.ts';
import { integerOf } from '../../shared/jsonrpc/numbers.ts';
import { scanLine, scanMessage, type Envelope } from '../../shared/jsonrpc/scan.ts';
import { spliceLine, type Edit } from '../../shared/jsonrpc/splice.ts';
import type { Transport } from '../../shared/link/control-frames.ts';
import type { PostFrame, SessionDown, SessionUp } from '../../shared/link/session-frames.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { allowsBatches, REVISION_CHARS } from '../../shared/mcp/revisions.ts';
import { Calls, CANCEL_GRACE_MS, OWN_IDS_FROM, type Call, type CallTimes } from './calls.ts';
import { DropNotes } from './drop-notes.ts';
import { earliest } from './earliest.ts';
import { Handshake } from './handshake.ts';
import { Hearing, unusable, type Failed } from './hearing.ts';
import { listenEnd } from './listen-end.ts';
import { Liveness } from './liveness.ts';
import { FRAMED_WORDS, Overheard, type Quote } from './overheard.ts';
import { Posts } from './posts.ts';
import { Presence } from './presence.ts';
import { ProcessText, type Heard } from './process-text.ts';
import { Questions } from './questions.ts';
import { GOES_ON } from './session-effects.ts';
import type { CallRecord, Note, SessionEffect, SessionLimits } from './session-effects.ts';
import { StreamLog } from './stream-log.ts';
import { Tasks } from './tasks.ts';

/** An attached client that acknowledges nothing for this long while something is owed is cut off. */
const STALL_MS = 30_000;

/** After a relink a worker that still holds its client attaches again well within this (LP18); the others died meanwhile. */
const CONFIRM_MS = 10_000;

/** Streams that clients of a modern session may hold open; the official server takes as many. */
const MAX_LISTENS = 1_024;

/** A modern client's worker that broke away is back within moments; a client that left cancels (2026-07-28, "Cancellation"). */
const RETURN_MS = 5_000;

/** Bytes that may wait for a process that does not read its stdin; beyond it posts are refused. */
const STDIN_BACKLOG_BYTES = 8 * 1024 * 1024;

/** A post from before everything that is remembered: it may have been carried out then, so it is not carried out now. */
const TOO_OLD: Fault = {
  fault: 'runner_lost',
  message:
    'The message arrived so late that the bridge cannot tell whether it was already carried out. Check before you send it again.',
  phase: 'unknown',
};

type Phase = 'open' | 'ended';

/** How the names of notifications begin, and of no request. */
const NOTIFICATION = 'notifications/';

const METHOD_NOT_FOUND = -32601;
const INTERNAL_ERROR = -32603;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Session {
  readonly #limits: SessionLimits;
  readonly #transport: Transport;
  readonly #refusal: (notification: Uint8Array) => string | undefined;
  readonly #log = new StreamLog();
  readonly #calls = new Calls();
  readonly #posts = new Posts();
  readonly #handshake = new Handshake();
  readonly #presence: Presence;
  readonly #drops = new DropNotes();
  /** Of its one process; a modern session's translator sees to its own. */
  readonly #liveness: Liveness;
  #pings = 0;
  readonly #questions = new Questions();
  readonly #tasks = new Tasks();
  readonly #text = new ProcessText();
  readonly #overheard: Overheard;
  readonly #hearing = new Hearing({
    has: (id) => this.#calls.get(id)?.isCancelled === false,
    wasAsked: (id) => this.#calls.hasIssued(id),
    only: () => this.#calls.only()?.processId,
  });
  #effects: SessionEffect[] = [];
  #phase: Phase = 'open';
  #ending: { fault?: FaultCode; message?: string } = {};
  /** The stream on which the client's `initialize` is answered. */
  #openingStream: string | undefined;
  /** A client said more than its `initialize`. */
  #hasSpoken = false;
  /** The edge was told of the end on the socket that is up now. */
  #endIsTold = false;
  /** When streams nobody has attached again since the relink count as left. */
  #confirmBy: number | undefined;
  /** Streams of modern requests whose worker is gone, with the time when they are cancelled; oldest first. */
  readonly #abandoned = new Map<string, number>();
  #isPaused = false;
  #isStdinFull = false;
  #stdinBacklogBytes = 0;

  /**
   * `quote`: how what the process printed is shown to a client; without it nothing is. `refusal`: why a notification of a modern
   * client would reach no process; undefined for one that does.
   */
  constructor(
    options: {
      limits: SessionLimits;
      transport: Transport;
      quote?: Quote | undefined;
      refusal?: (notification: Uint8Array) => string | undefined;
    },
    now: number,
  ) {
    this.#overheard = new Overheard(options.quote ?? (() => ''));
    this.#limits = options.limits;
    this.#refusal = options.refusal ?? (() => undefined);
    this.#transport = options.transport;
    this.#liveness = new Liveness({
      silenceMs: options.limits.requestTimeoutMs,
      probe: () => this.#ping(),
      failed: (_process, description, at) => this.#endSilent(description, at),
    });
    this.#presence = new Presence(options.limits, options.transport, now);
    if (this.#isModern) return;
    this.#log.open(
      this.#standingStream,
      { isAttached: false, isKept: options.transport === 'streamable' },
      now,
    );
  }

  /** Its clients are of 2026-07-28: each request stands alone, and whoever leaves has cancelled. */
  get #isModern(): boolean {
    return this.#transport === 'modern';
  }

  /** A client knows of this session: it was given the answer to its `initialize`, or has spoken since. */
  get #isTold(): boolean {
    if (this.#hasSpoken) return true;
    return this.#openingStream !== undefined && this.#log.isDelivered(this.#openingStream);
  }

  get isEnded(): boolean {
    return this.#phase === 'ended';
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /** A request is in flight that ends by itself. */
  get isBusy(): boolean {
    return this.#calls.hasEnding;
  }

  get revision(): string | undefined {
    return this.#handshake.revision;
  }

  get activeAt(): number {
    return this.#presence.activeAt;
  }

  get keptBytes(): number {
    return this.#log.keptBytes;
  }

  /** A new socket reached the actor. Call with each `welcome`; `expired` as in LP20. */
  linked(expired: boolean, now: number): SessionEffect[] {
    this.#presence.linked(now);
    this.#endIsTold = false;
    if (expired) this.#giveUp(now);
    this.#log.rewind(now);
    this.#confirmBy = this.#log.hasAttached ? now + CONFIRM_MS : undefined;
    return this.#flush();
  }

  unlinked(now: number): SessionEffect[] {
    this.#presence.unlinked(now);
    this.#confirmBy = undefined;
    return this.#flush();
  }

  /** A frame from the edge. */
  receive(frame: SessionDown, message: Uint8Array | undefined, now: number): SessionEffect[] {
    switch (frame.type) {
      case 'welcome':
        return this.linked(frame.expired, now);
      case 'post':
        for (const stream of frame.delivered ?? []) this.#log.drop(stream);
        this.#post(frame, message ?? new Uint8Array(0), now);
        break;
      case 'attach':
        this.#attach(frame.stream, frame.after, now);
        break;
      case 'detach':
        this.#detach(frame.stream, now);
        break;
      case 'ack':
        this.#log.ack(frame.stream, frame.seq, now);
        break;
      case 'delivered':
        for (const stream of frame.streams) this.#log.drop(stream);
        break;
      case 'cancel':
        this.#abandon(frame.stream, now);
        break;
      case 'end':
        this.#end({ message: 'The client ended the session.' }, now);
        break;
    }
    return this.#flush();
  }

  /** A line the process printed. `tied`: the id of the request it belongs to, where a translator knows and the line does not say. */
  line(bytes: Uint8Array, now: number, tied?: number): SessionEffect[] {
    if (this.#phase === 'ended') return [];
    const scan = scanLine(bytes);
    if (!scan.ok) this.#oddLine(bytes, now, tied);
    else {
      const messages = scan.shape === 'single' ? [scan.envelope] : scan.messages;
      for (const envelope of messages) this.#fromProcess(bytes, envelope, now, tied);
      this.#hear(this.#text.interrupted(), now);
    }
    return this.#flush();
  }

  /** The process printed more than a line may hold; whose answer it was cannot be told. */
  overlong(bytes: number, now: number): SessionEffect[] {
    const message = `The server printed a line of more than ${String(bytes - 1)} bytes, which the bridge cannot carry.`;
    const [only, second] = this.#calls.all();
    if (only && !second)
      this.#answerFault(only, { fault: 'too_large', message, phase: 'sent' }, now);
    else
      for (const call of this.#calls.all()) {
        this.#answerFault(call, { fault: 'process_protocol', message, phase: 'unknown' }, now);
      }
    this.#noteDrop('a line on stdout is too long; dropped', { bytes }, now);
    return this.#flush();
  }

  /**
   * The process is gone, or could not be started: every call is answered, then the session is over. `isProtocol`: it
   * lived, but broke the protocol.
   */
  exited(description: string, now: number, isProtocol = false): SessionEffect[] {
    if (this.#phase === 'ended') return [];
    const hasStarted = this.#handshake.isDone;
    const ofStarted: FaultCode = isProtocol ? 'process_protocol' : 'process_exited';
    const fault: FaultCode = hasStarted ? ofStarted : 'process_start_failed';
    const words = hasStarted ? description : this.#overheard.added(description);
    const advice = hasStarted ? '' : ' Run `mcp-bridge check` on the runner to see why.';
    this.#end({ fault, message: `The server process ${words}.${advice}` }, now);
    return this.#flush();
  }

  /** Lines of stderr, where the operator lets the client see them. */
  stderr(text: string, now: number): SessionEffect[] {
    if (this.#phase === 'ended' || !this.#handshake.isDone) return [];
    const params = { level: 'info', logger: 'stderr', data: text };
    const notification = { jsonrpc: '2.0', method: 'notifications/message', params };
    this.#emit(this.#untiedStream(), encoder.encode(JSON.stringify(notification)), false, now);
    return this.#flush();
  }

  stdinFull(): void {
    this.#isStdinFull = true;
  }

  stdinDrained(): void {
    this.#isStdinFull = false;
    this.#stdinBacklogBytes = 0;
  }

  /** Ends the session from this side: drain, idle, a removed server. */
  end(reason: { fault?: FaultCode; message?: string }, now: number): SessionEffect[] {
    this.#end(reason, now);
    return this.#flush();
  }

  /** A post began to arrive. One that was taken already is accepted at once: the rest need not come (LP12). */
  begun(id: string): SessionEffect[] {
    if (this.#posts.knows(id) !== 'seen') return [];
    this.#log.confirm(id);
    this.#send({ type: 'accepted', id });
    return this.#flush();
  }

  /** Of these streams something is on its way that takes its time: their clients are not slow. */
  delivering(streams: readonly string[], now: number): SessionEffect[] {
    for (const stream of streams) this.#log.moving(stream, now);
    return this.#flush();
  }

  /** Whatever time brings. Call at or after {@link wakeAt}. */
  tick(now: number): SessionEffect[] {
    for (const id of this.#posts.takeDue(now)) this.#send({ type: 'accepted', id });
    this.#hear(this.#text.tick(now), now);
    for (const failed of this.#hearing.due(now)) this.#fail(failed, now);
    for (const call of this.#calls.due(now)) this.#expire(call, now);
    const stalled = this.#presence.isLinked ? this.#log.stalled(STALL_MS, now) : [];
    for (const stream of stalled) {
      this.#detach(stream, now);
      this.#send({
        type: 'refused',
        of: stream,
        fault: 'overloaded',
        message: 'The client reads too slowly.',
      });
    }
    if (this.#confirmBy !== undefined && this.#confirmBy <= now) this.#detachUnconfirmed(now);
    for (const [stream, at] of this.#abandoned) if (at <= now) this.#abandon(stream, now);
    this.#liveness.tick(now);
    this.#log.expire(now);
    const endsAt = this.#endsAt();
    if (endsAt !== undefined && endsAt <= now)
      this.#end({ message: this.#presence.reason(this.#isTold) }, now);
    return this.#flush();
  }

  /** When {@link tick} must be called next, or undefined when nothing is due. */
  wakeAt(): number | undefined {
    if (this.#phase === 'ended') return undefined;
    return earliest([
      this.#posts.nextDueAt,
      this.#calls.nextDeadline,
      this.#text.wakeAt,
      this.#hearing.wakeAt,
      this.#liveness.wakeAt,
      this.#confirmBy,
      this.#abandoned.values().next().value,
      this.#log.expiresAt,
      this.#stalledAt,
      this.#endsAt(),
    ]);
  }

  /** When a client that acknowledges nothing counts as stalled; without a link it could not. */
  get #stalledAt(): number | undefined {
    const since = this.#presence.isLinked ? this.#log.waitingSince : undefined;
    return since === undefined ? undefined : since + STALL_MS;
  }

  // Client to process.

  #post(frame: PostFrame, message: Uint8Array, now: number): void {
    this.#presence.active(now);
    const known = this.#posts.knows(frame.id);
    if (known === 'seen') {
      if (frame.stream === frame.id) this.#log.confirm(frame.stream);
      return this.#send({ type: 'accepted', id: frame.id });
    }
    if (known === 'forgotten') return this.#send({ type: 'refused', of: frame.id, ...TOO_OLD });
    const fault = this.#phase === 'ended' ? this.#afterwards() : this.#admit(frame, message, now);
    if (fault) {
      this.#withdrawAnswers(message, fault);
      return this.#send({ type: 'refused', of: frame.id, phase: 'not_sent', ...fault });
    }
    this.#posts.remember(frame.id);
    if (frame.stream === frame.id && this.#log.has(frame.id)) {
      this.#posts.acceptLater(frame.id, now);
    } else this.#send({ type: 'accepted', id: frame.id });
  }

  /** Why an ended session takes nothing. A start that failed before its first request came is that request's outcome (F-70). */
  #afterwards(): Fault {
    const { fault, message } = this.#ending;
    return fault === 'process_start_failed' ? { fault, message } : { fault: 'session_not_found' };
  }

  /** What is refused may be answers that the process waits for: it learns that there will be none. */
  #withdrawAnswers(message: Uint8Array, fault: Fault): void {
    if (this.#phase === 'ended') return;
    const words = faultError(fault).message;
    const error = { code: INTERNAL_ERROR, message: `The client's answer was refused: ${words}` };
    for (const id of this.#questions.takeAnswered(message)) {
      this.#write(encoder.encode(errorResponse(id, error)));
    }
  }

  /** Checks a post as a whole, and only then writes it: what is refused has had no effect. */
  #admit(frame: PostFrame, message: Uint8Array, now: number): Fault | undefined {
    const scan = scanMessage(message);
    if (!scan.ok)
      return {
        fault: scan.code === -32700 ? 'parse_error' : 'invalid_request',
        message: scan.reason,
      };
    if (
      scan.shape === 'batch' &&
      !(this.#handshake.revision !== undefined && allowsBatches(this.#handshake.revision))
    ) {
      return {
        fault: 'invalid_request',
        message: 'Batches exist in revision 2025-03-26 only; send messages one by one.',
      };
    }
    const messages = scan.shape === 'single' ? [scan.envelope] : scan.messages;
    const requests = messages.filter((envelope) => envelope.kind === 'request');
    const initializes = requests.some((envelope) => envelope.method === 'initialize');
    if (initializes && (this.#handshake.hasBegun || messages.length > 1)) {
      return {
        fault: 'invalid_request',
        message: 'This session is already initialized; open a new one to initialize again.',
      };
    }
    const refusal = this.#isModern && requests.length === 0 ? this.#refusal(message) : undefined;
    if (refusal !== undefined) return { fault: 'invalid_request', message: refusal };
    const busy = this.#whyBusy(requests);
    if (busy !== undefined) return { fault: 'overloaded', message: busy };
    if (this.#isStdinFull && this.#stdinBacklogBytes + message.length > STDIN_BACKLOG_BYTES) {
      return {
        fault: 'overloaded',
        message: 'The server is not reading its input. Try again when it has answered.',
      };
    }
    if (frame.stream === frame.id && requests.length > 0)
      this.#log.open(frame.id, { isAttached: true, isKept: !this.#isModern }, now);
    if (initializes) {
      this.#handshake.begin(message);
      this.#openingStream = frame.stream;
    } else this.#hasSpoken = true;
    for (const envelope of messages) this.#toProcess(frame.stream, message, envelope, now);
    return undefined;
  }

  /** Who only listens is counted apart: the clients of a principal share a modern session, and each may listen all day. */
  #whyBusy(requests: readonly Envelope[]): string | undefined {
    const { endless } = this.#calls;
    const running = this.#calls.size - endless;
    const listens = requests.filter(({ method }) => method === LISTEN_METHOD).length;
    if (endless + listens > MAX_LISTENS) {
      return `This server has ${String(endless)} listeners, which is the limit.`;
    }
    if (running + requests.length - listens <= this.#limits.maxInFlight) return undefined;
    return `This session has ${String(running)} requests in flight, which is the limit.`;
  }

  #toProcess(stream: string, bytes: Uint8Array, envelope: Envelope, now: number): void {
    if (envelope.kind === 'request') return this.#request(stream, bytes, envelope, now);
    if (envelope.kind === 'notification') {
      if (envelope.method === 'notifications/cancelled')
        return this.#cancelledByClient(bytes, envelope, now);
      this.#hearing.notified(now);
      return this.#write(spliceLine(bytes, [], envelope));
    }
    const id = envelope.id && textAt(bytes, envelope.id);
    if (id === undefined || !this.#questions.answered(id)) {
      const only = id === undefined ? this.#questions.takeOnly() : undefined;
      if (only !== undefined) {
        // The client could not tell which question it could not read: the only one there is.
        const own = withMembers(bytes, { and: { id: only } }, envelope);
        return this.#write(spliceLine(own, []));
      }
      return this.#noteDrop('a response to a request the server never made; dropped', {}, now);
    }
    this.#write(spliceLine(bytes, [], envelope));
  }

  #request(stream: string, bytes: Uint8Array, envelope: Envelope, now: number): void {
    const { id, method, progressToken } = envelope;
    if (!id || method === undefined) return;
    const makesTask =
      progressToken !== undefined && valueIn(bytes, envelope, 'params', 'task') !== undefined;
    const call = this.#calls.add(
      {
        stream,
        method,
        clientId: bytes.slice(id.start, id.end),
        progressToken: progressToken && bytes.slice(progressToken.start, progressToken.end),
        makesTask,
      },
      this.#timesOf(method),
      now,
    );
    if (method.startsWith(NOTIFICATION)) return this.#refuseName(call, now);
    const own = encoder.encode(String(call.processId));
    const edits: Edit[] = [{ ...id, with: own }];
    if (progressToken) edits.push({ ...progressToken, with: own });
    edits.sort((a, b) => a.start - b.start);
    this.#write(spliceLine(bytes, edits, envelope));
  }

  /** A request with the name of a notification has no effect but its answer: a process that looks at the name alone would obey it. */
  #refuseName(call: Call, now: number): void {
    const message = `${call.method} is a notification, not a request, so it takes no id.`;
    const error = errorResponse(call.clientId, { code: METHOD_NOT_FOUND, message });
    this.#settle(call, encoder.encode(error), 'error', now);
  }

  #timesOf(method: string): CallTimes {
    // It runs until somebody ends it.
    if (method === LISTEN_METHOD) return { quietMs: Infinity, limitMs: Infinity };
    const { startTimeoutMs, requestTimeoutMs, requestLimitMs } = this.#limits;
    const quietMs = method === 'initialize' ? startTimeoutMs : requestTimeoutMs;
    return { quietMs, limitMs: requestLimitMs };
  }

  #cancelledByClient(bytes: Uint8Array, envelope: Envelope, now: number): void {
    const { requestId } = envelope;
    if (!requestId) return;
    // The clients of a modern session share it: an id one of them names may be another's (2026-07-28 cancels by leaving).
    const call = this.#isModern
      ? undefined
      : this.#calls.byClientId(bytes.subarray(requestId.start, requestId.end));
    if (!call) return this.#noteDrop('a cancellation of no request in flight; dropped', {}, now);
    const own = encoder.encode(String(call.processId));
    this.#markCancelled(call, now);
    this.#write(spliceLine(bytes, [{ ...requestId, with: own }], envelope));
  }

  #cancel(call: Call, now: number): void {
    if (call.isCancelled) return;
    this.#markCancelled(call, now);
    if (!isInitialize(call)) this.#writeCancelled(call, 'the client is gone');
  }

  #markCancelled(call: Call, now: number): void {
    call.isCancelled = true;
    call.quietUntil = Math.min(call.quietUntil, now + CANCEL_GRACE_MS);
  }

  #writeCancelled(call: Call, reason: string): void {
    const params = { requestId: call.processId, reason };
    this.#write(
      encoder.encode(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params })),
    );
  }

  #write(line: Uint8Array): void {
    if (this.#isStdinFull) this.#stdinBacklogBytes += line.length;
    this.#effects.push({ do: 'write', line });
  }

  // Process to client.

  #fromProcess(bytes: Uint8Array, envelope: Envelope, now: number, tied: number | undefined): void {
    // A log goes on where nothing else does.
    if (envelope.kind !== 'notification') this.#liveness.seen(PROCESS, now);
    switch (envelope.kind) {
      case 'result':
      case 'error':
        return this.#answer(bytes, envelope, now);
      case 'request':
        return this.#ask(bytes, envelope, now, tied);
      case 'notification':
        return this.#notify(bytes, envelope, now, tied);
    }
  }

  /** A line that is no message by the letter: what is in it, or what it was meant to be. */
  #oddLine(line: Uint8Array, now: number, tied: number | undefined): void {
    const heard = this.#text.line(line, now);
    if (!this.#handshake.isDone && heard.some(({ is }) => is !== 'message')) {
      this.#overheard.note(line);
      if (this.#overheard.isFramed) this.#hearing.hopeless(FRAMED_WORDS, now);
    }
    this.#hear(heard, now, tied);
  }

  #hear(heard: readonly Heard[], now: number, tied?: number): void {
    for (const said of heard) {
      if (said.is === 'message') {
        this.#fromProcess(said.bytes, said.envelope, now, tied);
        continue;
      }
      const { reason } = said;
      if (said.is === 'noise') {
        this.#noteDrop('a line on stdout is not a JSON-RPC message; dropped', { reason }, now);
        continue;
      }
      this.#noteDrop('an answer on stdout cannot be read; dropped', { reason }, now);
      const failed = this.#hearing.broken(said, now);
      if (failed) this.#fail(failed, now);
    }
  }

  /** The answer to a request came and is of no use: waiting on would be in vain. */
  #fail({ id, reason, error }: Failed, now: number): void {
    const call = this.#calls.get(id);
    if (!call) return;
    if (error) {
      const message = withMembers(error, { and: { id: call.clientId } });
      this.#settle(call, spliceLine(message, []), 'error', now);
      if (call.method === 'initialize') this.#endRefused(now);
    } else if (call.method !== 'initialize') {
      this.#answerFault(call, unusable(reason), now);
    } else if (reason === FRAMED_WORDS) {
      this.#end({ fault: 'process_start_failed', message: `The server process ${reason}.` }, now);
    } else this.#end(unusable(reason), now);
  }

  #endRefused(now: number): void {
    this.#end({ message: 'The server refused to initialize the session.' }, now);
  }

  #answer(bytes: Uint8Array, envelope: Envelope, now: number): void {
    const { id } = envelope;
    const number = id && integerOf(textAt(bytes, id));
    const call = number === undefined ? undefined : this.#calls.get(number);
    if (number !== undefined && this.#isPing(number)) return;
    if (!id || !call) {
      this.#hearing.stray(bytes, envelope, now);
      if (number !== undefined && this.#calls.hasIssued(number))
        return this.#note('debug', 'an answer to no request in flight; dropped', { late: true });
      // Either the process is broken, or something reached its stdin that this session did not write.
      return this.#noteDrop('an answer to a request that was never made; dropped', {}, now);
    }
    this.#hearing.answered(call.processId, envelope.end - envelope.start);
    const message = spliceLine(bytes, [{ ...id, with: call.clientId }], envelope);
    const outcome = envelope.kind === 'error' ? 'error' : 'result';
    const initializes = call.method === 'initialize';
    if (initializes && outcome === 'result' && !Handshake.isReadable(message)) {
      return this.#end(unusable('it is longer than any client would read'), now);
    }
    if (initializes && outcome === 'result') {
      this.#handshake.complete(message);
      // Before the answer: the client's next request may come as soon as it has that.
      this.#tellRevision();
    }
    this.#settle(call, message, call.isCancelled ? 'cancelled' : outcome, now);
    if (!initializes) this.#minded(call, message, now);
    else if (outcome === 'error') this.#endRefused(now);
  }

  /** A revision is a short text; what is none is not told, and the client's headers are then judged by themselves. */
  #tellRevision(): void {
    const { revision } = this.#handshake;
    if (revision !== undefined && revision.length <= REVISION_CHARS)
      this.#send({ type: 'negotiated', revision });
  }

  /** What an answer says of tasks, whose progress goes on behind it. */
  #minded(call: Call, message: Uint8Array, now: number): void {
    const { processId, progressToken, makesTask, method } = call;
    if (makesTask && progressToken)
      this.#tasks.answered({ processId, progressToken }, message, now);
    else this.#tasks.told(method, message);
  }

  #ask(bytes: Uint8Array, envelope: Envelope, now: number, tied: number | undefined): void {
    const { id, method = '' } = envelope;
    if (!id) return;
    const error = this.#whyNotAsk(method);
    if (error) {
      return this.#write(encoder.encode(errorResponse(bytes.subarray(id.start, id.end), error)));
    }
    const stream = this.#streamOf(tied);
    if (method === 'ping' && (stream === undefined || !this.#log.isAttached(stream))) {
      // No client could; the session is there all the same.
      return this.#write(encoder.encode(`{"jsonrpc":"2.0","id":${textAt(bytes, id)},"result":{}}`));
    }
    if (stream === undefined) return;
    this.#questions.ask(textAt(bytes, id), stream);
    this.#emit(stream, ownLine(bytes, [], envelope), false, now);
  }

  #whyNotAsk(method: string): ErrorObject | undefined {
    if (method.startsWith(NOTIFICATION)) {
      return {
        code: METHOD_NOT_FOUND,
        message: 'This is a notification, not a request, so it takes no id.',
      };
    }
    const missing = this.#handshake.lacksFor(method);
    if (missing !== undefined) {
      return {
        code: METHOD_NOT_FOUND,
        message: `The client did not declare the capability "${missing}".`,
      };
    }
    if (!this.#questions.isFull) return undefined;
    return faultError({
      fault: 'overloaded',
      message: 'The client already has too many questions to answer.',
    });
  }

  #notify(bytes: Uint8Array, envelope: Envelope, now: number, tied: number | undefined): void {
    if (envelope.method === 'notifications/progress') return this.#progress(bytes, envelope, now);
    let stream: string | undefined;
    if (envelope.method === 'notifications/cancelled' && envelope.requestId) {
      stream = this.#questions.answered(textAt(bytes, envelope.requestId));
      if (stream === undefined) return;
    }
    if (envelope.method === 'notifications/tasks/status') {
      this.#tasks.notified(bytes.subarray(envelope.start, envelope.end));
    }
    stream ??= this.#streamOf(tied);
    if (stream !== undefined) this.#emit(stream, ownLine(bytes, [], envelope), false, now);
  }

  /** Where a message goes that does not say it; nowhere, when it belongs to a request that is over, or a modern client to none. */
  #streamOf(tied: number | undefined): string | undefined {
    const call = tied === undefined ? undefined : this.#calls.get(tied);
    if (call) call.hasBegun = true;
    if (tied !== undefined) return call?.stream;
    return this.#isModern ? undefined : this.#untiedStream();
  }

  #progress(bytes: Uint8Array, envelope: Envelope, now: number): void {
    const { progressToken } = envelope;
    const id = progressToken && integerOf(textAt(bytes, progressToken));
    const call = id === undefined ? undefined : this.#calls.get(id);
    const token = call?.progressToken ?? (id && this.#tasks.progressToken(id, now));
    // A task outlives the stream of the request that it came of.
    const stream = call ? call.stream : this.#streamOf(undefined);
    if (!progressToken || !token || stream === undefined) {
      return this.#note('debug', 'progress for no request in flight; dropped', {});
    }
    this.#liveness.seen(PROCESS, now);
    if (call) this.#hearing.alive(call.processId);
    if (call?.isCancelled === false) call.quietUntil = now + this.#limits.requestTimeoutMs;
    const edit = { ...progressToken, with: token };
    this.#emit(stream, ownLine(bytes, [edit], envelope), false, now);
  }

  /** Where a message goes that belongs to no request (ARCHITECTURE.md §4, "What differs elsewhere"). */
  #untiedStream(): string {
    if (this.#transport === 'sse') return SSE_STREAM;
    const streams = this.#calls.streams();
    const [oldest] = streams;
    if (oldest === undefined || (streams.length > 1 && this.#log.isAttached(GET_STREAM)))
      return GET_STREAM;
    return oldest;
  }

  get #standingStream(): string {
    return this.#transport === 'sse' ? SSE_STREAM : GET_STREAM;
  }

  #answerFault(call: Call, fault: Fault, now: number): void {
    const message = encoder.encode(errorResponse(call.clientId, faultError(fault)));
    this.#settle(call, message, fault.fault, now);
  }

  /** Gives a call its one outcome. */
  #settle(
    call: Call,
    message: Uint8Array | undefined,
    outcome: CallRecord['outcome'],
    now: number,
  ): void {
    const { isLast } = this.#calls.settle(call);
    this.#presence.active(now);
    const isFinal = isLast && call.stream !== this.#standingStream;
    if (message || isFinal) this.#emit(call.stream, message, isFinal, now);
    const { method, stream } = call;
    this.#effects.push({
      do: 'audit',
      call: {
        callId: stream,
        method,
        outcome,
        ms: now - call.startedAt,
        bytes: message?.length ?? 0,
      },
    });
  }

  /** A call ran out of time; the process is told, and a later answer is dropped. */
  #expire(call: Call, now: number): void {
    if (call.isCancelled) {
      this.#settle(call, undefined, 'cancelled', now);
      return this.#doubt(call, now);
    }
    if (isInitialize(call)) return this.#expireStart(call, now);
    this.#writeCancelled(call, 'deadline exceeded');
    this.#answerFault(call, { fault: 'deadline', phase: 'sent' }, now);
    this.#doubt(call, now);
  }

  /** One slow call proves nothing; a process that says nothing at all any more is of no use to the next. */
  #doubt({ startedAt }: Call, now: number): void {
    if (!this.#isModern) this.#liveness.doubt(PROCESS, startedAt, now);
  }

  #isPing = (id: number): boolean => id > PING_IDS_FROM && id <= PING_IDS_FROM + this.#pings;

  #ping(): void {
    const id = PING_IDS_FROM + ++this.#pings;
    this.#write(encoder.encode(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })));
  }

  #endSilent(description: string, now: number): void {
    const message = `The server process ${description}, so it was ended.`;
    this.#end({ fault: 'process_exited', message }, now);
  }

  /** The first start may download the whole server: it goes on, and a later session may meet it started. */
  #expireStart(call: Call, now: number): void {
    const seconds = String(Math.round(this.#limits.startTimeoutMs / 1000));
    const words = this.#overheard.added(`did not answer initialize within ${seconds} s`);
    const message = `The server process ${words}. ${GOES_ON}`;
    const ending = { fault: 'process_start_failed', message } as const;
    this.#answerFault(call, { ...ending, phase: 'sent', retryable: true }, now);
    this.#end(ending, now, true);
  }

  #attach(stream: string, after: number | null, now: number): void {
    this.#presence.active(now);
    this.#abandoned.delete(stream);
    // What is on its way is sent behind `attached`; of a large event, what is missing.
    this.#withdraw(stream);
    const attaching = this.#log.attach(stream, after, now);
    if (!attaching.ok) return this.#send({ type: 'refused', of: stream, fault: attaching.fault });
    if (this.#log.isSpent(stream)) {
      this.#log.detach(stream, now);
      return this.#send({ type: 'refused', of: stream, fault: 'stream_over' });
    }
    if (stream === this.#standingStream) {
      this.#presence.present();
      this.#hasSpoken = true;
    }
    const owes =
      this.#transport === 'sse'
        ? this.#calls.all().map(({ clientId }) => decoder.decode(clientId))
        : [];
    const frame = { type: 'attached' as const, stream, after: attaching.after };
    this.#send(owes.length > 0 ? { ...frame, owes } : frame);
  }

  /** A worker that died while the link was away could not say so: its streams must not keep the session alive. */
  #detachUnconfirmed(now: number): void {
    this.#confirmBy = undefined;
    for (const stream of this.#log.unconfirmed()) this.#detach(stream, now);
  }

  /** Nobody listens to a stream any more. A modern client has no way back; its worker may have. */
  #detach(stream: string, now: number): void {
    this.#withdraw(stream);
    this.#log.detach(stream, now);
    this.#presence.active(now);
    if (this.#isModern && this.#log.has(stream)) this.#abandoned.set(stream, now + RETURN_MS);
  }

  /** A stream's client is gone for good: what it asked is cancelled, and nothing is kept for it. */
  #abandon(stream: string, now: number): void {
    this.#abandoned.delete(stream);
    for (const call of this.#calls.all()) if (call.stream === stream) this.#cancel(call, now);
    if (this.#isModern) this.#dropStream(stream);
  }

  // The session's end.

  /** Answers everything in flight and is over. Idempotent. */
  #end(
    ending: { fault?: FaultCode; message?: string },
    now: number,
    isStarting = this.#calls.all().some(isInitialize),
  ): void {
    if (this.#phase === 'ended') return;
    const fault: Fault = {
      fault: ending.fault ?? 'process_exited',
      message: ending.message,
      phase: 'sent',
    };
    for (const call of this.#calls.all()) {
      if (this.#isListening(call)) this.#endListen(call, now);
      else this.#answerFault(call, fault, now);
    }
    this.#phase = 'ended';
    this.#ending = ending;
    this.#posts.forgetUnaccepted();
    this.#effects.push({ do: 'stop', reason: ending.message ?? 'the session ended', isStarting });
  }

  #isListening({ method, hasBegun }: Call): boolean {
    return this.#isModern && method === LISTEN_METHOD && hasBegun;
  }

  /** A subscription that its server ends has a result; its client opens another. */
  #endListen(call: Call, now: number): void {
    const id = decoder.decode(call.clientId);
    this.#settle(call, encoder.encode(listenEnd(id, id)), 'result', now);
  }

  /** The edge told the clients that what was in flight is lost: no second outcome may follow (LP20). */
  #giveUp(now: number): void {
    // An HTTP+SSE session has no way back: its stream was closed with what was in flight.
    if (this.#transport === 'sse') return this.#end({ fault: 'runner_lost' }, now);
    for (const call of this.#calls.all()) {
      // A call whose client left by itself goes on: nobody was told anything about it.
      if (!this.#log.isAttached(call.stream)) continue;
      this.#writeCancelled(call, 'the connection to the client was lost');
      this.#answerFault(call, { fault: 'runner_lost', phase: 'sent' }, now);
    }
    for (const stream of this.#log.attached()) if (stream !== GET_STREAM) this.#dropStream(stream);
    this.#posts.forgetUnaccepted();
  }

  /** When the session is over if nothing happens. */
  #endsAt(): number | undefined {
    const { hasAttached, hasUndelivered } = this.#log;
    const inFlight = this.#calls.size;
    return this.#presence.endsAt({ hasAttached, hasUndelivered, inFlight, isTold: this.#isTold });
  }

  // Effects.

  #withdraw(stream: string): void {
    if (this.#log.isUnderWay(stream)) this.#effects.push({ do: 'withdraw', stream });
  }

  #dropStream(stream: string): void {
    if (this.#log.isUnderWay(stream)) this.#effects.push({ do: 'drop', stream });
    this.#log.drop(stream);
  }

  #emit(stream: string, message: Uint8Array | undefined, final: boolean, now: number): void {
    this.#posts.accepted(stream);
    this.#log.append(stream, message, final, now);
  }

  /** Frames beside events need no log: whoever misses one asks again (LP18). */
  #send(frame: SessionUp): void {
    if (this.#presence.isLinked) this.#effects.push({ do: 'send', frame });
  }

  #noteDrop(words: string, fields: object, now: number): void {
    const note = this.#drops.count(words, fields, now);
    if (note) this.#effects.push(note);
  }

  #note(level: Note['level'], words: string, fields: object): void {
    this.#effects.push({ do: 'note', level, words, fields });
  }

  #flush(): SessionEffect[] {
    if (this.#presence.isLinked) {
      for (const { message, seq, stream, final } of this.#log.takeSendable()) {
        const frame = { type: 'event' as const, stream, seq };
        this.#effects.push({ do: 'send', frame: final ? { ...frame, final } : frame, message });
      }
      // Behind the last event: what follows `ended` would reach nobody.
      if (this.#phase === 'ended' && !this.#endIsTold && !this.#log.hasUnsent) {
        this.#endIsTold = true;
        this.#send({ type: 'ended', ...this.#ending });
      }
    }
    this.#regulate();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #regulate(): void {
    if (this.#isPaused ? !this.#log.mayResume : !this.#log.isCongested) return;
    this.#isPaused = !this.#isPaused;
    this.#effects.push({ do: this.#isPaused ? 'pause' : 'resume' });
  }
}

/** A legacy session has one process. */
const PROCESS = 0;

/** Ids of the bridge's pings: not those that a translator in front of the process gives its own requests. */
const PING_IDS_FROM = OWN_IDS_FROM + 2 ** 29;

/** The one request that is never cancelled (MCP 2025-11-25, Cancellation, "Behavior Requirements"). */
const isInitialize = ({ method }: Call): boolean => method === 'initialize';

/** The message as bytes of its own: a kept view would keep the whole chunk of stdout it lies in. */
function ownLine(bytes: Uint8Array, edits: readonly Edit[], envelope: Envelope): Uint8Array {
  const line = spliceLine(bytes, edits, envelope);
  return line.byteLength < line.buffer.byteLength ? line.slice() : line;
}
