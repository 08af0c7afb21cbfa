// Every expected failure of the bridge, in one table: its JSON-RPC code, HTTP status, and whether trying again can help.
// No other file defines a status or an error code. Faults of the bridge have codes outside the range that JSON-RPC reserves.

/** How far a request got before its fault, so that a client can judge whether the call may have run. */
export type Phase = 'not_sent' | 'sent' | 'unknown';

interface FaultRow {
  /** JSON-RPC error code. -32xxx only if JSON-RPC itself defines the meaning. */
  readonly code: number;
  /** HTTP status when the fault is the whole answer of an exchange. */
  readonly status: number;
  /** True when the same request may succeed later without a change by the client or the operator. */
  readonly retryable: boolean;
  /** Seconds for `Retry-After`, if waiting helps. */
  readonly retryAfterS?: number;
  /** What happened and what to do, used if no better message is at hand. */
  readonly message: string;
}

export const FAULTS = {
  // The relay, the runner and the process (PROMISES.md).
  runner_offline: {
    code: 42001,
    status: 503,
    retryable: true,
    retryAfterS: 5,
    message:
      'No runner that offers this server is connected. Start one with `mcp-bridge run`, or try again soon.',
  },
  runner_lost: {
    code: 42002,
    status: 502,
    retryable: false,
    message:
      'The connection to the runner was lost while the request ran. It may have been carried out. Check before you send it again.',
  },
  process_exited: {
    code: 42003,
    status: 502,
    retryable: false,
    message:
      'The server process ended before it answered. Open a new session to use the server again.',
  },
  process_start_failed: {
    code: 42004,
    status: 502,
    retryable: false,
    message: 'The server process could not be started. Run `mcp-bridge check` on the runner.',
  },
  overloaded: {
    code: 42005,
    status: 429,
    retryable: true,
    retryAfterS: 1,
    message: 'Too many requests are in flight. Wait for some answers, then try again.',
  },
  too_large: {
    code: 42006,
    status: 413,
    retryable: false,
    message: 'The message is larger than the bridge can carry.',
  },
  deadline: {
    code: 42007,
    status: 504,
    retryable: false,
    message: 'The server did not answer in time, so the request was cancelled.',
  },
  process_protocol: {
    code: 42008,
    status: 502,
    retryable: false,
    message: 'The server process broke the protocol.',
  },
  not_allowed: {
    code: 42017,
    status: 403,
    retryable: false,
    message: 'The owner of the runner does not allow this.',
  },
  replay_evicted: {
    code: 42009,
    status: 400,
    retryable: false,
    message:
      'Events after this Last-Event-ID are no longer kept. Open the stream without Last-Event-ID; the events in between are lost.',
  },
  // The edge as a whole.
  not_configured: {
    code: 42010,
    status: 503,
    retryable: false,
    message: 'This edge is not configured yet.',
  },
  internal: {
    code: -32603,
    status: 500,
    retryable: true,
    retryAfterS: 1,
    message: 'The bridge failed.',
  },
  // What a client sent (MCP transports; JSON-RPC 2.0 §5.1).
  parse_error: {
    code: -32700,
    status: 400,
    retryable: false,
    message: 'The body is not valid JSON.',
  },
  invalid_request: {
    code: -32600,
    status: 400,
    retryable: false,
    message: 'The body is not a JSON-RPC 2.0 message.',
  },
  session_required: {
    code: 42011,
    status: 400,
    retryable: false,
    message:
      'The Mcp-Session-Id header is missing. Send `initialize` first, then send the id it returned with every request.',
  },
  // One row for unknown, expired, malformed and foreign ids: the answer must not tell them apart.
  session_not_found: {
    code: 42012,
    status: 404,
    retryable: false,
    message:
      'This session does not exist or has ended. Send a new `initialize` without a session id.',
  },
  stream_conflict: {
    code: 42013,
    status: 409,
    retryable: true,
    retryAfterS: 1,
    message: 'This session already has an open GET stream.',
  },
  unsupported_revision: {
    code: 42014,
    status: 400,
    retryable: false,
    message: 'This MCP-Protocol-Version is not supported.',
  },
  event_unknown: {
    code: 42015,
    status: 404,
    retryable: false,
    message: 'This session has no event with this Last-Event-ID.',
  },
  // 204 tells the client of an event stream not to reconnect (HTML, "Server-sent events"); a 200 that ends would be reopened.
  stream_over: {
    code: 42016,
    status: 204,
    retryable: false,
    message: 'The stream has ended; nothing follows this event.',
  },
  unauthorized: {
    code: 42020,
    status: 401,
    retryable: false,
    message: 'A valid key is required: send `Authorization: Bearer <key>`.',
  },
  origin_not_allowed: {
    code: 42021,
    status: 403,
    retryable: false,
    message: 'This Origin is not allowed. The operator lists allowed origins in BRIDGE_ORIGINS.',
  },
  host_not_allowed: {
    code: 42022,
    status: 421,
    retryable: false,
    message: 'This Host is not served here. The operator lists served hosts in BRIDGE_HOSTS.',
  },
  malformed_authorization: {
    code: 42023,
    status: 400,
    retryable: false,
    message:
      'Send the key once, as `Authorization: Bearer <key>` or as `X-API-Key: <key>`, never in the URL.',
  },
  not_found: {
    code: 42024,
    status: 404,
    retryable: false,
    message: 'Nothing is served at this path.',
  },
  method_not_allowed: {
    code: 42025,
    status: 405,
    retryable: false,
    message: 'This HTTP method is not allowed here.',
  },
  not_acceptable: {
    code: 42026,
    status: 406,
    retryable: false,
    message:
      'For POST, Accept must include both application/json and text/event-stream; for GET, text/event-stream.',
  },
  unsupported_media_type: {
    code: 42027,
    status: 415,
    retryable: false,
    message: 'Content-Type must be application/json, without a Content-Encoding.',
  },
  body_timeout: {
    code: 42028,
    status: 408,
    retryable: true,
    message: 'The request body did not arrive in time.',
  },
  // Not a 401: a client whose token cannot be judged now must not throw it away.
  sign_in_unavailable: {
    code: 42029,
    status: 503,
    retryable: true,
    retryAfterS: 5,
    message: 'Whose token this is cannot be found out now. Try again soon.',
  },
  // The operator's policy.
  forbidden: {
    code: 42030,
    status: 403,
    retryable: false,
    message: 'The policy of this edge does not allow you to do this.',
  },
  insufficient_scope: {
    code: 42031,
    status: 403,
    retryable: false,
    message: 'The person who let this app in has not allowed it this. Sign in again to allow it.',
  },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof FAULTS;

/** Errors of OAuth endpoints (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2; `slow_down` is RFC 8628 §3.5). */
export const SIGN_IN_ERRORS = [
  'access_denied',
  'invalid_client',
  'invalid_client_metadata',
  'invalid_grant',
  'invalid_redirect_uri',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'not_found',
  'server_error',
  'slow_down',
  'temporarily_unavailable',
  'unsupported_grant_type',
] as const;

/** An expected failure as a value. `message` overrides the table's text; `phase` says how far the request got. */
export interface Fault {
  readonly fault: FaultCode;
  /** For `Retry-After` in place of the table's; never said over the link. */
  readonly retryAfterS?: number | undefined;
  readonly message?: string | undefined;
  readonly phase?: Phase | undefined;
  /** Where this one differs from the table's row. */
  readonly retryable?: boolean | undefined;
}

/** Row of a fault, with optional members readable on every row. */
export const faultRow = (code: FaultCode): FaultRow => FAULTS[code];

/** The JSON-RPC error object of a fault: `{code, message, data: {fault, phase, retryable}}`. */
export function faultError({ fault, message, phase, retryable }: Fault): {
  code: number;
  message: string;
  data: { fault: FaultCode; phase: Phase; retryable: boolean };
} {
  const row = faultRow(fault);
  return {
    code: row.code,
    message: message ?? row.message,
    data: { fault, phase: phase ?? 'not_sent', retryable: retryable ?? row.retryable },
  };
}
