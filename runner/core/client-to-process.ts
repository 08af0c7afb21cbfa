// Takes what the clients of one session say to its process: recognizes a post that was seen before, checks a new one as a
// whole, and writes it with the bridge's own ids (LP12, LP13, R-2, R-8).
import { faultError, type Fault } from '../../shared/fault.ts';
import { PARSE_ERROR } from '../../shared/jsonrpc/json-cursor.ts';
import { withMembers } from '../../shared/jsonrpc/members.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import { digitsOf } from '../../shared/jsonrpc/numbers.ts';
import { scanMessage } from '../../shared/jsonrpc/scan.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import { readMessages, type MessageView } from '../../shared/jsonrpc/view.ts';
import type { PostFrame } from '../../shared/link/session-frames.ts';
import { CODE, LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { isNotificationName } from '../../shared/mcp/notifications.ts';
import { allowsBatches } from '../../shared/mcp/revisions.ts';
import { toldOf, type ToldApp } from '../../shared/mcp/told.ts';
import type { CallSpans } from './call-spans.ts';
import type { Calls, CallTimes } from './calls.ts';
import type { ClientTraits } from './client-kinds.ts';
import type { Handshake } from './handshake.ts';
import type { Hearing } from './hearing.ts';
import type { Listeners } from './listeners.ts';
import type { Outcomes } from './outcomes.ts';
import type { Policy } from './policy.ts';
import type { Posts } from './posts.ts';
import type { Presence } from './presence.ts';
import type { Questions } from './questions.ts';
import type { SessionLimits } from './session-effects.ts';
import type { SessionOutput } from './session-output.ts';
import type { StreamLog } from './stream-log.ts';
import type { ToolCatalogue } from './tool-catalogue.ts';
import { PLAIN, type ToolSearch } from './tool-search.ts';
import type { StreamId } from '../../shared/ids.ts';

/** Listeners that clients of a session may hold open; the official server takes as many. */
const MAX_LISTENS = 1_024;

/** A post older than everything remembered: it may have been carried out before, so it is not carried out now. */
const TOO_OLD: Fault = {
  fault: 'runner_lost',
  message:
    'The message arrived so late that the bridge cannot tell whether it was already carried out. Check before you send it again.',
  phase: 'unknown',
};

interface Parts {
  readonly limits: SessionLimits;
  readonly clients: ClientTraits;
  readonly posts: Posts;
  readonly log: StreamLog;
  readonly handshake: Handshake;
  readonly calls: Calls;
  readonly questions: Questions;
  readonly hearing: Hearing;
  readonly outcomes: Outcomes;
  readonly listeners: Listeners;
  readonly presence: Presence;
  readonly out: SessionOutput;
  readonly policy: Policy | undefined;
  /** Absent: nobody needs to know the tools. */
  readonly catalogue: ToolCatalogue | undefined;
  /** Absent: clients are given the list of tools. */
  readonly search: ToolSearch | undefined;
  /** What the client called itself at first; absent: calls are not recorded. */
  readonly record: { readonly app: ToldApp } | undefined;
  /** Absent: nothing is traced. */
  readonly spans: CallSpans | undefined;
  /** Why a notification would reach no process; undefined if it reaches one. */
  readonly refusal: (notification: MessageView) => string | undefined;
}

/** Where a request's answer goes, and what the record calls it. */
interface CallPlace {
  readonly stream: StreamId;
  readonly callId: string;
}

const encoder = new TextEncoder();

export class ClientToProcess {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * A post came. `over`: the session has ended, and refuses with this fault what it has not seen. `said`: the message, if it was
   * scanned as {@link scanMessage} does it.
   */
  post(
    frame: PostFrame,
    message: Uint8Array,
    now: number,
    over: Fault | undefined,
    said?: MessageView,
  ): void {
    const { posts, log, presence, out } = this.#parts;
    presence.active(now);
    const { id, stream } = frame;
    const known = posts.knows(id);
    if (known === 'seen') {
      if (stream === id) log.confirm(stream);
      return out.send({ type: 'accepted', id });
    }
    if (known === 'forgotten') return out.send({ type: 'refused', of: id, ...TOO_OLD });
    const earlier = posts.refusal(id);
    const fault = over ?? earlier ?? this.#admit(frame, message, now, said);
    if (fault) {
      if (fault.fault === 'overloaded') posts.refuse(id, fault);
      if (!over && !earlier) this.#withdrawAnswers(message, fault);
      return out.send({ type: 'refused', of: id, phase: 'not_sent', ...fault });
    }
    posts.remember(id);
    if (stream === id && log.has(id)) posts.acceptLater(id, now);
    else out.send({ type: 'accepted', id });
  }

  /** A post began to arrive. If it was taken before, it is accepted at once, so that the rest need not come (LP12). */
  begun(id: string): void {
    const { posts, log, out } = this.#parts;
    if (posts.knows(id) !== 'seen') return;
    log.confirm(id);
    out.send({ type: 'accepted', id });
  }

  /** Accepts the posts that none of their events has accepted in time (LP13). */
  acceptDue(now: number): void {
    const { posts, out } = this.#parts;
    for (const id of posts.takeDue(now)) out.send({ type: 'accepted', id });
  }

  /** A refused message may contain answers that the process waits for: the process learns that there will be none. */
  #withdrawAnswers(message: Uint8Array, fault: Fault): void {
    const { questions, out } = this.#parts;
    const words = faultError(fault).message;
    const error = { code: CODE.internal, message: `The client's answer was refused: ${words}` };
    for (const id of questions.takeAnswered(message)) {
      out.write(encoder.encode(errorResponse(id, error)));
    }
  }

  /** Checks a post as a whole, and only then writes it, so that a refused post has no effect. */
  #admit(
    { id, stream }: PostFrame,
    message: Uint8Array,
    now: number,
    said: MessageView | undefined,
  ): Fault | undefined {
    const read = said
      ? ({ ok: true, isBatch: false, messages: [said] } as const)
      : readMessages(message, scanMessage);
    if (!read.ok) {
      const fault = read.code === PARSE_ERROR ? 'parse_error' : 'invalid_request';
      return { fault, message: read.reason };
    }
    const { messages, isBatch } = read;
    const [first] = messages;
    const requests = messages.filter(({ kind }) => kind === 'request');
    const initializes = requests.some(({ method }) => method === 'initialize');
    const invalid =
      (isBatch ? this.#whyNoBatch() : undefined) ??
      (initializes ? this.#whyNotInitialize(messages.length) : undefined) ??
      (requests.length === 0 && first ? this.#whyNotTold(first) : undefined);
    if (invalid !== undefined) return { fault: 'invalid_request', message: invalid };
    const busy = this.#whyBusy(requests, message.length);
    if (busy !== undefined) return { fault: 'overloaded', message: busy };
    const { log, clients, handshake, listeners } = this.#parts;
    if (stream === id && requests.length > 0)
      log.open(id, { isAttached: true, isKept: clients.isResumable }, now);
    if (initializes && first) {
      handshake.begin(first);
      listeners.initializes(stream);
    } else listeners.spoke();
    for (const [index, each] of messages.entries())
      this.#toProcess({ stream, callId: isBatch ? `${id}.${index + 1}` : id }, each, now);
    return undefined;
  }

  /** A notification has no answer, so one that goes nowhere is refused with its post. */
  #whyNotTold(first: MessageView): string | undefined {
    const judged = this.#parts.policy?.judge(first);
    return judged?.ok === false ? judged.refusal : this.#parts.refusal(first);
  }

  #whyNoBatch(): string | undefined {
    const { revision } = this.#parts.handshake;
    if (revision !== undefined && allowsBatches(revision)) return undefined;
    return 'Batches exist in revision 2025-03-26 only; send messages one by one.';
  }

  #whyNotInitialize(messages: number): string | undefined {
    if (!this.#parts.handshake.hasBegun && messages === 1) return undefined;
    return 'This session is already initialized; open a new one to initialize again.';
  }

  /** Listening clients are counted separately: the clients of a principal share a modern session, and each may listen all day. */
  #whyBusy(requests: readonly MessageView[], bytes: number): string | undefined {
    const { calls, limits, out } = this.#parts;
    const { endless } = calls;
    const running = calls.size - endless;
    const listens = requests.filter(({ method }) => method === LISTEN_METHOD).length;
    if (endless + listens > MAX_LISTENS) {
      return `This server has ${String(endless)} listeners, which is the limit.`;
    }
    if (running + requests.length - listens > limits.maxInFlight) {
      return `This session has ${String(running)} requests in flight, which is the limit.`;
    }
    if (out.takes(bytes)) return undefined;
    return 'The server is not reading its input. Try again when it has answered.';
  }

  #toProcess(place: CallPlace, message: MessageView, now: number): void {
    switch (message.kind) {
      case 'request':
        return this.#request(place, message, now);
      case 'notification':
        return this.#notify(message, now);
      case 'result':
      case 'error':
        return this.#answer(message, now);
    }
  }

  #request({ stream, callId }: CallPlace, said: MessageView, now: number): void {
    const { calls, outcomes, out, record, spans, search } = this.#parts;
    const read = search?.read(said);
    const ask = read?.ask ?? PLAIN;
    const message = read?.message ?? said;
    const { bytes, idAt, method, progressTokenAt: tokenAt } = message;
    if (!idAt) return;
    const span = spans?.begin(message);
    const call = calls.add(
      {
        stream,
        callId,
        method,
        told: record && toldOf(message, record.app),
        span,
        clientIdBytes: bytes.slice(idAt.start, idAt.end),
        progressToken: tokenAt && bytes.slice(tokenAt.start, tokenAt.end),
        makesTask: tokenAt !== undefined && message.has('params', 'task'),
      },
      this.#timesOf(method),
      now,
    );
    if (isNotificationName(method)) {
      // It only gets an answer: a process that looks only at the name would obey it.
      const words = `${method} is a notification, not a request, so it takes no id.`;
      return outcomes.refuse(call, { code: CODE.methodNotFound, message: words }, now);
    }
    const isOwnTool = ask.kind === 'search' || ask.kind === 'wrong';
    const judged = this.#parts.policy?.judge(message, isOwnTool);
    if (judged?.ok === false)
      return outcomes.fail(call, { fault: 'not_allowed', message: judged.refusal }, now);
    const own = digitsOf(call.bridgeId);
    const edits: Edit[] = [{ ...idAt, with: own }, ...(judged?.edits ?? [])];
    if (tokenAt) edits.push({ ...tokenAt, with: own });
    const edited = message.edited(edits);
    const passed = span && spans ? spans.carriedBy(edited, span) : edited;
    if (!this.#parts.catalogue?.takes(call, passed, ask, now)) out.pass(passed);
  }

  #timesOf(method: string): CallTimes {
    // It runs until somebody ends it.
    if (method === LISTEN_METHOD) return { quietMs: Infinity, limitMs: Infinity };
    const { startTimeoutMs, requestTimeoutMs, requestLimitMs } = this.#parts.limits;
    const quietMs = method === 'initialize' ? startTimeoutMs : requestTimeoutMs;
    return { quietMs, limitMs: requestLimitMs };
  }

  #notify(message: MessageView, now: number): void {
    if (message.method === 'notifications/cancelled') return this.#cancel(message, now);
    const judged = this.#parts.policy?.judge(message);
    if (judged?.ok === false)
      return this.#parts.out.noteDrop('a notification that is not allowed; dropped', {}, now);
    this.#parts.hearing.notified(now);
    this.#parts.out.pass(message);
  }

  #cancel(message: MessageView, now: number): void {
    const { clients, calls, outcomes, out } = this.#parts;
    const { bytes, requestIdAt } = message;
    if (!requestIdAt) return;
    const call = clients.cancelsById
      ? calls.byClientId(bytes.subarray(requestIdAt.start, requestIdAt.end))
      : undefined;
    if (!call) return out.noteDrop('a cancellation of no request in flight; dropped', {}, now);
    const own = digitsOf(call.bridgeId);
    outcomes.cancelled(call, now);
    out.pass(message.edited([{ ...requestIdAt, with: own }]));
  }

  /** The client's answer to a question of the process. */
  #answer(message: MessageView, now: number): void {
    const { questions, out } = this.#parts;
    const { id, bytes } = message;
    if (id !== undefined && questions.answered(id) !== undefined) return out.pass(message);
    // A client that could not read a question cannot name it, so this is for the only open one.
    const only = id === undefined ? questions.takeOnly() : undefined;
    if (only !== undefined) return out.write(withMembers(bytes, { and: { id: only } }));
    out.noteDrop('a response to a request the server never made; dropped', {}, now);
  }
}
