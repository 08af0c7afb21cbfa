// Gives each request in flight its one outcome: an answer, a fault or, after a cancellation, only the end of its stream (R-1,
//
import type { Bytes } from '../../shared/bytes.ts';
import type { ClientRequestId } from '../../shared/ids.ts';
import { faultError, type Fault } from '../../shared/fault.ts';
import { errorResponse, type ErrorObject } from '../../shared/jsonrpc/message.ts';
import { LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { CANCEL_GRACE_MS, isInitialize, type Call, type Calls } from './calls.ts';
import type { ClientTraits } from './client-kinds.ts';
import { listenEnd } from './listen-end.ts';
import type { Presence } from './presence.ts';
import type { CallRecord } from './session-effects.ts';
import type { SessionOutput } from './session-output.ts';

interface Parts {
  readonly clients: ClientTraits;
  readonly calls: Calls;
  readonly presence: Presence;
  readonly out: SessionOutput;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Outcomes {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Ends a call. `message`: its answer under the client's id; without one the client gets nothing more. */
  settle(
    call: Call,
    message: Bytes | undefined,
    outcome: CallRecord['outcome'],
    now: number,
  ): void {
    const { calls, presence, out, clients } = this.#parts;
    const { isLast } = calls.settle(call);
    presence.active(now);
    const { stream } = call;
    const isFinal = isLast && stream !== clients.standing;
    const ms = now - call.startedAt;
    // A clock may be set back.
    if (message || isFinal) out.emit(stream, message, isFinal, now, Math.max(0, Math.round(ms)));
    const { callId, told, span } = call;
    const isListen = call.method === LISTEN_METHOD;
    if (!told) return out.settled({ outcome, ms, isListen, span });
    const { app, appVersion, method, tool } = told;
    const bytes = message?.length ?? 0;
    const record = { callId, app, appVersion, method, tool, outcome, ms, bytes };
    out.settled({ outcome, ms, isListen, span, record });
  }

  /** Answers a call with a fault of the bridge. */
  fail(call: Call, fault: Fault, now: number): void {
    const message = encoder.encode(errorResponse(call.clientIdBytes, faultError(fault)));
    this.settle(call, message, fault.fault, now);
  }

  /** Answers a call with an error that the bridge gives in the server's place. */
  refuse(call: Call, error: ErrorObject, now: number): void {
    this.settle(call, encoder.encode(errorResponse(call.clientIdBytes, error)), 'error', now);
  }

  /** Answers a call in the server's place; `result` is JSON text. */
  answer(call: Call, result: string, now: number): void {
    const id = decoder.decode(call.clientIdBytes);
    const message = encoder.encode(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
    this.settle(call, message, 'result', now);
  }

  /** The client no longer wants an answer. The process has a short while to send one anyway. */
  cancelled(call: Call, now: number): void {
    call.isCancelled = true;
    call.quietUntil = Math.min(call.quietUntil, now + CANCEL_GRACE_MS);
  }

  /** The client of a call is gone for good. */
  cancel(call: Call, now: number): void {
    if (call.isCancelled) return;
    this.cancelled(call, now);
    if (!isInitialize(call)) this.tellCancelled(call, 'the client is gone');
  }

  /** Tells the process that nobody waits for its answer to a call. */
  tellCancelled({ bridgeId }: Call, reason: string): void {
    const params = { requestId: bridgeId, reason };
    const notification = { jsonrpc: '2.0', method: 'notifications/cancelled', params };
    this.#parts.out.write(encoder.encode(JSON.stringify(notification)));
  }

  /** The session is over: every call is answered; a subscription gets its final result. */
  failAll(fault: Fault, now: number): void {
    for (const call of this.#parts.calls.all()) {
      if (this.#isListening(call)) {
        const id = decoder.decode(call.clientIdBytes) as ClientRequestId;
        this.settle(call, encoder.encode(listenEnd(id, id)), 'result', now);
      } else this.fail(call, fault, now);
    }
  }

  #isListening({ method, hasBegun }: Call): boolean {
    return this.#parts.clients.closesListens && method === LISTEN_METHOD && hasBegun;
  }
}
