// The stream of one attached client, in the worker: what was sent, what is acknowledged, and how the stream continues when the
// socket to the actor breaks (D2, D3). Pure: the host dials, writes and keeps time. Implements LP14, LP18, R-4, R-5.
// One file above 300 lines: every input is decided by the same few facts of one stream.
import { fullJitterMs } from '../../shared/backoff.ts';
import type { Text } from '../../shared/bytes.ts';
import { faultError, type Fault } from '../../shared/fault.ts';
import { answeredId } from './answered.ts';
import { OwedIds } from './owed-ids.ts';
import type { StreamKind } from './stream-kinds.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import { encodeText } from '../../shared/link/codec.ts';
import {
  messagesOf,
  type EventFrame,
  type SessionDown,
  type StreamDown,
} from '../../shared/link/session-frames.ts';
import { LINK_GRACE_MS, LISTEN_BEATS } from '../../shared/link/timing.ts';
import { encodeEvent, eventId } from '../../shared/sse/encode.ts';
import type { StreamId } from '../../shared/ids.ts';

/** Delay between two attempts to reach an actor that broke away: a reset actor is back within milliseconds. */
const REDIAL_BASE_MS = 50;
const REDIAL_CAP_MS = 2_000;

/** The client's answer waits this long for the runner's word on its stream; then it begins, and the client waits on. */
export const ATTACH_WAIT_MS = 2_000;

export interface ClientStreamOptions {
  readonly stream: StreamId;
  /** The post whose answers this stream carries, if the worker must still get it accepted. */
  readonly post?:
    | {
        readonly id: string;
        readonly message: string;
        readonly isAccepted: boolean;
        /** It was sent on a link before, so the runner may have it although no `accepted` came. */
        readonly isSent?: boolean;
      }
    | undefined;
  /** Where the client left off; null: continue after the last acknowledged event. */
  readonly after: number | null;
  /** Ids, as raw JSON text, that await an answer on this stream. Each gets one error if the runner is lost. */
  readonly requestIds: readonly string[];
  readonly kind: StreamKind;
}

export type ClientStreamEffect =
  | { readonly do: 'dial'; readonly delayMs: number }
  | { readonly do: 'send'; readonly text: string }
  /** SSE text for the client. `seq`: the event that it is the whole of. */
  | { readonly do: 'write'; readonly text: Text; readonly seq?: number }
  /** There is a stream; or there is none, because of `fault`. */
  | { readonly do: 'settle'; readonly fault: Fault | undefined }
  /** Send a `ping` with this id now, or a comment if there is none. A missing answer or a failed write shows a dead client. */
  | { readonly do: 'probe'; readonly id: string | undefined }
  /**
   * The stream is over: end the response once everything written has been sent. `isUnsure`: a request may be owed an answer of which
   * this stream never heard, because its actor and its runner were lost together; its end is all that the client learns. `processMs`: LP31.
   */
  | {
      readonly do: 'finish';
      readonly isUnsure?: boolean;
      readonly processMs?: number | undefined;
    }
  /** The client reads too slowly: drop its unread output and its connection. */
  | { readonly do: 'cut' }
  | { readonly do: 'hangUp' };

export class ClientStream {
  /** Without the post: its message is dropped once the runner has it. */
  readonly #options: Omit<ClientStreamOptions, 'post'>;
  #post: { readonly id: string; readonly message: string } | undefined;
  /** The post was sent on this socket and `accepted` has not come. */
  #isPostOut = false;
  readonly #open: Set<string>;
  readonly #owed = new OwedIds();
  #isAccepted: boolean;
  #isSent: boolean;
  /** The last event written to the client; null until an attach has said where the stream continues. */
  #written: number | null;
  #acked: number;
  /** An attach is on its way. Events sent before it took effect come again after `attached`. */
  #isAttaching = false;
  #isDone = false;
  /** The final event was written; only its acknowledgement is left. */
  #isFinal = false;
  #isSettled = false;
  #attempt = 0;
  #brokenSince: number | undefined;
  #beats = 0;
  #effects: ClientStreamEffect[] = [];

  constructor({ post, ...options }: ClientStreamOptions) {
    this.#options = options;
    this.#open = new Set(options.requestIds);
    this.#isAccepted = post?.isAccepted ?? true;
    this.#isSent = post?.isSent === true;
    this.#post = this.#isAccepted ? undefined : post;
    this.#written = post ? 0 : options.after;
    this.#acked = this.#written ?? 0;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The last event written to the client. */
  get written(): number {
    return this.#written ?? 0;
  }

  /** Whether an answer may be owed on it at any time. If not, {@link beat} never does anything. */
  get mayOwe(): boolean {
    return (
      this.#options.kind.endsSession || this.#options.requestIds.length > 0 || !this.#isAccepted
    );
  }

  /** A request that was sent may be running although no `accepted` came, so it must not look safe to repeat. */
  get #mayHaveArrived(): boolean {
    return this.#isAccepted || this.#isSent;
  }

  /** A frame from the actor. */
  receive(frame: StreamDown, message: Text | undefined): ClientStreamEffect[] {
    if (this.#isDone) return [];
    switch (frame.type) {
      case 'linked':
        this.#say();
        break;
      case 'accepted':
        if (this.#isAccepted && !this.#isPostOut) break;
        this.#isPostOut = false;
        this.#accepted();
        // Even if an event came first: the runner may think that its follower is gone, and then it sends no more.
        this.#attach();
        break;
      case 'attached':
        this.#isAttaching = false;
        this.#attempt = 0;
        this.#brokenSince = undefined;
        this.#written ??= frame.after;
        this.#settleAttach(undefined);
        for (const id of frame.owes ?? []) if (this.#options.kind.endsSession) this.#open.add(id);
        break;
      case 'owes':
        if (this.#options.kind.endsSession)
          for (const id of this.#owed.told(frame.ids)) this.#open.add(id);
        break;
      case 'event':
        for (const [index, each] of (messagesOf(frame, message) ?? []).entries()) {
          this.#event(frame.seq + index, frame, each);
        }
        break;
      case 'refused':
        this.#fail(frame);
        break;
      case 'gone':
        this.#fail(
          this.#mayHaveArrived || frame.fault !== 'runner_lost'
            ? frame
            : { fault: 'runner_offline' },
        );
        break;
      case 'probe':
        this.#effects.push({ do: 'probe', id: frame.id });
        break;
    }
    return this.#flush();
  }

  /** Everything up to event `seq` has been sent to the client: acknowledge it. */
  drained(seq: number): ClientStreamEffect[] {
    if (seq > this.#acked) {
      this.#acked = seq;
      this.#send({ type: 'ack', stream: this.#options.stream, seq });
    }
    if (this.#isFinal && seq === this.written && !this.#isDone) {
      this.#isDone = true;
      this.#effects.push({ do: 'hangUp' });
    }
    return this.#flush();
  }

  /**
   * Call every few seconds, unless the stream never owes anything: while an answer is owed, repeats the last acknowledgement. Any
   * frame from a worker makes the actor check whether the runner's link is silent.
   */
  beat(): ClientStreamEffect[] {
    if (this.#isDone || (this.#open.size === 0 && this.#isAccepted)) return [];
    if (this.#options.kind.isListen && this.#isAccepted && ++this.#beats % LISTEN_BEATS > 0)
      return [];
    this.#send({ type: 'ack', stream: this.#options.stream, seq: this.#acked });
    return this.#flush();
  }

  /** The socket to the actor broke or could not be opened: retry for as long as a runner may stay away. `random` is in [0, 1). */
  broken(now: number, random: number): ClientStreamEffect[] {
    if (this.#isDone || this.#isFinal) return [];
    this.#brokenSince ??= now;
    if (now - this.#brokenSince > LINK_GRACE_MS) {
      this.#fail(
        this.#mayHaveArrived
          ? { fault: 'runner_lost', phase: 'unknown' }
          : { fault: 'runner_offline' },
      );
      return this.#flush();
    }
    const delayMs = fullJitterMs(this.#attempt, REDIAL_BASE_MS, REDIAL_CAP_MS, random);
    this.#attempt += 1;
    this.#effects.push({ do: 'dial', delayMs });
    return this.#flush();
  }

  /** The actor refused the socket for good: the session is over. */
  refused(fault: Fault): ClientStreamEffect[] {
    if (!this.#isDone) this.#fail(fault);
    return this.#flush();
  }

  /** The client is gone. */
  cancelled(): ClientStreamEffect[] {
    if (this.#isDone) return [];
    this.#isDone = true;
    const { kind, stream } = this.#options;
    const isUntold = kind.endsUntold && this.written === 0;
    if (kind.endsSession || isUntold) this.#send({ type: 'end' });
    if (kind.cancels && !this.#isFinal) this.#send({ type: 'cancel', stream });
    this.#effects.push({ do: 'hangUp' });
    return this.#flush();
  }

  /** Sends what a new link needs: the post if it may not have arrived, otherwise where to continue. */
  #say(): void {
    const { stream } = this.#options;
    if (this.#post) {
      const { id, message } = this.#post;
      const text = encodeText({ type: 'post', stream, id }, message);
      this.#effects.push({ do: 'send', text });
      this.#isSent = true;
      this.#isPostOut = true;
      this.#isAttaching = false;
    } else this.#attach();
  }

  #accepted(): void {
    this.#isAccepted = true;
    this.#post = undefined;
    // There is a stream, even if it is not attached yet.
    this.#settleAttach(undefined);
  }

  #attach(): void {
    this.#isAttaching = true;
    this.#send({ type: 'attach', stream: this.#options.stream, after: this.#written });
  }

  #event(
    seq: number,
    { final, ms }: Pick<EventFrame, 'final' | 'ms'>,
    message: Text | undefined,
  ): void {
    if (this.#isFinal) return;
    this.#accepted();
    this.#brokenSince = undefined;
    this.#attempt = 0;
    const last = this.#written;
    // An event before `attached` was on its way to an earlier follower; this stream's own events come after `attached`.
    if (last === null || seq <= last) return;
    // A gap means a break that this socket did not see: attach again from the last known event. Only once: each attach makes the
    // runner resend everything, and a thousand events on their way must not cause a thousand attaches.
    if (seq > last + 1) return this.#isAttaching ? undefined : this.#attach();
    this.#written = seq;
    if (message !== undefined) {
      this.#settle(message);
      const id = eventId(this.#options.stream, seq);
      const text = encodeEvent(
        this.#options.kind.isResumable ? { id, data: message } : { data: message },
      );
      this.#effects.push({ do: 'write', text, seq });
    }
    if (final) {
      this.#isFinal = true;
      this.#open.clear();
      this.#effects.push({ do: 'finish', ...(ms !== undefined && { processMs: ms }) });
    }
  }

  /** Notes which request a message answers, so that after a later loss only the others get an error. */
  #settle(message: Text): void {
    // The only request of a POST is settled by the final event, so its message need not be read.
    const { requestIds, kind } = this.#options;
    if (!kind.endsSession && (this.#open.size === 0 || requestIds.length === 1)) return;
    const answered = answeredId(message);
    if (answered === undefined) return;
    this.#open.delete(answered);
    if (kind.endsSession) this.#owed.answered(answered);
  }

  #fail({ fault, message, phase }: Fault): void {
    const known: Fault = {
      fault,
      message,
      phase: phase ?? (this.#isAccepted ? 'sent' : this.#isSent ? 'unknown' : 'not_sent'),
    };
    const { kind, stream } = this.#options;
    const error = faultError(kind.inWords(known));
    // A stream that is over owes nothing more: requests without an answer were cancelled.
    if (fault === 'stream_over') this.#open.clear();
    // Cut off for reading too slowly: the call continues, and its one outcome can be fetched by resuming.
    const isCut = fault === 'overloaded' && this.#isAccepted;
    if (isCut && kind.isResumable) this.#open.clear();
    for (const id of this.#open) {
      this.#effects.push({ do: 'write', text: encodeEvent({ data: errorResponse(id, error) }) });
    }
    this.#settleAttach({ fault, message });
    this.#isDone = true;
    const isUnsure = kind.endsSession && this.#brokenSince !== undefined;
    this.#effects.push(isCut ? { do: 'cut' } : { do: 'finish', ...(isUnsure && { isUnsure }) });
    if (isCut && kind.cancels) this.#send({ type: 'cancel', stream });
    this.#effects.push({ do: 'hangUp' });
  }

  #settleAttach(fault: Fault | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#effects.push({ do: 'settle', fault });
  }

  #send(frame: SessionDown): void {
    this.#effects.push({ do: 'send', text: encodeText(frame) });
  }

  #flush(): ClientStreamEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
