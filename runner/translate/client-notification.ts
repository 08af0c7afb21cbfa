// A notification of a modern client, and why it cannot always be passed on: over HTTP it belongs to no request, and may not
// even say which client sent it (MCP 2026-07-28, Transports, "Sending Messages").
import { META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { clientName } from './client-key.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';

export interface ClientNotification {
  readonly message: MessageView;
  /** The client's key; undefined if it does not identify itself. */
  readonly name: string | undefined;
}

export function readNotification(message: MessageView): ClientNotification {
  const clientInfo = message.parsed('params', '_meta', META.clientInfo);
  return { message, name: clientInfo === undefined ? undefined : clientName(clientInfo) };
}

export const NO_PROCESS =
  'No process is running that this notification could go to. Send a request first; if several clients share a key, name yours in params._meta.';

export const hasNoMeaning = (method: string): string =>
  `Over HTTP, clients of revision ${MODERN_REVISION} do not send ${method}.`;
