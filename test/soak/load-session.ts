// The interface of all sessions of a soak's load, whatever their client, and the calls they make.
import type { Chance } from '../simulation/clock.ts';
import type { Bridge } from '../e2e/harness.ts';
import type { Evidence, Tracked, Transport } from './evidence.ts';

/** One session of the load. Nothing here rejects: what happens becomes evidence. */
export interface LoadSession {
  /** No further call can be answered. */
  readonly isOver: boolean;
  /** Resolves when the call has its outcome, or none is owed any more. */
  call(ask: Ask): Promise<void>;
  /** A notification in sequence; a client whose kind does not allow it sends none. */
  note(): Promise<void>;
  /** Breaks one of the client's connections, if it has one that may break. */
  cut(): void;
  /** Ends the session as the transport has it. */
  end(): Promise<void>;
  /** Drops every connection and says nothing. */
  vanish(): void;
}

/** Where a session of the load lives. */
export interface Ground {
  readonly bridge: Bridge;
  readonly evidence: Evidence;
  readonly chance: Chance;
  /** The server's name, and the session's own. */
  readonly server: string;
  /** The server is a virtual one, of which the fixture is the member whose names stay as they are. */
  readonly isVirtual: boolean;
  readonly name: string;
}

/** A kind of client. Opening resolves to undefined when it failed, which is evidence too. */
export interface LoadKind {
  readonly name: string;
  readonly transport: Transport;
  open(ground: Ground): Promise<LoadSession | undefined>;
}

/** One question to the fixture server, and how its answer is known. */
export interface Ask {
  readonly uid: string;
  readonly tool: string;
  readonly args: object;
  readonly progressSent: number;
  readonly answers: (text: string) => boolean;
  /** It is for a server that keeps no journal of what it was asked. */
  readonly isUnseen?: boolean;
}

/** Calls last up to this long by themselves. */
const SLOW_MS = 3_000;

/** A call that fits the session, at random. */
export function newAsk(ground: Ground): Ask {
  const { evidence, chance, name } = ground;
  const uid = evidence.newUid();
  if (ground.isVirtual && chance.happens(0.6)) return { ...memberAsk(chance, uid), isUnseen: true };
  const named = { uid, session: name };
  const text = (wanted: string) => (given: string) => given === wanted;
  switch (chance.pick(['echo', 'echo', 'echo', 'slow', 'slow', 'progress', 'big', 'notify'])) {
    case 'slow': {
      // A timer drops the fraction, the answer repeats it: no two calls have the same answer.
      const ms = chance.between(10, SLOW_MS) + Number(uid.slice(1)) / 10_000_000;
      return ask('slow', { ms }, text(`waited ${ms} ms`));
    }
    case 'progress': {
      const n = chance.between(1, 12);
      const args = { n, ms: chance.between(1, 250) };
      return { ...ask('progress', args, text(`reported ${n} times`)), progressSent: n };
    }
    case 'big': {
      const bytes = chance.between(1, 300_000) + Number(uid.slice(1));
      return ask('big', { bytes }, (given) => given.length === bytes);
    }
    case 'notify': {
      const n = chance.between(1, 5);
      return ask('notify', { n }, text(`sent ${n} notes`));
    }
    default:
      return ask('echo', { text: uid }, text(uid));
  }

  function ask(tool: string, args: object, answers: Ask['answers']): Ask {
    return { uid, tool, args: { ...args, ...named }, progressSent: 0, answers };
  }
}

/** A call of a member of the virtual server that is not the fixture, by the name that the virtual server gives it. */
function memberAsk(chance: Chance, uid: string): Ask {
  const of = { uid, progressSent: 0 };
  switch (chance.pick(['everything', 'memory', 'filesystem', 'modern'])) {
    case 'everything': {
      const answers = (given: string): boolean => given === `Echo: ${uid}`;
      return { ...of, tool: 'everything__echo', args: { message: uid }, answers };
    }
    case 'memory': {
      const answers = (given: string): boolean => given.includes('"entities"');
      return { ...of, tool: 'memory__search_nodes', args: { query: uid }, answers };
    }
    case 'filesystem': {
      const answers = (given: string): boolean => given.includes('llowed directories');
      return { ...of, tool: 'filesystem__list_allowed_directories', args: {}, answers };
    }
    default: {
      const answers = (given: string): boolean => given === uid;
      return { ...of, tool: 'modern__later', args: { text: uid }, answers };
    }
  }
}

/** Notes what a call came to. A second outcome is kept too: the checker counts. */
export function settle(tracked: Tracked, outcome: string): void {
  tracked.call.outcomes.push(outcome);
  tracked.endedAt ??= Date.now();
}

/** `result:<uid>` when the answer is the right one, else what it was. */
export const resultOf = ({ uid, answers }: Ask, given: string): string =>
  `result:${answers(given) ? uid : given.slice(0, 80)}`;

/** A JSON-RPC message as the load reads it. */
export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly progressToken?: unknown; readonly progress?: number };
  readonly result?: { readonly content?: readonly { readonly text: string }[] };
  readonly error?: { readonly code: number; readonly data?: { readonly fault?: string } };
}

/** What an answer says. */
export function outcomeOf(ask: Ask, { result, error }: Message): string {
  if (error) return `error:${error.data?.fault ?? error.code}`;
  return resultOf(ask, result?.content?.[0]?.text ?? '');
}

/** The fault an HTTP refusal names. */
export function faultOf(text: string, status: number): string {
  try {
    const { error } = JSON.parse(text) as Message;
    return error?.data?.fault ?? String(error?.code ?? status);
  } catch {
    return String(status);
  }
}

export const initializeBody = (revision: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: revision,
      capabilities: {},
      clientInfo: { name: 'soak', version: '1.0.0' },
    },
  });

export const callBody = (id: unknown, { uid, tool, args }: Ask): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: tool, arguments: args, _meta: { progressToken: uid } },
  });

export const notificationBody = (method: string, params: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', method, params });
