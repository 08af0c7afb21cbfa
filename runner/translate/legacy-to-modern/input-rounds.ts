// Multi round-trip requests (MCP 2026-07-28, Patterns) for a legacy client: what the process asks for in its answer becomes
// requests to the client, and the client's answers become the next round of the call.
import {
  isObjectAt,
  isParsable,
  stringAt,
  textAt,
  valueAt,
  withMembers,
} from '../../../shared/jsonrpc/members.ts';
import { ASKING_METHODS, CODE } from '../../../shared/mcp/modern.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { underId } from '../message.ts';
import type { OwnRequests } from '../own-requests.ts';
import type { MultiRoundCall, MultiRoundCalls } from './multi-round-calls.ts';
import type { DeclaredClient } from './declared-client.ts';
import { isObject, type JsonObject } from '../../../shared/json-value.ts';
import { cancelled, FIRST_SLOT, type Effects } from '../effects.ts';

/** A process that asks more often for one request is going in circles; official SDKs allow 8 to 10. */
const MAX_ROUNDS = 8;

/** Questions of one round: as many as a whole session may ask a client at once. */
const MAX_INPUT_REQUESTS = 64;

/** A process that asks for nothing wants to be called again later; official clients wait this long. */
const RETRY_MS = 250;

const encoder = new TextEncoder();

interface InputRequest {
  readonly key: string;
  readonly method: string;
  /** JSON text of `params`, or absent. */
  readonly params: Uint8Array | undefined;
}

export class InputRounds {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #calls: MultiRoundCalls;
  #lastQuestion = 0;

  constructor(parts: { effects: Effects; own: OwnRequests; calls: MultiRoundCalls }) {
    this.#effects = parts.effects;
    this.#own = parts.own;
    this.#calls = parts.calls;
  }

  /** The process answered a call with `input_required`. */
  begin(call: MultiRoundCall, answer: MessageView, client: DeclaredClient, now: number): void {
    if (!ASKING_METHODS.has(call.method)) {
      return this.#refuse(call, `The server may not ask for input in ${call.method}.`);
    }
    if (++call.rounds > MAX_ROUNDS) {
      return this.#refuse(
        call,
        `The server asked for input more than ${String(MAX_ROUNDS)} times.`,
      );
    }
    const questions = inputRequestsIn(answer);
    const state = answer.text('result', 'requestState');
    if (!questions || (questions.length === 0 && state === undefined)) {
      return this.#refuse(call, 'The server asked for input without saying what it needs.');
    }
    if (questions.length > MAX_INPUT_REQUESTS) {
      return this.#refuse(
        call,
        `The server asked for more than ${String(MAX_INPUT_REQUESTS)} inputs at once.`,
      );
    }
    call.requestState = state;
    call.answers.clear();
    call.progressBase = call.progress;
    if (questions.length === 0) call.retryAt = now + RETRY_MS;
    else this.#ask(call, questions, client);
  }

  /** The client answered something; false if that was not a question of a call. */
  answered(question: string, answer: MessageView): boolean {
    const open = this.#calls.answered(question);
    if (!open) return false;
    const { call, key } = open;
    const { bytes } = answer;
    const result = answer.at('result');
    if (answer.kind === 'error' || !isObjectAt(bytes, result)) {
      this.#fail(call, answer.string('error', 'message') ?? 'the client gave no reason');
      return true;
    }
    const bare = withMembers(bytes, { without: ['_meta'] }, result);
    call.answers.set(key, textAt(bare));
    if (call.questions.size === 0) this.#retry(call);
    return true;
  }

  /** The call is over: the client need not answer what is still open. */
  withdraw(call: MultiRoundCall, reason: string): void {
    for (const question of call.questions.keys()) {
      this.#effects.say(cancelled(question, reason), call.bridgeId);
    }
    this.#calls.remove(call);
  }

  tick(now: number): void {
    for (const call of this.#calls.due(now)) this.#retry(call);
  }

  #ask(call: MultiRoundCall, questions: readonly InputRequest[], client: DeclaredClient): void {
    for (const { method, params } of questions) {
      const reason = client.whyNotAsk(method, parsedParams(params));
      if (reason !== undefined) return this.#fail(call, reason);
    }
    for (const { key, method, params } of questions) {
      const id = `mcp-bridge-${String(++this.#lastQuestion)}`;
      this.#calls.asked(call, id, key);
      const head = { jsonrpc: '2.0', id, method };
      const line = encoder.encode(JSON.stringify(head));
      const legacy = params && legacyParams(method, params, { id, client });
      this.#effects.say(
        legacy ? withMembers(line, { and: { params: legacy } }) : line,
        call.bridgeId,
      );
    }
  }

  #retry(call: MultiRoundCall): void {
    const and: Record<string, string> = {};
    if (call.answers.size > 0) {
      const answers = [...call.answers].map(([key, text]) => `${JSON.stringify(key)}:${text}`);
      and['inputResponses'] = `{${answers.join(',')}}`;
    }
    if (call.requestState !== undefined) and['requestState'] = call.requestState;
    const { request } = call;
    if (!request) return;
    const id = this.#own.mint();
    const change = { without: ['inputResponses', 'requestState'], and };
    const again = request.edited(request.changes(['params'], change));
    this.#calls.inFlight(call, id);
    this.#effects.write(FIRST_SLOT, underId(again, id));
  }

  /** The client was not asked or did not answer. The modern era has no way to say so, so the call ends. */
  #fail(call: MultiRoundCall, reason: string): void {
    const words = `The server asked for input the client cannot give: ${reason}`;
    this.withdraw(call, 'the call it belongs to has failed');
    if (call.method !== 'tools/call') {
      return this.#effects.fail(call.bridgeId, { code: CODE.internal, message: words });
    }
    const result = { content: [{ type: 'text', text: words }], isError: true };
    this.#effects.answer(call.bridgeId, JSON.stringify(result));
  }

  #refuse(call: MultiRoundCall, message: string): void {
    this.#calls.remove(call);
    this.#effects.fail(call.bridgeId, { code: CODE.internal, message });
  }
}

/** The questions, in order; undefined if one is malformed. Of equal keys the last counts. */
function inputRequestsIn(answer: MessageView): InputRequest[] | undefined {
  const byKey = new Map<string, InputRequest>();
  // One more than allowed shows that there are too many.
  for (const { key, value } of answer.members('result', 'inputRequests')) {
    if (byKey.size > MAX_INPUT_REQUESTS) break;
    const bytes = answer.bytes.subarray(value.start, value.end);
    const method = stringAt(bytes, 'method');
    const params = valueAt(bytes, 'params');
    if (method === undefined || (params && !isParsable(bytes, params))) return undefined;
    byKey.set(key, { key, method, params: params && bytes.subarray(params.start, params.end) });
  }
  return [...byKey.values()];
}

function parsedParams(params: Uint8Array | undefined): JsonObject {
  const parsed: unknown = params && JSON.parse(textAt(params));
  return isObject(parsed) ? parsed : {};
}

/** An elicitation by url has an id in the legacy era, and before there were modes it has no `mode`. */
function legacyParams(
  method: string,
  params: Uint8Array,
  { id, client }: { id: string; client: DeclaredClient },
): Uint8Array {
  if (method !== 'elicitation/create') return params;
  if (!client.hasModes) return withMembers(params, { without: ['mode'] });
  if (stringAt(params, 'mode') !== 'url') return params;
  return withMembers(params, { and: { elicitationId: JSON.stringify(id) } });
}
