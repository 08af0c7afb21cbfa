// The faults a translation answers requests with.
import { faultError } from '../../shared/fault.ts';
import { unusable } from '../core/hearing.ts';
import { LISTED_ELEMENTS } from '../../shared/limits.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { GOES_ON } from '../core/session-effects.ts';
import { CODE } from '../../shared/mcp/modern.ts';

/** Requests that may wait for a process: more than this comes from a client in a loop, not from one at work. */
export const MAX_WAITING = 64;

/** `goesOn`: it was only slow, and keeps starting for a later request. */
export const startFailed = (description: string, goesOn = false): ErrorObject =>
  faultError({
    fault: 'process_start_failed',
    message: `The server process ${description}. ${goesOn ? GOES_ON : 'Run `mcp-bridge check` on the runner to see why.'}`,
    ...(goesOn ? { retryable: true } : {}),
  });

export const processExited = (description: string, isSent: boolean): ErrorObject =>
  faultError({
    fault: 'process_exited',
    message: `The server process ${description} before it answered. The next request starts another.`,
    phase: isSent ? 'sent' : 'not_sent',
  });

/** A process that runs and answers nothing. */
export const processSilent = (description: string, isSent: boolean): ErrorObject =>
  faultError({
    fault: 'process_exited',
    message: `The server process ${description}, so it was ended. The next request starts another.`,
    phase: isSent ? 'sent' : 'not_sent',
  });

export const overloaded = (): ErrorObject =>
  faultError({
    fault: 'overloaded',
    message: `${String(MAX_WAITING)} requests are already waiting for a process, which is the limit. Try again when some are answered.`,
  });

export const methodNotFound = (method: string): ErrorObject => ({
  code: CODE.methodNotFound,
  message: `Method not found: ${method}`,
});

/** MCP 2025-11-25, Lifecycle, "Initialization": before `initialize` is answered, a client should send nothing but pings. */
export const notInitialized = (): ErrorObject =>
  faultError({
    fault: 'invalid_request',
    message: 'The session is not initialized. Send initialize first.',
  });

export const invalidParams = (message: string): ErrorObject => ({
  code: CODE.invalidParams,
  message,
});

export const listsTooMuch = (): ErrorObject =>
  faultError(unusable(`it lists more than ${String(LISTED_ELEMENTS)}`));

/** For a state that is made up, used, expired or of another request; the error does not say which. */
export const INVALID_STATE: ErrorObject = {
  code: CODE.invalidParams,
  message: 'Invalid or expired requestState',
  data: { reason: 'invalid_request_state' },
};
