// The requests of a legacy client that a modern process works on, each through all the rounds its answer takes: in flight at
// the process, waiting for the client's answers, or waiting to be sent again. One id of the session spans all rounds.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { earliest } from '../../../shared/dues.ts';

export interface MultiRoundCall {
  /** The session's id of the request; also the progress token of a request that has one. */
  readonly bridgeId: BridgeRequestId;
  readonly method: string;
  /** The request as it was first written, if it may be sent again. */
  readonly request: MessageView | undefined;
  /** The tool of a `tools/call`. */
  readonly tool: string | undefined;
  /** The id under which the process works on it now. */
  roundId: BridgeRequestId | undefined;
  /** How often the process has asked. */
  rounds: number;
  /** Open questions to the client: the bridge's id of each, with the key the process gave it. */
  readonly questions: Map<string, string>;
  /** Answers of this round: key and JSON text. */
  readonly answers: Map<string, string>;
  /** JSON text; absent when the process gave none. */
  requestState: string | undefined;
  retryAt: number | undefined;
  /** The value that this round's progress starts from, and the last one sent. */
  progressBase: number;
  progress: number;
}

export class MultiRoundCalls {
  readonly #calls = new Map<BridgeRequestId, MultiRoundCall>();
  readonly #byRoundId = new Map<BridgeRequestId, MultiRoundCall>();
  readonly #byQuestion = new Map<string, MultiRoundCall>();

  /** A request goes to the process under the session's own id. */
  add(request: Pick<MultiRoundCall, 'bridgeId' | 'method' | 'request' | 'tool'>): void {
    const call: MultiRoundCall = {
      ...request,
      roundId: undefined,
      rounds: 0,
      questions: new Map(),
      answers: new Map(),
      requestState: undefined,
      retryAt: undefined,
      progressBase: 0,
      progress: 0,
    };
    this.#calls.set(call.bridgeId, call);
    this.inFlight(call, call.bridgeId);
  }

  get(id: BridgeRequestId): MultiRoundCall | undefined {
    return this.#calls.get(id);
  }

  /** The ids of requests that the process has not answered. */
  get owed(): Iterable<BridgeRequestId> {
    return this.#byRoundId.keys();
  }

  /** The process works on the call under `roundId`. */
  inFlight(call: MultiRoundCall, roundId: BridgeRequestId): void {
    call.roundId = roundId;
    call.retryAt = undefined;
    this.#byRoundId.set(roundId, call);
  }

  /** The process answered: returns the call, which is no longer in flight. */
  landed(roundId: BridgeRequestId): MultiRoundCall | undefined {
    const call = this.#byRoundId.get(roundId);
    if (!call) return undefined;
    this.#byRoundId.delete(roundId);
    call.roundId = undefined;
    return call;
  }

  asked(call: MultiRoundCall, question: string, key: string): void {
    call.questions.set(question, key);
    this.#byQuestion.set(question, call);
  }

  /** The client answered a question: returns its call and key; the question is no longer open. */
  answered(question: string): { call: MultiRoundCall; key: string } | undefined {
    const call = this.#byQuestion.get(question);
    const key = call?.questions.get(question);
    if (!call || key === undefined) return undefined;
    call.questions.delete(question);
    this.#byQuestion.delete(question);
    return { call, key };
  }

  /** The call is over, in whatever state it was. */
  remove(call: MultiRoundCall): void {
    this.#calls.delete(call.bridgeId);
    if (call.roundId !== undefined) this.#byRoundId.delete(call.roundId);
    for (const question of call.questions.keys()) this.#byQuestion.delete(question);
  }

  /** Calls whose wait is over. */
  due(now: number): MultiRoundCall[] {
    return [...this.#calls.values()].filter(
      ({ retryAt }) => retryAt !== undefined && retryAt <= now,
    );
  }

  get nextRetryAt(): number | undefined {
    return earliest([...this.#calls.values()].map(({ retryAt }) => retryAt));
  }
}
