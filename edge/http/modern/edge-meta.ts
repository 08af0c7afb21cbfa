// Adds what the runner needs to a modern request's `_meta`: headers that the body does not repeat, and the client's id, which
// the link replaces on the way.
import type { Members, ModernRequest } from './request.ts';
import { asPosted } from '../client-message.ts';
import type { TracedCall } from '../../core/traced-call.ts';
import { traceContext } from '../../../shared/trace-context.ts';
import type { Post } from '../../core/ports.ts';
import { PARAM_HEADER_PREFIX } from '../../../shared/mcp/headers.ts';
import { LISTEN_METHOD, PRIVATE_META } from '../../../shared/mcp/modern.ts';

/** The request as the runner gets it, without anything a client wrote under the edge's own keys; see {@link asPosted}. */
export function withEdgeMeta(
  headers: Headers,
  request: ModernRequest,
  trace: TracedCall | undefined,
): Pick<Post, 'message' | 'said'> {
  const { message, meta } = request;
  const and = { ...ownMembers(headers, request), ...traceMembers(headers, meta) };
  const without = Object.values(PRIVATE_META).filter((key) => meta.has(key));
  const edits = message.changes(['params', '_meta'], { without, and });
  const edited = message.edited(edits);
  return asPosted(trace?.carriedBy(edited) ?? edited);
}

function ownMembers(headers: Headers, { method, id }: ModernRequest): Record<string, string> {
  if (method === 'tools/call') return paramHeaders(headers);
  return method === LISTEN_METHOD && id !== undefined ? { [PRIVATE_META.clientId]: id } : {};
}

function paramHeaders(headers: Headers): Record<string, string> {
  const found = [...headers].filter(([name]) => name.startsWith(PARAM_HEADER_PREFIX));
  if (found.length === 0) return {};
  return { [PRIVATE_META.headers]: JSON.stringify(Object.fromEntries(found)) };
}

/** Trace context from headers. The body's own takes precedence, and a `tracestate` needs its `traceparent`. */
function traceMembers(headers: Headers, meta: Members): Record<string, string> {
  const members: Record<string, string> = {};
  const add = (name: string): void => {
    const value = headers.get(name);
    if (value !== null && !meta.has(name)) members[name] = JSON.stringify(value);
  };
  if (!meta.has('traceparent') && traceContext(headers.get('traceparent') ?? '')) {
    add('traceparent');
    add('tracestate');
  }
  add('baggage');
  return members;
}
