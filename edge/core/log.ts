// What the edge logs for its operators: one line for each refusal, each end of a session, and each failure. A line has only these
// fields: no message content, no credential, no session id.
import type { ToldApp, ToldRequest } from '../../shared/mcp/told.ts';
import type { SessionRow } from './ports.ts';
import type { FaultCode, SIGN_IN_ERRORS } from '../../shared/fault.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import type { SignInStep } from '../../shared/metrics.ts';
import type { Problem } from '../../shared/problem.ts';
import type {
  BootId,
  PrincipalName,
  RunnerName,
  ServerName,
  SessionName,
} from '../../shared/ids.ts';

/** Takes the lines; provided by the host. Never throws. */
export type LogPort = (line: LogLine) => void;

export type LogLine =
  | CallLine
  | RefusalLine
  | SessionOpenLine
  | SessionEndLine
  | RunnerPresenceLine
  | DisplacementLine
  | FailureLine
  | SettingLine
  | SignInStepLine;

/** What a line tells of a call. */
export interface ToldCall extends ToldRequest, ToldApp {
  /** The id of its post, under which the runner records it too; in a batch the runner adds the place of each request. */
  readonly callId: string | undefined;
  /** As in {@link SessionEndLine}; of modern clients the actor that it went to. */
  readonly session: SessionName | undefined;
}

/** A POST with requests was answered. */
export interface CallLine extends ToldCall {
  readonly level: 'info';
  readonly message: 'call';
  readonly principal: PrincipalName;
  /** The id of the app that was let in, of people who signed in; `app` is what it says of itself. */
  readonly client?: string | undefined;
  readonly server: ServerName;
  readonly clientKind: ClientKind;
  /** How many, in a batch. */
  readonly requests?: number | undefined;
  /**
   * `answered` at once, `accepted` (the answer comes on another stream), `streamed` to its end, or `left`: the client did not
   * wait. One that was refused has a {@link RefusalLine}.
   */
  readonly outcome: 'answered' | 'accepted' | 'streamed' | 'left';
  /** From the arrival of the request at the edge to the end of its answer. */
  readonly ms: number;
  /** Of these, before the message went to its session. */
  readonly edgeMs: number;
  /** Of these, with the process, as the runner says (LP31); in a batch, of the call that ended it. */
  readonly processMs?: number | undefined;
  /** The rest: on the link, and until the client had read a stream. Absent where the process's part is not known. */
  readonly linkMs?: number | undefined;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly request?: string | undefined;
}

/** A session was placed on a runner. */
export interface SessionOpenLine {
  readonly level: 'info';
  readonly message: 'session opened';
  readonly session: SessionName;
  readonly server: ServerName;
  readonly principal: PrincipalName;
  readonly runner: RunnerName;
  readonly clientKind: ClientKind;
}

/** A runner came or went. */
export interface RunnerPresenceLine {
  readonly level: 'info';
  readonly message: 'runner connected' | 'runner left';
  readonly runner: RunnerName;
  /** The address of its machine, as far as the edge knows it. */
  readonly from?: string | undefined;
}

export const runnerPresenceLine = (
  message: RunnerPresenceLine['message'],
  runner: RunnerName,
  from?: string,
): RunnerPresenceLine => ({
  level: 'info',
  message,
  runner,
  ...(from !== undefined && { from }),
});

/** A request that was answered with an error of the edge. */
export interface RefusalLine extends Partial<ToldCall> {
  readonly level: 'info' | 'warn';
  readonly message: 'request refused';
  /** The fault, or the JSON-RPC code of an error that the revision itself defines. */
  readonly fault: FaultCode | SignInError | 'no_sign_in' | 'upgrade_required' | number;
  /** HTTP status. */
  readonly status: number;
  /** This and the next two: known once the client or runner is admitted. */
  readonly principal?: PrincipalName | undefined;
  readonly server?: ServerName | undefined;
  readonly clientKind?: ClientKind | undefined;
  /** What in the policy refused it, as `policy check` names it. */
  readonly by?: string | undefined;
  /** The host's id of the request, to find it in the host's own logs. */
  readonly request?: string | undefined;
}

/** An error of an OAuth endpoint. */
export type SignInError = (typeof SIGN_IN_ERRORS)[number];

/** Somebody who signs in came a step on. */
export interface SignInStepLine {
  readonly level: 'info';
  readonly message: 'sign-in step';
  /** `found`: read where to sign in. */
  readonly step: SignInStep | 'found';
  /** The app's id, and what it calls itself. */
  readonly app?: string | undefined;
  readonly name?: string | undefined;
  /** A digest of the network that it came from, to find what came from the same one. */
  readonly visitor: string;
  readonly server?: ServerName | undefined;
  /** Who allowed it. */
  readonly principal?: PrincipalName | undefined;
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
  /** The first characters of a digest of its name. */
  readonly session: SessionName;
  readonly server: ServerName;
  readonly principal: PrincipalName;
  readonly runner: RunnerName;
  /** See SessionEnd. */
  readonly ms: number;
  readonly fault?: FaultCode | undefined;
}

/** Two machines show the credential of one runner. The newer has its place, and the older waits until that is free. */
export interface DisplacementLine {
  readonly level: 'error';
  readonly message: 'a runner was displaced' | 'a displaced runner waits';
  readonly runner: RunnerName;
  /** The run of the one that came now; the runner's own log names it too. */
  readonly boot: BootId;
  /** The address of the one that came now, and of the one that was there, as far as the edge knows them. */
  readonly from?: string | undefined;
  readonly other?: string | undefined;
}

export const displacementLine = (facts: Omit<DisplacementLine, 'level'>): DisplacementLine => ({
  level: 'error',
  ...facts,
});

/** An unexpected failure. An exception's message may contain what a peer sent, so only its kind and place are logged. */
export interface FailureLine {
  readonly level: 'error';
  readonly message:
    | 'a request failed'
    | 'a frame could not be handled'
    | 'an actor failed'
    | 'a connection could not be taken';
  readonly error: string;
  /** Frames of the stack, innermost first. */
  readonly at?: readonly string[] | undefined;
  readonly request?: string | undefined;
}

/** One of Settings.problems. */
export interface SettingLine extends Problem {
  readonly level: 'warn';
  readonly message: 'a setting is wrong';
}

export const settingLine = (problem: Problem): SettingLine => ({
  level: 'warn',
  message: 'a setting is wrong',
  ...problem,
});

/** Characters of the digest: enough to distinguish the sessions of a day, and no way to reach one. */
const TOLD_DIGEST = 12;

/** What the log calls a session, of the digest of its name. */
export const toldSession = (digest: string): string => digest.slice(0, TOLD_DIGEST);

/** Logs that a session was opened; `digest`: SHA-256 of a text, as hex. */
export const logSessionOpen = async (
  log: LogPort,
  digest: (text: string) => string | Promise<string>,
  { row, clientKind }: { readonly row: SessionRow; readonly clientKind: ClientKind },
): Promise<void> => {
  const { session, server, principal, runner } = row;
  const told = { session: toldSession(await digest(session)), server, principal, runner };
  log({ level: 'info', message: 'session opened', ...told, clientKind });
};

/** Ends that need no attention: a session that made room, or that its runner no longer knows, is opened again. */
const QUIET: ReadonlySet<FaultCode | undefined> = new Set([undefined, 'session_not_found']);

/** The line for a session that is over; `digest`: the digest of its name. */
export const sessionEndLine = (
  { row: { server, principal, runner }, ms, fault }: SessionEnd,
  digest: string,
): SessionEndLine => ({
  level: QUIET.has(fault) ? 'info' : 'warn',
  message: 'session ended',
  session: toldSession(digest),
  server,
  principal,
  runner,
  ms,
  ...(fault && { fault }),
});

/** Logs that a session is over; `digest`: SHA-256 of a text, as hex. */
export const logSessionEnd = async (
  log: LogPort,
  digest: (text: string) => string | Promise<string>,
  end: SessionEnd,
): Promise<void> => log(sessionEndLine(end, await digest(end.row.session)));

/** Stack frames in a line. */
const TOLD_FRAMES = 5;

/** What may be logged of an exception. */
export function failureOf(error: unknown): Pick<FailureLine, 'error' | 'at'> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { name, message, stack = '' } = error;
  // A message may contain lines that look like stack frames.
  const below = stack.slice(stack.indexOf(message) + message.length);
  const frames = below.split('\n').filter((line) => FRAME.test(line));
  return { error: name, at: frames.slice(0, TOLD_FRAMES).map((line) => line.trim()) };
}

const FRAME = /^\s+at /u;
