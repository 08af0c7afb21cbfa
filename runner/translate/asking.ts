// Turns the questions that a legacy process asks in the middle of a call into the client's round trips: gathers what comes
// together, parks the call under a sealed state, and brings the answers of the retry to the process.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import { parsedAt } from '../../shared/jsonrpc/members.ts';
import { ASKING_METHODS, CODE } from '../../shared/mcp/modern.ts';
import { isQuestion, missingFor } from './capabilities.ts';
import type { ClientCall } from './client-call.ts';
import { earliest } from '../core/earliest.ts';
import type { Effects } from './effects.ts';
import { CANCEL_GRACE_MS, invalidParams, methodNotFound } from './faults.ts';
import type { LegacyCall } from './legacy-call.ts';
import type { LegacyProcess } from './legacy-pool.ts';
import type { Message } from './message.ts';
import { inputRequired, paramsOf, questionOf, responsesTo, type Question } from './questions.ts';
import {
  INVALID_STATE,
  openState,
  sealState,
  subjectOf,
  type Digest,
  type Sealer,
} from './request-state.ts';

/** Questions that belong together are asked in one tick of the process; this is well above that and below what a person notices. */
const GATHER_MS = 20;

/** A process whose parked call is given up did nothing but wait, and is free sooner than one that is interrupted at work. */
const FORSAKEN_GRACE_MS = 1_000;

/** Questions of one call that may be open: a process in a loop must not fill the runner. */
const MAX_QUESTIONS = 64;

const INVALID_RESPONSES = invalidParams(
  'Each member of inputResponses must be an object: the bare result.',
);

export interface ParkLimits {
  /** How long a call waits for the client's answers. */
  readonly parkTimeoutMs: number;
  readonly maxParked: number;
}

export class Asking {
  readonly #effects: Effects;
  readonly #sealer: Sealer;
  readonly #digest: Digest;
  readonly #limits: ParkLimits;
  readonly #gathering = new Set<LegacyCall>();
  /** By id, the oldest first. */
  readonly #parked = new Map<number, LegacyCall>();

  constructor(parts: {
    readonly effects: Effects;
    readonly sealer: Sealer;
    readonly digest: Digest;
    readonly limits: ParkLimits;
  }) {
    this.#effects = parts.effects;
    this.#sealer = parts.sealer;
    this.#digest = parts.digest;
    this.#limits = parts.limits;
  }

  /** A request of the process. */
  asked(process: LegacyProcess, message: Message, now: number): void {
    const { id = 'null', method } = message;
    if (method === 'ping') {
      return this.#effects.write(process.slot, `{"jsonrpc":"2.0","id":${id},"result":{}}`);
    }
    const call = askerIn(process);
    if (!call || !isQuestion(method)) return this.#refuse(process.slot, id, methodNotFound(method));
    const missing = missingFor(method, paramsOf(message), call.client.capabilities);
    if (missing || call.need !== 'alone' || call.questions.length >= MAX_QUESTIONS) {
      call.lacks ??= missing;
      const message = 'The client of this call can not be asked that.';
      return this.#refuse(process.slot, id, { code: CODE.methodNotFound, message });
    }
    call.questions.push(questionOf(message, `q${String(++call.questionCount)}`));
    if (call.state !== 'running') return;
    call.askAt ??= now + GATHER_MS;
    this.#gathering.add(call);
  }

  /** The process takes a question back. */
  withdrawn(process: LegacyProcess, id: string | undefined): void {
    for (const call of process.calls) {
      call.questions = call.questions.filter((question) => question.id !== id);
      if (call.questions.length === 0) this.#stopGathering(call);
    }
  }

  /** The parked call that a retry goes on with; undefined when the retry was refused, and nothing of it reached a process. */
  retried(client: ClientCall, now: number): LegacyCall | undefined {
    const call = this.#claimed(client, now);
    const told = call?.questions.filter(({ isTold }) => isTold) ?? [];
    const responses = responsesTo(told, client.bytes);
    if (!call || !responses) {
      this.#effects.fail(client.id, call ? INVALID_RESPONSES : INVALID_STATE);
      return undefined;
    }
    this.#parked.delete(call.id);
    call.parked = undefined;
    call.client = client;
    call.state = 'running';
    for (const [key, response] of responses) this.#answer(call, key, response);
    if (!call.answer && call.questions.length > 0) call.askAt = now;
    if (call.askAt !== undefined) this.#gathering.add(call);
    return call;
  }

  /** Nobody answers this call's questions any more, and it can not be retried. */
  drop(call: LegacyCall): void {
    this.#stopGathering(call);
    this.#parked.delete(call.id);
    call.parked = undefined;
    call.questions = [];
  }

  /** The client does not wait for the call; the process is told so and gets a while to end it. */
  abandon(call: LegacyCall, reason: string, now: number): void {
    const { questions, slot } = call;
    this.drop(call);
    if (slot === undefined) return;
    call.releaseAt = now + (call.state === 'parked' ? FORSAKEN_GRACE_MS : CANCEL_GRACE_MS);
    call.state = 'cancelled';
    const method = 'notifications/cancelled';
    this.#effects.write(slot, { method, params: { requestId: call.id, reason } });
    const error = { code: CODE.internal, message: 'The client answers no more.' };
    for (const { id } of questions) this.#refuse(slot, id, error);
  }

  /** The calls whose questions are to be told now. */
  due(now: number): LegacyCall[] {
    return [...this.#gathering].filter(({ askAt = now }) => askAt <= now);
  }

  /** Tells the client the questions of a call; the session's request ends with them. */
  park(call: LegacyCall, serverInfo: unknown, now: number): void {
    this.#stopGathering(call);
    for (const question of call.questions) question.isTold = true;
    const expiresAt = now + this.#limits.parkTimeoutMs;
    const digest = this.#digest(subjectOf(call.client.bytes));
    const sealed = sealState(this.#sealer, { call: call.id, digest, expiresAt });
    call.state = 'parked';
    call.parked = { sealed, expiresAt };
    this.#parked.set(call.id, call);
    const more = { requestState: sealed, serverInfo };
    this.#effects.say(inputRequired(call.client.id, call.questions, more));
  }

  /** The oldest parked call that occupies a process. */
  get oldest(): LegacyCall | undefined {
    return [...this.#parked.values()].find(({ answer }) => !answer);
  }

  /** Parked calls that nobody came back to, and those that are too many, oldest first. */
  forsaken(now: number): LegacyCall[] {
    const all = [...this.#parked.values()];
    const tooMany = all.length - this.#limits.maxParked;
    return all.filter(({ parked }, age) => age < tooMany || (parked?.expiresAt ?? now) <= now);
  }

  get wakeAt(): number | undefined {
    return earliest([
      ...[...this.#gathering].map(({ askAt }) => askAt),
      ...[...this.#parked.values()].map(({ parked }) => parked?.expiresAt),
    ]);
  }

  /** The parked call that a retry belongs to: the state must be the last one told, and the request the same. */
  #claimed(client: ClientCall, now: number): LegacyCall | undefined {
    const sealed = parsedAt(client.bytes, 'params', 'requestState');
    const state = openState(this.#sealer, sealed);
    const call = state && this.#parked.get(state.call);
    if (!state || call?.parked?.sealed !== sealed || state.expiresAt <= now) return undefined;
    return state.digest === this.#digest(subjectOf(client.bytes)) ? call : undefined;
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

/** The call that a question can only belong to: the one that is alone, or the only one that may ask at all. */
function askerIn(process: LegacyProcess): LegacyCall | undefined {
  const candidates = [...process.calls].filter(
    ({ state, client }) =>
      (state === 'running' || state === 'parked') && ASKING_METHODS.has(client.method),
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}
