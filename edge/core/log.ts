// What the edge reports to its operators: one line for each refusal, each end of a session, and each failure. A line has these
// fields and no others: nothing of a message, no credential, no session id.
import type { SessionRow } from './ports.ts';
import type { FaultCode } from '../../shared/fault.ts';
import type { Transport } from '../../shared/link/control-frames.ts';

/** Where lines go; the host gives it. Never throws. */
export type LogPort = (line: LogLine) => void;

export type LogLine = RefusalLine | SessionEndLine | FailureLine | SettingLine;

/** A request that was answered with an error of the edge. */
export interface RefusalLine {
  readonly level: 'info' | 'warn';
  readonly message: 'request refused';
  /** The fault; for an error that the revision itself defines, its JSON-RPC code. */
  readonly fault: FaultCode | 'no_sign_in' | 'upgrade_required' | number;
  /** HTTP status. */
  readonly status: number;
  /** This and the two below: once the client, or the runner, was let in. */
  readonly principal?: string | undefined;
  readonly server?: string | undefined;
  readonly transport?: Transport | undefined;
  /** What the host calls the request, for looking it up in the host's own logs. */
  readonly request?: string | undefined;
}

/** A session that was in the books is over. */
export interface SessionEnd {
  readonly row: SessionRow;
  /** How long it was in the books. */
  readonly ms: number;
  /** Why it was given up; undefined when its client or its runner ended it. */
  readonly fault: FaultCode | undefined;
}

export interface SessionEndLine {
  readonly level: 'info' | 'warn';
  readonly message: 'session ended';
  /** The beginning of a digest of its name. */
  readonly session: string;
  readonly server: string;
  readonly principal: string;
  readonly runner: string;
  /** See SessionEnd. */
  readonly ms: number;
  readonly fault?: FaultCode | undefined;
}

/** Something that the edge did not expect. An exception's words may hold what a peer sent, so only its kind and place are told. */
export interface FailureLine {
  readonly level: 'error';
  readonly message: 'a request failed' | 'a frame could not be handled';
  readonly error: string;
  /** Frames of the stack, innermost first. */
  readonly at?: readonly string[] | undefined;
  readonly request?: string | undefined;
}

export interface SettingLine {
  readonly level: 'warn';
  readonly message: 'a setting is wrong';
  /** See Settings.problems. */
  readonly problem: string;
}

/** Enough to tell the sessions of a day apart, and nothing that a session could be reached by. */
const TOLD_DIGEST = 12;

/** Ends that are nobody's trouble: a session that gave way, or that its runner does not know any more, is opened again. */
const QUIET: ReadonlySet<FaultCode | undefined> = new Set([undefined, 'session_not_found']);

/** The line about a session that is over; `digest`: of its name. */
export const sessionEndLine = (
  { row: { server, principal, runner }, ms, fault }: SessionEnd,
  digest: string,
): SessionEndLine => ({
  level: QUIET.has(fault) ? 'info' : 'warn',
  message: 'session ended',
  session: digest.slice(0, TOLD_DIGEST),
  server,
  principal,
  runner,
  ms,
  ...(fault && { fault }),
});

/** Frames of a stack that a line tells. */
const TOLD_FRAMES = 5;

/** What may be told of an exception. */
export function failureOf(error: unknown): Pick<FailureLine, 'error' | 'at'> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { name, message, stack = '' } = error;
  // A message may have lines that look like frames.
  const below = stack.slice(stack.indexOf(message) + message.length);
  const frames = below.split('\n').filter((line) => FRAME.test(line));
  return { error: name, at: frames.slice(0, TOLD_FRAMES).map((line) => line.trim()) };
}

const FRAME = /^\s+at /u;
