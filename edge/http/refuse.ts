// Turns a fault into an HTTP response; the only place of the edge that does.
import { faultError, faultRow } from '../../shared/fault.ts';
import type { Fault } from '../../shared/fault.ts';
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
}

/** The response of a fault: the table's status and, as body, a JSON-RPC error. */
export function refuse(fault: Fault, options: RefuseOptions = {}): Response {
  const { status, retryAfterS } = faultRow(fault.fault);
  const headers: Record<string, string> = {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
  // A 204 has no body.
  if (status === 204)
    return new Response(null, { status, headers: { ...headers, ...options.headers } });
  headers['Content-Type'] = 'application/json';
  if (retryAfterS !== undefined) headers['Retry-After'] = String(retryAfterS);
  if (status === 401) headers['WWW-Authenticate'] = challenge(options.tokenSent === true);
  if (status === 405) headers['Allow'] = (options.allow ?? []).join(', ');
  return new Response(errorText(fault, options.id), {
    status,
    headers: { ...headers, ...options.headers },
  });
}

/** Why nothing can be served yet, and what to set. */
export const notConfigured = ({ problems }: Settings): Fault => ({
  fault: 'not_configured',
  message: `This edge is not configured yet. ${problems.join(' ')}`,
});

/** A challenge needs at least one parameter; the error is named only where a token was sent (RFC 6750 §3). */
const challenge = (tokenSent: boolean): string =>
  `Bearer realm="mcp-edge-bridge"${tokenSent ? ', error="invalid_token"' : ''}`;

/** The id is spliced in as it came: printing it anew would change ids such as 2^53+1. */
function errorText(fault: Fault, id: string | undefined): string {
  const member = id === undefined ? '' : `"id":${id},`;
  return `{"jsonrpc":"2.0",${member}"error":${JSON.stringify(faultError(fault))}}`;
}
