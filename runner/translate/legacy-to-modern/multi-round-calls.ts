// The requests of a legacy client that a modern process works on, each through all the rounds its answer takes: in flight at
// the process, waiting for the client's answers, or waiting to be sent again. One id of the session spans them.
import { earliest } from '../../core/earliest.ts';

export interface Call {
  /** The session's id of the request; also the progress token of a request that has one. */
  readonly id: number;
  readonly method: string;
  /** The request as it was first written. */
  readonly line: Uint8Array;
  /** The tool of a `tools/call`. */
  readonly tool: string | undefined;
  /** Under which id the process works on it now. */
  processId: number | undefined;
  /** How often the process has asked. */
  rounds: number;
  /** Open questions to the client: the bridge's id of each, with the key the process gave it. */
  readonly questions: Map<string, string>;
  /** Answers of this round: key and JSON text. */
  readonly answers: Map<string, string>;
  /** JSON text; absent when the process gave none. */
  requestState: string | undefined;
  retryAt: number | undefined;
  /** What progress of this round starts from, and the last that was said. */
  progressBase: number;
  progress: number;
}

export class Calls {
  readonly #calls = new Map<number, Call>();
  readonly #byProcessId = new Map<number, Call>();
  readonly #byQuestion = new Map<string, Call>();

  /** A request goes to the process under the session's own id. */
  add(request: Pick<Call, 'id' | 'method' | 'line' | 'tool'>): void {
    const call: Call = {
      ...request,
      processId: undefined,
      rounds: 0,
      questions: new Map(),
      answers: new Map(),
      requestState: undefined,
      retryAt: undefined,
      progressBase: 0,
      progress: 0,
    };
    this.#calls.set(call.id, call);
    this.inFlight(call, call.id);
  }

  get(id: number): Call | undefined {
    return this.#calls.get(id);
  }

  /** The ids under which the process owes an answer. */
  get owed(): Iterable<number> {
    return this.#byProcessId.keys();
  }

  /** The process works on the call under `processId`. */
  inFlight(call: Call, processId: number): void {
    call.processId = processId;
    call.retryAt = undefined;
    this.#byProcessId.set(processId, call);
  }

  /** The process answered: the call it was, in flight no more. */
  landed(processId: number): Call | undefined {
    const call = this.#byProcessId.get(processId);
    if (!call) return undefined;
    this.#byProcessId.delete(processId);
    call.processId = undefined;
    return call;
  }

  asked(call: Call, question: string, key: string): void {
    call.questions.set(question, key);
    this.#byQuestion.set(question, call);
  }

  /** The client answered a question: whose it was and under which key, no longer open. */
  answered(question: string): { call: Call; key: string } | undefined {
    const call = this.#byQuestion.get(question);
    const key = call?.questions.get(question);
    if (!call || key === undefined) return undefined;
    call.questions.delete(question);
    this.#byQuestion.delete(question);
    return { call, key };
  }

  /** The call is over, in whatever state it was. */
  remove(call: Call): void {
    this.#calls.delete(call.id);
    if (call.processId !== undefined) this.#byProcessId.delete(call.processId);
    for (const question of call.questions.keys()) this.#byQuestion.delete(question);
  }

  /** Calls whose wait is over. */
  due(now: number): Call[] {
    return [...this.#calls.values()].filter(
      ({ retryAt }) => retryAt !== undefined && retryAt <= now,
    );
  }

  get nextRetryAt(): number | undefined {
    return earliest([...this.#calls.values()].map(({ retryAt }) => retryAt));
  }
}
