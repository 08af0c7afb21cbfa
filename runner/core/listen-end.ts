// The result that ends a subscription if the process has not said it itself (MCP 2026-07-28, Utilities, "Subscriptions").
import type { BridgeRequestId, ClientRequestId } from '../../shared/ids.ts';
import { META } from '../../shared/mcp/modern.ts';

/** The answer as one line. Both are raw JSON text: the id it goes under, and the one its client gave the subscription. */
export const listenEnd = (
  id: BridgeRequestId | ClientRequestId,
  clientId: ClientRequestId,
): string =>
  `{"jsonrpc":"2.0","id":${String(id)},"result":{"resultType":"complete","_meta":{${JSON.stringify(META.subscriptionId)}:${clientId}}}}`;
