// The requests a session has in flight to its process: the bridge's own id for each, the client's id and progress token to
// restore, and the time when each runs out.
import { equalBytes } from '../../shared/bytes.ts';
import type { ToldApp, ToldRequest } from '../../shared/mcp/told.ts';
import type { OpenSpan } from '../../shared/tracing.ts';
import type { BridgeRequestId, StreamId } from '../../shared/ids.ts';
import { RequestIds } from './request-ids.ts';

export interface Call {
  /** The id the process sees; unique for the process's life, so equal client ids never cross. */
  readonly bridgeId: BridgeRequestId;
  /** Where its answer goes. */
  readonly stream: StreamId;
  /** The client's id as raw JSON text, restored byte for byte. */
  readonly clientIdBytes: Uint8Array;
  readonly progressToken: Uint8Array | undefined;
  readonly method: string;
  /** What the record calls it, here and at the edge: the id of its post, and its place in a batch. */
  readonly callId: string;
  /** For the record, of calls that are recorded. */
  readonly told: (ToldRequest & ToldApp) | undefined;
  /** Of calls that are traced. */
  readonly span: OpenSpan | undefined;
  /** It asks for a task, whose progress may outlive the answer. */
  readonly makesTask: boolean;
  readonly startedAt: number;
  /** Pushed out by progress. */
  quietUntil: number;
  readonly endsAt: number;
  /** Set once the client cancelled: the process need not answer any more, but gets a short while to do so. */
  isCancelled: boolean;
  /** Something was sent on it before its answer; for a subscription, that it began. */
  hasBegun: boolean;
}

export interface CallTimes {
  readonly quietMs: number;
  readonly limitMs: number;
}

/** A process may still answer a cancelled call for this long; then its stream ends without a message. */
export const CANCEL_GRACE_MS = 5_000;

/** The one request that is never cancelled (MCP 2025-11-25, Cancellation, "Behavior Requirements"). */
export const isInitialize = ({ method }: Call): boolean => method === 'initialize';

export class Calls {
  readonly #calls = new Map<number, Call>();
  readonly #perStream = new Map<string, number>();
  readonly #ids = new RequestIds();
  #endless = 0;

  get size(): number {
    return this.#calls.size;
  }

  /** Calls without a deadline. */
  get endless(): number {
    return this.#endless;
  }

  /** A copy, because calls may be settled during the walk. */
  all(): Call[] {
    return [...this.#calls.values()];
  }

  get(bridgeId: BridgeRequestId): Call | undefined {
    return this.#calls.get(bridgeId);
  }

  /** True if a request with this id was ever sent to the process. */
  hasIssued(bridgeId: BridgeRequestId): boolean {
    return this.#ids.hasIssued(bridgeId);
  }

  add(
    call: Pick<Call, 'stream' | 'clientIdBytes' | 'progressToken' | 'method'> & {
      makesTask?: boolean;
      callId?: string;
      told?: Call['told'];
      span?: Call['span'];
    },
    times: CallTimes,
    now: number,
  ): Call {
    const added: Call = {
      ...call,
      callId: call.callId ?? call.stream,
      told: call.told,
      span: call.span,
      makesTask: call.makesTask ?? false,
      bridgeId: this.mint(),
      startedAt: now,
      quietUntil: now + times.quietMs,
      endsAt: now + times.limitMs,
      isCancelled: false,
      hasBegun: false,
    };
    this.#calls.set(added.bridgeId, added);
    if (added.endsAt === Infinity) this.#endless += 1;
    this.#perStream.set(call.stream, (this.#perStream.get(call.stream) ?? 0) + 1);
    return added;
  }

  /** The only call with a deadline, if it is not cancelled; undefined if there are none or several. */
  only(): Call | undefined {
    let only: Call | undefined;
    for (const call of this.#calls.values()) {
      if (call.endsAt === Infinity) continue;
      if (only) return undefined;
      only = call;
    }
    return only?.isCancelled === true ? undefined : only;
  }

  /** Takes a call out; false for `isLast` while its stream waits for other answers. */
  settle(call: Call): { isLast: boolean } {
    if (this.#calls.delete(call.bridgeId) && call.endsAt === Infinity) this.#endless -= 1;
    const left = (this.#perStream.get(call.stream) ?? 1) - 1;
    if (left > 0) this.#perStream.set(call.stream, left);
    else this.#perStream.delete(call.stream);
    return { isLast: left <= 0 };
  }

  /**
   * The oldest call with this raw client id; which of several equal ones a client means is unknown. Without one, the only call
   * whose id is the same in the other spelling: some clients with numeric ids cancel "2" for 2.
   */
  byClientId(raw: Uint8Array): Call | undefined {
    const all = [...this.#calls.values()];
    const same = all.filter(({ clientIdBytes }) => equalBytes(clientIdBytes, raw));
    if (same.length > 0) return same.find(({ isCancelled }) => !isCancelled);
    const open = all.filter(({ isCancelled }) => !isCancelled);
    const text = withoutQuotes(raw);
    const [only, second] = open.filter(
      ({ clientIdBytes }) => withoutQuotes(clientIdBytes) === text,
    );
    return second ? undefined : only;
  }

  /** The streams with a call in flight, oldest first. */
  streams(): string[] {
    return [...this.#perStream.keys()];
  }

  /** Calls whose time is over. */
  due(now: number): Call[] {
    return [...this.#calls.values()].filter((call) => deadline(call) <= now);
  }

  /** Whether any call has a deadline. */
  get hasEnding(): boolean {
    for (const { endsAt } of this.#calls.values()) if (endsAt !== Infinity) return true;
    return false;
  }

  /** The next deadline, or undefined without calls. */
  get nextDeadline(): number | undefined {
    let at: number | undefined;
    for (const call of this.#calls.values()) {
      const due = deadline(call);
      if (due < (at ?? Infinity)) at = due;
    }
    return at;
  }

  /** An id for a request that is not in flight. */
  mint(): BridgeRequestId {
    return this.#ids.mint(this.#calls);
  }
}

const decoder = new TextDecoder();

const withoutQuotes = (raw: Uint8Array): string => decoder.decode(raw).replaceAll('"', '');

const deadline = (call: Call): number => Math.min(call.quietUntil, call.endsAt);
