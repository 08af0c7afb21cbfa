// How a client is asked whether it is alive: by MCP's own `ping`, which its receiver must answer promptly (MCP 2025-11-25,
// Utilities, "Ping"). A network that swallows what is written looks like one that delivers it; an answer proves that it does.

const PREFIX = 'bridge-alive-';

/** The request as it is written on the stream. `id` is fresh and unguessable. */
export const livenessPing = (id: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id: PREFIX + id, method: 'ping' });

/** The `id` that a response answers, by the raw JSON text of its own; undefined if it is not one of ours. */
export function livenessId(raw: string): string | undefined {
  const start = `"${PREFIX}`;
  return raw.startsWith(start) && raw.endsWith('"') ? raw.slice(start.length, -1) : undefined;
}
