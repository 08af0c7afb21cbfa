// Turns the questions that a legacy process asks in the middle of a call into round trips of the client: finds the call they
// belong to, gathers those that come together, parks the call under a sealed state, and takes the answers of the retry to the
// process.
import { emptyResponse, errorResponse, type ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { CODE } from '../../../shared/mcp/modern.ts';
import { isQuestion, missingFor, type Capabilities } from '../capabilities.ts';
import { withoutBytes, type ClientCall } from '../client-call.ts';
import type { OnDue } from '../../../shared/dues.ts';
import type { Effects } from '../effects.ts';
import { CANCEL_GRACE_MS } from '../../core/calls.ts';
import { INVALID_STATE, invalidParams, methodNotFound } from '../faults.ts';
import { holdQuestion, takeDecided, takeMuddled } from './held-questions.ts';
import {
  canBeAsked,
  isRunning,
  moveTo,
  type CallState,
  type CallThat,
  type LegacyCall,
  type Parked,
  type Running,
} from './call.ts';
import { ParkedCalls, type ParkedCallsParts } from './parked-calls.ts';
import type { LegacyProcess } from './pool.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import {
  inputRequired,
  paramsOf,
  questionOf,
  responsesTo,
  ROOTS,
  type Question,
} from './questions.ts';
import { liveOf, type Turns } from './turns.ts';

/** Questions that belong together are asked in one tick of the process; this is well above that and below what a person notices. */
const GATHER_MS = 20;

/** Questions of one call that may be open: a process in a loop must not fill the runner. */
const MAX_QUESTIONS = 64;

const INVALID_RESPONSES = invalidParams(
  'Each member of inputResponses must be an object: the result without an envelope.',
);

const CAN_NOT_BE_ASKED: ErrorObject = {
  code: CODE.methodNotFound,
  message: 'The client of this call cannot answer that.',
};

const ANSWERS_NO_MORE: ErrorObject = {
  code: CODE.internal,
  message: 'The client is no longer waiting.',
};

const NOBODY_KNOWS: ErrorObject = {
  code: CODE.internal,
  message: 'Several calls are running, and the bridge cannot tell which of them asks this.',
};

type OnDueCall<State extends CallState> = (call: CallThat<State>, now: number) => void;

export class InputRequests {
  readonly #effects: Effects;
  readonly #turns: Turns;
  /** Calls whose questions are about to be sent to their clients, and when. */
  readonly #gathering = new Map<CallThat<Running>, number>();
  readonly #parked: ParkedCalls;

  constructor(parts: { readonly effects: Effects; readonly turns: Turns } & ParkedCallsParts) {
    this.#effects = parts.effects;
    this.#turns = parts.turns;
    this.#parked = new ParkedCalls(parts);
  }

  /** A request of the process. */
  asked(process: LegacyProcess, message: MessageView, now: number): void {
    const { id = 'null', method } = message;
    if (method === 'ping') {
      return this.#effects.write(process.slot, emptyResponse(id));
    }
    const live = liveOf(process);
    if (live.length === 0 || !isQuestion(method)) {
      return this.#refuse(process.slot, id, methodNotFound(method));
    }
    // If all calls wait for their clients, one of them asks more than one question at a time.
    const running = this.#turns.askersOf(process);
    const askers = running.length > 0 ? running : live;
    const [only, second] = askers;
    if (only && !second) return this.#put(process, only, message, now);
    const any = anyOf(live, message);
    if (any) return this.#put(process, any, message, now, false);
    const isPointless = askers.every((call) => missingOf(call, message));
    if (isPointless) this.#refuse(process.slot, id, CAN_NOT_BE_ASKED);
    else if (!holdQuestion(process, message, askers, now))
      this.#refuse(process.slot, id, NOBODY_KNOWS);
  }

  /** The client of a cancelled call is gone, and the call's questions may be among those that wait. */
  muddled(process: LegacyProcess, call: LegacyCall): void {
    for (const { message } of takeMuddled(process, call)) {
      this.#refuse(process.slot, message.id ?? 'null', NOBODY_KNOWS);
    }
  }

  /** Assigns the waiting questions whose call is now known. */
  settle(process: LegacyProcess, now: number): void {
    for (const { message, asker, askers } of takeDecided(process, now)) {
      if (asker) this.#put(process, asker, message, now);
      else {
        for (const call of askers) this.#turns.asked(call);
        const error = askers.length > 0 ? NOBODY_KNOWS : ANSWERS_NO_MORE;
        this.#refuse(process.slot, message.id ?? 'null', error);
      }
    }
  }

  #put(
    process: LegacyProcess,
    call: LegacyCall,
    message: MessageView,
    now: number,
    isOwn = true,
  ): void {
    const { id = 'null', method } = message;
    if (method !== ROOTS) this.#turns.asked(call);
    const missing = missingOf(call, message);
    if (!canBeAsked(call) || missing || call.state.questions.length >= MAX_QUESTIONS) {
      call.lacks ??= missing;
      return this.#refuse(process.slot, id, CAN_NOT_BE_ASKED);
    }
    this.#add(call, questionOf(message, `q${String(++call.questionCount)}`, isOwn), now);
  }

  #add(call: CallThat<Running | Parked>, question: Question, now: number): void {
    call.state.questions = [...call.state.questions, question];
    if (isRunning(call) && !this.#gathering.has(call)) this.#gathering.set(call, now + GATHER_MS);
  }

  /** The process takes a question back. */
  withdrawn(process: LegacyProcess, id: string | undefined): void {
    process.held = process.held.filter(({ message }) => message.id !== id);
    for (const call of process.calls) {
      if (!canBeAsked(call)) continue;
      call.state.questions = call.state.questions.filter((question) => question.id !== id);
      if (isRunning(call) && call.state.questions.length === 0) this.#gathering.delete(call);
    }
  }

  /** The parked call that a retry continues; undefined if the retry was refused, so that nothing of it reached a process. */
  claim(client: ClientCall, now: number): CallThat<Parked> | undefined {
    const call = this.#parked.claimed(client, now);
    if (!call || !responsesTo(toldOf(call), client.message)) {
      this.#effects.fail(client.bridgeId, call ? INVALID_RESPONSES : INVALID_STATE);
      return undefined;
    }
    call.state.isComing = true;
    return call;
  }

  /** The call continues with the answers of its retry. */
  resume(call: CallThat<Parked>, client: ClientCall): CallThat<Running> {
    const { slot, writtenAt, questions } = call.state;
    const responses = new Map(responsesTo(toldOf(call), client.message));
    this.#parked.remove(call);
    call.client = withoutBytes(client);
    for (const [key, response] of responses) {
      const question = questions.find((each) => each.key === key);
      if (question)
        this.#effects.write(slot, `{"jsonrpc":"2.0","id":${question.id},"result":${response}}`);
    }
    const open = questions.filter(({ key }) => !responses.has(key));
    return moveTo(call, { kind: 'running', slot, writtenAt, questions: open });
  }

  /** A call ends with open questions: those that any call can answer go to another call of its client, the rest are refused. */
  leave(process: LegacyProcess, call: LegacyCall, now: number): void {
    if (!canBeAsked(call)) return;
    const heir = liveOf(process)
      .filter(canBeAsked)
      .find((other) => other !== call && other.of === call.of);
    const { questions } = call.state;
    call.state.questions = [];
    for (const question of questions) {
      const { id, isForAny } = question;
      if (!heir || !isForAny) this.#refuse(process.slot, id, ANSWERS_NO_MORE);
      else {
        const key = `q${String(++heir.questionCount)}`;
        this.#add(heir, { ...question, key, isOwn: false, isTold: false }, now);
      }
    }
  }

  /** Nobody answers this call's questions any more, and it cannot be retried. */
  drop(call: LegacyCall): void {
    if (isRunning(call)) this.#gathering.delete(call);
    this.#parked.remove(call);
  }

  /** The client no longer waits for the call; the process learns of it and gets a while to end it. */
  abandon(
    process: LegacyProcess,
    call: CallThat<Running | Parked>,
    reason: string,
    now: number,
  ): void {
    const { slot } = process;
    this.#effects.cancel(slot, call.bridgeId, reason);
    this.leave(process, call, now);
    this.drop(call);
    moveTo(call, { kind: 'cancelled', slot, releaseAt: now + CANCEL_GRACE_MS });
  }

  /** Sends the questions of a call to its client; the session's request ends with them. */
  park(call: CallThat<Running>, serverInfo: unknown, now: number): void {
    const { questions } = call.state;
    this.#gathering.delete(call);
    for (const question of questions) question.isTold = true;
    const more = { requestState: this.#parked.add(call, now), serverInfo };
    this.#effects.say(inputRequired(call.client.bridgeId, questions, more));
  }

  /** Parked calls whose client did not come back, and the oldest ones if there are too many or they hold too much. */
  forsaken(now: number): CallThat<Parked>[] {
    return this.#parked.forsaken(now);
  }

  /** `ask`: the questions of a call must be sent now. `giveUp`: nobody came back to a parked call. */
  dues(due: OnDue, ask: OnDueCall<Running>, giveUp: OnDueCall<Parked>): void {
    // A copy: what is asked is gathered no more.
    const gathering = [...this.#gathering];
    for (const [call, at] of gathering) due(at, (now) => ask(call, now));
    due(this.#parked.forsakenAt, (now) => {
      for (const call of this.forsaken(now)) giveUp(call, now);
    });
  }

  #refuse(slot: number, id: Question['id'], error: ErrorObject): void {
    this.#effects.write(slot, errorResponse(id, error));
  }
}

/** The call for a question that every call of a client answers in the same way, if all running calls belong to one client. */
function anyOf(askers: readonly LegacyCall[], message: MessageView): LegacyCall | undefined {
  const isOneClient = askers.every(({ of }) => of === askers[0]?.of);
  if (message.method !== ROOTS || !isOneClient) return undefined;
  const able = askers.filter((call) => canBeAsked(call) && !missingOf(call, message));
  return able.find(isRunning) ?? able[0];
}

const toldOf = ({ state: { questions } }: CallThat<Parked>): Question[] =>
  questions.filter(({ isTold }) => isTold);

const missingOf = ({ client }: LegacyCall, message: MessageView): Capabilities | undefined =>
  missingFor(message.method, paramsOf(message), client.capabilities);
