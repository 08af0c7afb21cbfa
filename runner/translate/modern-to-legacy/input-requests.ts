// Turns the questions that a legacy process asks in the middle of a call into round trips of the client: finds the call they
// belong to, gathers those that come together, parks the call under a sealed state, and takes the answers of the retry to the
// process.
import { errorResponse, type ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { CODE } from '../../../shared/mcp/modern.ts';
import { isQuestion, missingFor, type Capabilities } from '../capabilities.ts';
import { withoutBytes, type ClientCall } from '../client-call.ts';
import type { Due } from '../../../shared/dues.ts';
import type { Effects } from '../effects.ts';
import { CANCEL_GRACE_MS } from '../../core/calls.ts';
import { invalidParams, methodNotFound } from '../faults.ts';
import { holdQuestion, takeDecided, takeMuddled } from './held-questions.ts';
import type { LegacyCall } from './call.ts';
import { ParkedCalls, type ParkedCallsParts } from './parked-calls.ts';
import type { LegacyProcess } from './pool.ts';
import type { Message } from '../message.ts';
import {
  inputRequired,
  paramsOf,
  questionOf,
  responsesTo,
  ROOTS,
  type Question,
} from './questions.ts';
import { INVALID_STATE } from './request-state.ts';
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

type OnDue = (call: LegacyCall, now: number) => void;

export class InputRequests {
  readonly #effects: Effects;
  readonly #turns: Turns;
  readonly #gathering = new Set<LegacyCall>();
  readonly #parked: ParkedCalls;

  constructor(parts: { readonly effects: Effects; readonly turns: Turns } & ParkedCallsParts) {
    this.#effects = parts.effects;
    this.#turns = parts.turns;
    this.#parked = new ParkedCalls(parts);
  }

  /** A request of the process. */
  asked(process: LegacyProcess, message: Message, now: number): void {
    const { id = 'null', method } = message;
    if (method === 'ping') {
      return this.#effects.write(process.slot, `{"jsonrpc":"2.0","id":${id},"result":{}}`);
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
    message: Message,
    now: number,
    isOwn = true,
  ): void {
    const { id = 'null', method } = message;
    if (method !== ROOTS) this.#turns.asked(call);
    const missing = missingOf(call, message);
    if (call.state === 'cancelled' || missing || call.questions.length >= MAX_QUESTIONS) {
      call.lacks ??= missing;
      return this.#refuse(process.slot, id, CAN_NOT_BE_ASKED);
    }
    this.#add(call, questionOf(message, `q${String(++call.questionCount)}`, isOwn), now);
  }

  #add(call: LegacyCall, question: Question, now: number): void {
    call.questions.push(question);
    if (call.state !== 'running') return;
    call.askAt ??= now + GATHER_MS;
    this.#gathering.add(call);
  }

  /** The process takes a question back. */
  withdrawn(process: LegacyProcess, id: string | undefined): void {
    process.held = process.held.filter(({ message }) => message.id !== id);
    for (const call of process.calls) {
      call.questions = call.questions.filter((question) => question.id !== id);
      if (call.questions.length === 0) this.#stopGathering(call);
    }
  }

  /** The parked call that a retry continues; undefined if the retry was refused, so that nothing of it reached a process. */
  claim(client: ClientCall, now: number): LegacyCall | undefined {
    const call = this.#parked.claimed(client, now);
    if (!call || !responsesTo(toldOf(call), client.bytes)) {
      this.#effects.fail(client.bridgeId, call ? INVALID_RESPONSES : INVALID_STATE);
      return undefined;
    }
    call.isComing = true;
    return call;
  }

  /** The call continues with the answers of its retry. */
  resume(call: LegacyCall, client: ClientCall, now: number): void {
    const responses = responsesTo(toldOf(call), client.bytes) ?? [];
    this.#parked.remove(call);
    call.isComing = false;
    call.client = withoutBytes(client);
    call.state = 'running';
    for (const [key, response] of responses) this.#answer(call, key, response);
    if (!call.answer && call.questions.length > 0) call.askAt = now;
    if (call.askAt !== undefined) this.#gathering.add(call);
  }

  /** A call ends with open questions: those that any call can answer go to another call of its client, the rest are refused. */
  leave(process: LegacyProcess, call: LegacyCall, now: number): void {
    const heir = liveOf(process).find(
      (other) => other !== call && other.of === call.of && other.state !== 'cancelled',
    );
    for (const question of call.questions.splice(0)) {
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
    this.#stopGathering(call);
    this.#parked.remove(call);
    call.questions = [];
  }

  /** The client no longer waits for the call; the process learns of it and gets a while to end it. */
  abandon(process: LegacyProcess, call: LegacyCall, reason: string, now: number): void {
    call.releaseAt = now + CANCEL_GRACE_MS;
    call.state = 'cancelled';
    this.#effects.cancel(process.slot, call.bridgeId, reason);
    this.leave(process, call, now);
    this.drop(call);
  }

  /** Sends the questions of a call to its client; the session's request ends with them. */
  park(call: LegacyCall, serverInfo: unknown, now: number): void {
    this.#stopGathering(call);
    for (const question of call.questions) question.isTold = true;
    const more = { requestState: this.#parked.add(call, now), serverInfo };
    this.#effects.say(inputRequired(call.client.bridgeId, call.questions, more));
  }

  /** Parked calls whose client did not come back, and the oldest ones if there are too many or they hold too much. */
  forsaken(now: number): LegacyCall[] {
    return this.#parked.forsaken(now);
  }

  /** `ask`: the questions of a call must be sent now. `giveUp`: nobody came back to a parked call. */
  *dues(ask: OnDue, giveUp: OnDue): Generator<Due> {
    // A copy: what is asked is gathered no more.
    const gathering = [...this.#gathering];
    for (const call of gathering) {
      yield { at: call.askAt, act: (now) => ask(call, now) };
    }
    yield {
      at: this.#parked.forsakenAt,
      act: (now) => {
        for (const call of this.forsaken(now)) giveUp(call, now);
      },
    };
  }

  #answer(call: LegacyCall, key: string, response: string): void {
    const question = call.questions.find((each) => each.key === key);
    if (!question || call.slot === undefined) return;
    call.questions = call.questions.filter((each) => each !== question);
    const line = `{"jsonrpc":"2.0","id":${question.id},"result":${response}}`;
    this.#effects.write(call.slot, line);
  }

  #refuse(slot: number, id: Question['id'], error: ErrorObject): void {
    this.#effects.write(slot, errorResponse(id, error));
  }

  #stopGathering(call: LegacyCall): void {
    call.askAt = undefined;
    this.#gathering.delete(call);
  }
}

/** The call for a question that every call of a client answers in the same way, if all running calls belong to one client. */
function anyOf(askers: readonly LegacyCall[], message: Message): LegacyCall | undefined {
  const isOneClient = askers.every(({ of }) => of === askers[0]?.of);
  if (message.method !== ROOTS || !isOneClient) return undefined;
  const able = askers.filter((call) => call.state !== 'cancelled' && !missingOf(call, message));
  return able.find(({ state }) => state === 'running') ?? able[0];
}

const toldOf = ({ questions }: LegacyCall): Question[] => questions.filter(({ isTold }) => isTold);

const missingOf = ({ client }: LegacyCall, message: Message): Capabilities | undefined =>
  missingFor(message.method, paramsOf(message), client.capabilities);
