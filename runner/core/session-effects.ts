// What a session asks of its host, and the limits it obeys.
import type { Bytes } from '../../shared/bytes.ts';
import type { FaultCode } from '../../shared/fault.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';
import type { ToldApp, ToldRequest } from '../../shared/mcp/told.ts';
import type { OpenSpan } from '../../shared/tracing.ts';
import type { StreamId } from '../../shared/ids.ts';

/** The parts of a server's configuration that a session obeys; times in milliseconds. */
export interface SessionLimits {
  readonly idleTimeoutMs: number;
  readonly vanishTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestLimitMs: number;
  readonly startTimeoutMs: number;
  readonly maxInFlight: number;
}

/** Why a session is over, as the edge learns it. */
export interface Ending {
  readonly fault?: FaultCode;
  readonly message?: string;
}

/** Ends a session. `isStarting`: its process has not answered `initialize`; by default as its calls in flight say. */
export type End = (ending: Ending, now: number, isStarting?: boolean) => void;

/** What a client learns whose server is slow to start. */
export const GOES_ON = 'It is still starting; try again soon.';

export type SessionEffect =
  | { readonly do: 'send'; readonly frame: SessionUp; readonly message?: Bytes | undefined }
  /** Events of a stream that the link has not sent: they go out later (`withdraw`), or are not needed any more (`drop`). */
  | { readonly do: 'withdraw' | 'drop'; readonly stream: StreamId }
  /** One message for the process. `message`: what is known of the line, if it was scanned. */
  | { readonly do: 'write'; readonly line: Uint8Array; readonly message?: MessageView }
  | { readonly do: 'pause' | 'resume' }
  /**
   * End the process; the session stays until the edge knows of its end. `isStarting`: it has not answered `initialize`, and
   * may keep starting for another session.
   */
  | { readonly do: 'stop'; readonly reason: string; readonly isStarting: boolean }
  | Note
  /** One finished call, to be counted and recorded. */
  | { readonly do: 'settled'; readonly call: SettledCall };

export interface Note {
  readonly do: 'note';
  readonly level: 'debug' | 'info' | 'warn';
  readonly words: string;
  readonly fields: object;
}

export interface SettledCall extends Pick<CallRecord, 'outcome' | 'ms'> {
  /** It lasted until somebody ended it, so its time says nothing. */
  readonly isListen: boolean;
  /** Of a call that is traced. */
  readonly span: OpenSpan | undefined;
  /** For the audit log; absent if calls are not recorded. */
  readonly record?: CallRecord;
}

/** What is told of a call: never arguments. */
export interface CallRecord extends ToldRequest, ToldApp {
  readonly callId: string;
  readonly outcome: 'result' | 'error' | 'cancelled' | FaultCode;
  /** From its arrival at the runner to its outcome. */
  readonly ms: number;
  /** Of its answer. */
  readonly bytes: number;
}
