// One call of a modern client on a legacy process, from the client's first request to the process's answer: longer than any
// single request when the client is asked in between.
import { ASKING_METHODS } from '../../shared/mcp/modern.ts';
import { acrossEras, mayBeAsked, type Capabilities } from './capabilities.ts';
import { forLegacyProcess, type ClientCall } from './client-call.ts';
import { canonical } from './json.ts';
import type { Message } from './message.ts';
import type { Question } from './questions.ts';

/**
 * What a call needs of its process. `alone`: whatever the process asks or logs meanwhile is this call's, since stdio does
 * not say whose it is. `equal`: a process initialized with the client's capabilities. `any`: whichever there is.
 */
export type Need = 'any' | 'equal' | 'alone';

/**
 * waiting: no process yet. placed: not written yet. running: the process owes the answer, the client waits for it.
 * parked: the client was asked, or the answer waits for it to come back. cancelled: nobody wants the answer.
 */
export type CallState = 'waiting' | 'placed' | 'running' | 'parked' | 'cancelled';

export interface LegacyCall {
  /** What the process knows it by: the session's id of the first request. */
  readonly id: number;
  readonly need: Need;
  /** Of the capabilities its process is initialized with. */
  readonly key: string;
  readonly capabilities: Capabilities;
  readonly bytes: Uint8Array;
  /** What the process reports progress under. */
  readonly progressToken: number | undefined;
  /** The request that waits for the answer now, or did last. */
  client: ClientCall;
  state: CallState;
  slot: number | undefined;
  questions: Question[];
  questionCount: number;
  /** When the questions that came together are told to the client. */
  askAt: number | undefined;
  /** While parked: under which seal, and how long. */
  parked: { readonly sealed: string; readonly expiresAt: number } | undefined;
  /** The answer that came while the call was parked. */
  answer: Message | undefined;
  /** When a cancelled call lets go of its process without an answer. */
  releaseAt: number | undefined;
  /** What the process wanted to ask for and could not. */
  lacks: Capabilities | undefined;
}

export function legacyCall(client: ClientCall): LegacyCall {
  const capabilities = acrossEras(client.capabilities);
  return {
    id: client.id,
    need: needOf(client),
    key: canonical(capabilities),
    capabilities,
    bytes: forLegacyProcess(client),
    progressToken: client.progressToken,
    client,
    state: 'waiting',
    slot: undefined,
    questions: [],
    questionCount: 0,
    askAt: undefined,
    parked: undefined,
    answer: undefined,
    releaseAt: undefined,
    lacks: undefined,
  };
}

function needOf({ method, capabilities, logLevel }: ClientCall): Need {
  if (logLevel !== undefined || mayBeAsked(method, capabilities)) return 'alone';
  return ASKING_METHODS.has(method) ? 'equal' : 'any';
}
