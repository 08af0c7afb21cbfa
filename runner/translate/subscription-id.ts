// The id of a `subscriptions/listen` and of everything sent on it (MCP 2026-07-28, Utilities, "Subscriptions"). A process knows
// the bridge's id of the request, the client its own.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { changeAt, textAt, valueAt } from '../../shared/jsonrpc/members.ts';
import type { Span } from '../../shared/jsonrpc/span.ts';
import { META } from '../../shared/mcp/modern.ts';
import { listenEnd } from '../core/listen-end.ts';
import type { ClientCall } from './client-call.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';

/** Where a notification names the subscription it belongs to. */
export const subscriptionIdAt = (bytes: Uint8Array): Span | undefined =>
  valueAt(bytes, 'params', '_meta', META.subscriptionId);

/** The bridge's id of the subscription that a process's notification belongs to. */
export function subscriptionIdIn(bytes: Uint8Array): BridgeRequestId | undefined {
  const span = subscriptionIdAt(bytes);
  return span && bridgeIdOf(textAt(bytes, span));
}

/** A notification, or a result, under the id by which the client knows its subscription. */
export const tagged = (
  bytes: Uint8Array,
  { clientId }: ClientCall,
  member: 'params' | 'result' = 'params',
): Uint8Array => changeAt(bytes, [member, '_meta'], { and: { [META.subscriptionId]: clientId } });

/** The result that a server ends a subscription with, if the process did not say it. */
export const endOfListen = ({ bridgeId, clientId }: ClientCall): string =>
  listenEnd(bridgeId, clientId);
