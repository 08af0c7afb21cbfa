// The shapes of JSON-RPC messages that the bridge itself reads or writes, named as in the MCP schema. Messages that only pass
// through are never parsed into these: scan.ts and splice.ts work on their bytes.

/** The `error` member of an error response. */
export interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A response with an empty result, which says no more than that the request was done; `id`: its raw JSON text. */
export const emptyResponse = (id: string): string => `{"jsonrpc":"2.0","id":${id},"result":{}}`;

/**
 * One line of JSON, without a newline. `id` is embedded as it is: the raw JSON text of a scanned id, with the quotes
 * of a string, as bytes or as text; null when the request's id is not known (JSON-RPC 2.0 §5).
 */
export function errorResponse(id: Uint8Array | string | null, error: ErrorObject): string {
  const { code, message, data } = error;
  const idText = id instanceof Uint8Array ? utf8.decode(id) : (id ?? 'null');
  return `{"jsonrpc":"2.0","id":${idText},"error":${JSON.stringify({ code, message, data })}}`;
}
