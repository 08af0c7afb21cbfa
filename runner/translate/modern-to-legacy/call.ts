// One call of a modern client on a legacy process, from the client's first request to the process's answer. It lasts longer
// than any single request if the client is asked in between.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { parsedAt } from '../../../shared/jsonrpc/members.ts';
import { ASKING_METHODS, LISTEN_METHOD } from '../../../shared/mcp/modern.ts';
import { mayBeAsked, type Capabilities } from '../capabilities.ts';
import { forLegacyProcess, type ClientCall } from '../client-call.ts';
import type { ClientKey } from '../client-key.ts';
import type { Message } from '../message.ts';
import type { Question } from './questions.ts';
import { subjectOf, type Digest } from './request-state.ts';

/**
 * waiting: no process yet. placed: not written yet. running: the process owes the answer, the client waits for it.
 * parked: the client was asked, or the answer waits for it to come back. cancelled: nobody wants the answer.
 */
export type CallState = 'waiting' | 'placed' | 'running' | 'parked' | 'cancelled';

export interface LegacyCall {
  /** The id by which the process knows it: the session's id of the first request. */
  readonly bridgeId: BridgeRequestId;
  readonly method: string;
  /** The client's key: whose state it uses. */
  readonly of: string;
  /** The key of the capabilities its process is initialized with. */
  readonly key: string;
  readonly capabilities: Capabilities;
  /** The server may ask its client something during it. */
  readonly isAsking: boolean;
  /** What it calls; some of these are known to ask. */
  readonly subject: string;
  /** Digest of what a retry must repeat; empty if there can be no retry. */
  readonly digest: string;
  /** Empty once it is written: a call may run for an hour. */
  bytes: Uint8Array;
  /** The token under which the process reports progress. */
  readonly progressToken: BridgeRequestId | undefined;
  /** The request that waits for the answer now, or did last; without its bytes once they were written. */
  client: ClientCall;
  state: CallState;
  slot: number | undefined;
  /** When its turn comes, if it waits only for that. */
  turnAt: number | undefined;
  /** Until when it may wait for its turn. */
  readonly waitsUntil: number;
  writtenAt: number;
  questions: Question[];
  questionCount: number;
  /** When the questions that came together are sent to the client. */
  askAt: number | undefined;
  /** While parked: its sealed state, and until when. */
  parked: { readonly sealed: string; readonly expiresAt: number } | undefined;
  /** Its client has come back, and the call waits for its turn. */
  isComing: boolean;
  /** The answer that came while the call was parked. */
  answer: Message | undefined;
  /** When a cancelled call leaves its process even without an answer. */
  releaseAt: number | undefined;
  /** What the process wanted to ask for but could not. */
  lacks: Capabilities | undefined;
}

export function legacyCall(
  client: ClientCall,
  { of, key, capabilities }: ClientKey,
  digest: Digest,
  waitsUntil: number,
): LegacyCall {
  const { bridgeId, method, bytes } = client;
  return {
    bridgeId,
    method,
    of,
    key,
    capabilities,
    isAsking: ASKING_METHODS.has(method),
    subject: subjectNameOf(client),
    digest: mayBeAsked(method, capabilities) ? digest(subjectOf(bytes)) : '',
    bytes: method === LISTEN_METHOD ? bytes : forLegacyProcess(client),
    progressToken: client.progressToken,
    client,
    state: 'waiting',
    slot: undefined,
    turnAt: undefined,
    waitsUntil,
    writtenAt: 0,
    questions: [],
    questionCount: 0,
    askAt: undefined,
    parked: undefined,
    isComing: false,
    answer: undefined,
    releaseAt: undefined,
    lacks: undefined,
  };
}

/** Tools and prompts are known by their names; resources are too many. */
function subjectNameOf({ method, bytes }: ClientCall): string {
  const name = ASKING_METHODS.has(method) ? parsedAt(bytes, 'params', 'name') : undefined;
  return typeof name === 'string' ? `${method} ${name.slice(0, NAME_CHARACTERS)}` : method;
}

/** Longer names are cut: they are kept for as long as the session lives. */
const NAME_CHARACTERS = 200;
