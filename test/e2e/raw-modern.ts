// Requests of 2026-07-28 as raw HTTP, without an SDK between the test and the wire.
import { ask, listen, type Answer, type EventStream } from './raw-http.ts';
import { POST_HEADERS } from './raw-session.ts';

const REVISION = '2026-07-28';

export interface ModernOptions {
  readonly id?: unknown;
  /** It has no id at all. */
  readonly isNotification?: boolean;
  readonly params?: Record<string, unknown>;
  readonly capabilities?: object;
  readonly meta?: object;
  /** Headers beside the usual ones, or in their place. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body and headers of a request that is right in all things, but for what the options change. */
export function modernWish(path: string, method: string, options: ModernOptions = {}) {
  const {
    id = 1,
    isNotification = false,
    params = {},
    capabilities = {},
    meta = {},
    headers = {},
  } = options;
  const name = params['name'] ?? params['uri'];
  const body = JSON.stringify({
    jsonrpc: '2.0',
    ...(!isNotification && { id }),
    method,
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': REVISION,
        'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': capabilities,
        ...meta,
      },
    },
  });
  return {
    method: 'POST',
    path,
    body,
    headers: {
      ...POST_HEADERS,
      'MCP-Protocol-Version': REVISION,
      'Mcp-Method': method,
      ...(typeof name === 'string' && { 'Mcp-Name': name }),
      ...headers,
    },
  };
}

export const askModern = (
  origin: string,
  server: string,
  method: string,
  options?: ModernOptions,
): Promise<Answer> => ask(origin, modernWish(`/${server}/mcp`, method, options));

export const listenModern = (
  origin: string,
  server: string,
  method: string,
  options?: ModernOptions,
): Promise<EventStream> => listen(origin, modernWish(`/${server}/mcp`, method, options));
