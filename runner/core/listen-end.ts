// The result that ends a subscription if the process has not said it itself (MCP 2026-07-28, Utilities, "Subscriptions").
import { META } from '../../shared/mcp/modern.ts';

/** The answer as one line. Both are raw JSON text: the id it goes under, and the one its client gave the subscription. */
export const listenEnd = (id: string, clientId: string): string =>
  `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","_meta":{${JSON.stringify(META.subscriptionId)}:${clientId}}}}`;
