// Takes what the process of one session says to the clients. A message goes on the stream of the request it belongs to or, if
// it belongs to none, on the stream that its kind of client is known to read (LP15, R-1, R-8).
import type { BridgeRequestId, StreamId } from '../../shared/ids.ts';
import { faultError } from '../../shared/fault.ts';
import { withMembers } from '../../shared/jsonrpc/members.ts';
import { emptyResponse, errorResponse, type ErrorObject } from '../../shared/jsonrpc/message.ts';
import { spliceApart } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import { isNotificationName } from '../../shared/mcp/notifications.ts';
import { REVISION_CHARS } from '../../shared/mcp/revisions.ts';
import { LIST_METHOD } from '../../shared/mcp/judged.ts';
import { bridgeIdOf } from './bridge-ids.ts';
import { isInitialize, type Call, type Calls } from './calls.ts';
import type { ClientTraits } from './client-kinds.ts';
import { Handshake } from './handshake.ts';
import { unusable, type Failed, type Hearing } from './hearing.ts';
import { isListTooLarge, LISTS_TOO_MUCH } from './list-size.ts';
import type { Outcomes } from './outcomes.ts';
import { FRAMED_WORDS } from './overheard.ts';
import type { Policy } from './policy.ts';
import type { Pulse } from './pulse.ts';
import type { Questions } from './questions.ts';
import type { End, SessionLimits } from './session-effects.ts';
import type { SessionOutput } from './session-output.ts';
import type { StreamLog } from './stream-log.ts';
import { Tasks } from './tasks.ts';
import type { ToolCatalogue } from './tool-catalogue.ts';

interface Parts {
  readonly limits: SessionLimits;
  readonly clients: ClientTraits;
  readonly log: StreamLog;
  readonly handshake: Handshake;
  readonly calls: Calls;
  readonly questions: Questions;
  readonly hearing: Hearing;
  readonly outcomes: Outcomes;
  readonly pulse: Pulse;
  readonly out: SessionOutput;
  readonly policy: Policy | undefined;
  /** Absent: nobody needs to know the tools. */
  readonly catalogue: ToolCatalogue | undefined;
  readonly end: End;
}

const TOOLS_CHANGED = 'notifications/tools/list_changed';

const encoder = new TextEncoder();

export class ProcessToClient {
  readonly #parts: Parts;
  readonly #tasks = new Tasks();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `bridgeId`: the id of the request that the message belongs to, if it does not say so itself. */
  message(message: MessageView, now: number, bridgeId: BridgeRequestId | undefined): void {
    // A process may go on logging when nothing else works.
    if (message.kind !== 'notification') this.#parts.pulse.seen(now);
    switch (message.kind) {
      case 'result':
      case 'error':
        return this.#answer(message, now);
      case 'request':
        return this.#ask(message, now, bridgeId);
      case 'notification':
        return this.#notify(message, now, bridgeId);
    }
  }

  /** The answer to a request came but cannot be used, so there is nothing to wait for. */
  unreadable({ id, reason, error }: Failed, now: number): void {
    const { calls, outcomes, catalogue, end } = this.#parts;
    if (catalogue?.awaits(id)) return catalogue.failed(now);
    const call = calls.get(id);
    if (!call) return;
    if (error) {
      const message = withMembers(error, { and: { id: call.clientIdBytes } });
      outcomes.settle(call, message, 'error', now);
      if (isInitialize(call)) this.#endRefused(now);
    } else if (!isInitialize(call)) {
      outcomes.fail(call, unusable(reason), now);
    } else if (reason === FRAMED_WORDS) {
      end({ fault: 'process_start_failed', message: `The server process ${reason}.` }, now);
    } else end(unusable(reason), now);
  }

  /** Text that the bridge says in the process's place, as a log message of level info. */
  logged(logger: string, data: string, now: number): void {
    const params = { level: 'info', logger, data };
    const notification = { jsonrpc: '2.0', method: 'notifications/message', params };
    const stream = this.#untiedStream();
    if (stream === undefined) return;
    this.#parts.out.emit(stream, encoder.encode(JSON.stringify(notification)), false, now);
  }

  #endRefused(now: number): void {
    this.#parts.end({ message: 'The server refused to initialize the session.' }, now);
  }

  #answer(answer: MessageView, now: number): void {
    const { calls, handshake, hearing, outcomes, pulse, policy, catalogue, end } = this.#parts;
    const { idAt } = answer;
    const number = bridgeIdOf(answer.id);
    if (number !== undefined && pulse.isPing(number)) return;
    if (number !== undefined && catalogue?.awaits(number)) {
      hearing.answered(number, answer.bytes.length);
      return catalogue.answered(answer, now);
    }
    const call = number === undefined ? undefined : calls.get(number);
    if (!idAt || !call) return this.#stray(answer, number, now);
    hearing.answered(call.bridgeId, answer.bytes.length);
    const edits = [{ ...idAt, with: call.clientIdBytes }];
    if (call.method === LIST_METHOD && (policy || catalogue)) {
      if (isListTooLarge(answer)) return outcomes.fail(call, unusable(LISTS_TOO_MUCH), now);
      edits.push(...(policy?.listed(answer, catalogue?.isHeldBack) ?? []));
    }
    edits.sort((one, other) => one.start - other.start);
    const message = spliceApart(answer.bytes, edits);
    const outcome = answer.kind === 'error' ? 'error' : 'result';
    const initializes = isInitialize(call);
    if (initializes && outcome === 'result' && !Handshake.isReadable(answer)) {
      return end(unusable('it is longer than any client would read'), now);
    }
    if (initializes && outcome === 'result') {
      handshake.complete(answer);
      // Before the answer: the client's next request may come as soon as it has that.
      this.tellRevision();
    }
    outcomes.settle(call, message, call.isCancelled ? 'cancelled' : outcome, now);
    if (!initializes) this.#minded(call, answer, now);
    else if (outcome === 'error') this.#endRefused(now);
  }

  /** An answer, under the id `number` if that is one, to no request in flight. */
  #stray(answer: MessageView, number: BridgeRequestId | undefined, now: number): void {
    const { calls, hearing, out } = this.#parts;
    hearing.stray(answer, now);
    if (number !== undefined && calls.hasIssued(number))
      return out.note('debug', 'an answer to no request in flight; dropped', { late: true });
    // Either the process is broken, or something reached its stdin that this session did not write.
    out.noteDrop('an answer to a request that was never made; dropped', {}, now);
  }

  /** A revision is a short text. Anything else is not reported, and the client's headers are then checked by themselves. */
  tellRevision(): void {
    const { handshake, out } = this.#parts;
    const { revision } = handshake;
    if (revision !== undefined && revision.length <= REVISION_CHARS)
      out.send({ type: 'negotiated', revision });
  }

  /** What an answer says about tasks, whose progress continues after it. */
  #minded(call: Call, answer: MessageView, now: number): void {
    const { bridgeId, progressToken, makesTask, method } = call;
    if (makesTask && progressToken) this.#tasks.answered({ bridgeId, progressToken }, answer, now);
    else this.#tasks.told(method, answer);
  }

  #ask(message: MessageView, now: number, bridgeId: BridgeRequestId | undefined): void {
    const { log, questions, out } = this.#parts;
    const { id, method } = message;
    if (id === undefined) return;
    const error = this.#whyNotAsk(method);
    if (error) return out.write(encoder.encode(errorResponse(id, error)));
    const stream = this.#streamOf(bridgeId);
    if (method === 'ping' && (stream === undefined || !log.isAttached(stream))) {
      // No client can answer, but the session is there.
      return out.write(encoder.encode(emptyResponse(id)));
    }
    if (stream === undefined) return;
    questions.ask(id, stream);
    out.emit(stream, message.kept().bytes, false, now);
  }

  #whyNotAsk(method: string): ErrorObject | undefined {
    const { handshake, questions } = this.#parts;
    const code = CODE.methodNotFound;
    if (isNotificationName(method)) {
      return { code, message: 'This is a notification, not a request, so it takes no id.' };
    }
    const missing = handshake.lacksFor(method);
    if (missing !== undefined) {
      return { code, message: `The client did not declare the capability "${missing}".` };
    }
    if (!questions.isFull) return undefined;
    const message = 'The client already has too many questions to answer.';
    return faultError({ fault: 'overloaded', message });
  }

  #notify(message: MessageView, now: number, bridgeId: BridgeRequestId | undefined): void {
    const { method, requestId } = message;
    if (method === 'notifications/progress') return this.#progress(message, now);
    let stream: StreamId | undefined;
    if (method === 'notifications/cancelled' && requestId !== undefined) {
      stream = this.#parts.questions.answered(requestId);
      if (stream === undefined) return;
    }
    if (method === 'notifications/tasks/status') this.#tasks.notified(message);
    if (method === TOOLS_CHANGED) this.#parts.catalogue?.changed();
    stream ??= this.#streamOf(bridgeId);
    if (stream !== undefined) this.#parts.out.emit(stream, message.kept().bytes, false, now);
  }

  #progress(message: MessageView, now: number): void {
    const { limits, calls, hearing, pulse, out } = this.#parts;
    const { progressTokenAt } = message;
    const id = bridgeIdOf(message.progressToken);
    const call = id === undefined ? undefined : calls.get(id);
    const token = call?.progressToken ?? (id && this.#tasks.progressToken(id, now));
    // A task outlives the stream of the request that it came of.
    const stream = call ? call.stream : this.#untiedStream();
    if (!progressTokenAt || !token || stream === undefined) {
      return out.note('debug', 'progress for no request in flight; dropped', {});
    }
    pulse.seen(now);
    if (call) hearing.alive(call.bridgeId);
    if (call?.isCancelled === false) call.quietUntil = now + limits.requestTimeoutMs;
    out.emit(stream, message.edited([{ ...progressTokenAt, with: token }]).bytes, false, now);
  }

  /** The stream for a message that does not name one; none if it belongs to a request that is over. */
  #streamOf(bridgeId: BridgeRequestId | undefined): string | undefined {
    if (bridgeId === undefined) return this.#untiedStream();
    const call = this.#parts.calls.get(bridgeId);
    if (call) call.hasBegun = true;
    return call?.stream;
  }

  /** The stream for a message that belongs to no request (ARCHITECTURE.md §4, "What differs elsewhere"). */
  #untiedStream(): string | undefined {
    const { clients, calls, log } = this.#parts;
    const { standing, hasRequestStreams } = clients;
    if (standing === undefined || !hasRequestStreams) return standing;
    const streams = calls.streams();
    const [oldest] = streams;
    if (oldest === undefined || (streams.length > 1 && log.isAttached(standing))) return standing;
    return oldest;
  }
}
