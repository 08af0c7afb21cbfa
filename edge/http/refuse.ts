// Turns a fault, or an error of the revision itself, into an HTTP response.
import { because } from './refusal-reason.ts';
import { faultError, faultRow, type Fault, type FaultCode } from '../../shared/fault.ts';
import { problemText } from '../../shared/problem.ts';
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { Settings } from '../settings.ts';

export interface RefuseOptions {
  /** The request's id as raw JSON text. Absent: the error has no `id` member (MCP 2025-11-25, Transports). */
  readonly id?: string | undefined;
  /** Added last, so they win: CORS headers, a fuller challenge. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Methods for the `Allow` header of a 405. */
  readonly allow?: readonly string[] | undefined;
  /** A token came with the request and was refused, so a 401 names the error (RFC 6750 §3.1). */
  readonly tokenSent?: boolean | undefined;
  /** The client's era, if it is known to be modern: some faults have another status there. */
  readonly isModern?: boolean | undefined;
}

/** An error of the revision itself, whose code and status the specification gives. */
export interface Refusal extends ErrorObject {
  readonly status: number;
}

/**
 * Statuses for modern clients. They show an error's own message only from a 200 or 400, so the outcome of a call goes there;
 * and a 429 makes them take the server for a legacy one, so overload is a 503.
 */
const MODERN_STATUS: Partial<Record<FaultCode, number>> = {
  runner_lost: 200,
  process_exited: 200,
  process_start_failed: 200,
  process_protocol: 200,
  deadline: 200,
  too_large: 200,
  overloaded: 503,
};

/** The response of a fault: the table's status and, as body, a JSON-RPC error. */
export function refuse(fault: Fault, options: RefuseOptions = {}): Response {
  const { status: ordinary, retryAfterS } = faultRow(fault.fault);
  const status = (options.isModern === true ? MODERN_STATUS[fault.fault] : undefined) ?? ordinary;
  const headers: Record<string, string> = { ...HEADERS };
  // A 204 has no body.
  if (status === 204)
    return new Response(null, { status, headers: { ...headers, ...options.headers } });
  headers['Content-Type'] = 'application/json';
  const afterS = fault.retryAfterS ?? retryAfterS;
  if (afterS !== undefined) headers['Retry-After'] = String(afterS);
  if (status === 401) headers['WWW-Authenticate'] = challenge(options.tokenSent === true);
  if (status === 405) headers['Allow'] = (options.allow ?? []).join(', ');
  const response = new Response(errorText(faultError(fault), options.id), {
    status,
    headers: { ...headers, ...options.headers },
  });
  const clientKind = options.isModern === true ? { clientKind: 'modern' as const } : undefined;
  return because({ fault: fault.fault, ...clientKind }, response);
}

/** The response of an error of the revision itself. */
export function refuseModern(
  { status, ...error }: Refusal,
  { id, headers }: Pick<RefuseOptions, 'id' | 'headers'> = {},
): Response {
  const response = new Response(errorText(error, id), {
    status,
    headers: { ...HEADERS, 'Content-Type': 'application/json', ...headers },
  });
  return because({ fault: error.code, clientKind: 'modern' }, response);
}

const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** Why nothing can be served yet, and what to set. */
export const notConfigured = ({ problems }: Settings): Fault => ({
  fault: 'not_configured',
  message: `This edge is not configured yet. ${problems.map(problemText).join(' ')}`,
});

/** A challenge needs at least one parameter; the error is named only if a token was sent (RFC 6750 §3). */
const challenge = (tokenSent: boolean): string =>
  `Bearer realm="mcp-edge-bridge"${tokenSent ? ', error="invalid_token"' : ''}`;

/** The id is spliced in as it came: printing it again would change ids such as 2^53+1. */
function errorText(error: ErrorObject, id: string | undefined): string {
  const member = id === undefined ? '' : `"id":${id},`;
  return `{"jsonrpc":"2.0",${member}"error":${JSON.stringify(error)}}`;
}
