// Answers requests to a path that is not a route: names the common mistakes in the URL of a server. This file does not know
// which servers exist, so nobody learns of another's.
import type { Fault } from '../../shared/fault.ts';

const SHAPES =
  'MCP endpoints are /<server>/mcp (Streamable HTTP) and /<server>/sse (HTTP+SSE), where <server> is a name in `mcpServers`.';

/** Endings of URLs of other servers, without a name before them. */
const NAMELESS: ReadonlySet<string> = new Set(['/mcp', '/sse', '/message', '/messages']);

export function unknownPath(pathname: string): Fault {
  return { fault: 'not_found', message: `${slipOf(pathname)} ${SHAPES}` };
}

function slipOf(pathname: string): string {
  const path = pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  if (NAMELESS.has(path)) return 'The server name is missing from this path.';
  if (path !== pathname) return 'Nothing is served at a path that ends in a slash.';
  const isName = pathname.lastIndexOf('/') === 0;
  return isName ? 'This path is not an endpoint of a server.' : 'Nothing is served at this path.';
}
