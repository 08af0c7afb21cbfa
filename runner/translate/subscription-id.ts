// The id of a `subscriptions/listen` and of everything sent on it (MCP 2026-07-28, Utilities, "Subscriptions"). A process knows
// the bridge's id of the request, the client its own.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { META } from '../../shared/mcp/modern.ts';
import { listenEnd } from '../core/listen-end.ts';
import type { ClientCall } from './client-call.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';

/** Whether a notification names the subscription it belongs to. */
export const isTagged = (message: MessageView): boolean =>
  message.has('params', '_meta', META.subscriptionId);

/** The bridge's id of the subscription that a process's notification belongs to. */
export const subscriptionIdIn = (message: MessageView): BridgeRequestId | undefined =>
  bridgeIdOf(message.text('params', '_meta', META.subscriptionId));

/** A notification, or a result, under the id by which the client knows its subscription. */
export const tagged = (
  message: MessageView,
  { clientId }: ClientCall,
  member: 'params' | 'result' = 'params',
): MessageView =>
  message.edited(message.changes([member, '_meta'], { and: { [META.subscriptionId]: clientId } }));

/** The result that a server ends a subscription with, if the process did not say it. */
export const endOfListen = ({ bridgeId, clientId }: ClientCall): string =>
  listenEnd(bridgeId, clientId);
