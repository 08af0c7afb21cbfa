// One call of a modern client on a legacy process, from the client's first request to the process's answer. It lasts longer
// than any single request if the client is asked in between.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { ASKING_METHODS, LISTEN_METHOD } from '../../../shared/mcp/modern.ts';
import { mayBeAsked, type Capabilities } from '../capabilities.ts';
import { forLegacyProcess, type ClientCall } from '../client-call.ts';
import type { ClientKey } from '../client-key.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import type { Question } from './questions.ts';
import { subjectOf, type Digest } from './request-state.ts';

/** It has no process yet, and is not sent. */
export interface Waiting {
  readonly kind: 'waiting';
  /** The request as its process gets it. */
  readonly bytes: Uint8Array;
  /** Until when it may wait for its turn. */
  readonly waitsUntil: number;
}

/** It has a process, and is not sent. */
export interface Placed extends Omit<Waiting, 'kind'> {
  readonly kind: 'placed';
  readonly slot: number;
  /** When its turn comes, if it waits only for that. */
  turnAt: number | undefined;
}

/** The process owes the answer, and the client waits for it. */
export interface Running {
  readonly kind: 'running';
  readonly slot: number;
  /** When it was sent. */
  readonly writtenAt: number;
  /** What the process asks the client, as long as it is not answered. */
  questions: readonly Question[];
}

/** A subscription: it is answered in the name of the process, which does not know it. */
export interface Listening {
  readonly kind: 'listening';
  readonly slot: number;
}

/** The client was asked, and is to come back with what it answers. */
export interface Parked extends Omit<Running, 'kind'> {
  readonly kind: 'parked';
  /** The sealed state by which the client names it. */
  readonly sealed: string;
  readonly expiresAt: number;
  /** The client has come back, and the call waits for its turn. */
  isComing: boolean;
  /** The process answered without waiting for the client. */
  answer: MessageView | undefined;
}

/** The client no longer waits, and the process has a while to end it. */
export interface Cancelled {
  readonly kind: 'cancelled';
  readonly slot: number;
  /** When it leaves its process even without an answer. */
  readonly releaseAt: number;
}

export type CallState = Waiting | Placed | Running | Listening | Parked | Cancelled;

/** A call in one of these states. */
export type CallThat<State extends CallState> = LegacyCall & { state: State };

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
  /** The token under which the process reports progress. */
  readonly progressToken: BridgeRequestId | undefined;
  /** The request that waits for the answer now, or did last; without its bytes once they were sent: a call may run for an hour. */
  client: ClientCall;
  state: CallState;
  /** How many questions it has had. */
  questionCount: number;
  /** What the process wanted to ask for but could not. */
  lacks: Capabilities | undefined;
}

export function legacyCall(
  client: ClientCall,
  { of, key, capabilities }: ClientKey,
  digest: Digest,
  waitsUntil: number,
): CallThat<Waiting> {
  const { bridgeId, method, message } = client;
  return {
    bridgeId,
    method,
    of,
    key,
    capabilities,
    isAsking: ASKING_METHODS.has(method),
    subject: subjectNameOf(client),
    digest: mayBeAsked(method, capabilities) ? digest(subjectOf(message)) : '',
    progressToken: client.progressToken,
    client,
    state: {
      kind: 'waiting',
      bytes: method === LISTEN_METHOD ? message.bytes : forLegacyProcess(client),
      waitsUntil,
    },
    questionCount: 0,
    lacks: undefined,
  };
}

/** Puts a call into another state. */
export const moveTo = <State extends CallState>(call: LegacyCall, state: State): CallThat<State> =>
  Object.assign(call, { state });

export const isRunning = (call: LegacyCall): call is CallThat<Running> =>
  call.state.kind === 'running';

/** Its client has a stream open on which it can be told things. */
export const isHeard = ({ state }: LegacyCall): boolean =>
  state.kind === 'running' || state.kind === 'listening';

/** The process may ask its client something: the client waits for the answer, or is to come back for it. */
export const canBeAsked = (call: LegacyCall): call is CallThat<Running | Parked> =>
  call.state.kind === 'running' || call.state.kind === 'parked';

/** The process that the call is on, even if it was not sent to it yet. */
export const slotOf = ({ state }: LegacyCall): number | undefined =>
  state.kind === 'waiting' ? undefined : state.slot;

/** Tools and prompts are known by their names; resources are too many. */
function subjectNameOf({ method, message }: ClientCall): string {
  const name = ASKING_METHODS.has(method) ? message.string('params', 'name') : undefined;
  return name !== undefined ? `${method} ${name.slice(0, NAME_CHARACTERS)}` : method;
}

/** Longer names are cut: they are kept for as long as the session lives. */
const NAME_CHARACTERS = 200;
