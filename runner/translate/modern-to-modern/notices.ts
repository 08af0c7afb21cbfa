// What a modern process says, and which of its calls it belongs to. Progress and subscriptions name their call; log messages,
// and notifications that no revision defines, do not.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { LISTEN_METHOD, META } from '../../../shared/mcp/modern.ts';
import { isVendorNotification } from '../../../shared/mcp/notifications.ts';
import type { ClientCall } from '../client-call.ts';
import { isAtLeast } from '../log-levels.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { progressTokenOf } from '../message.ts';
import { isTagged, subscriptionIdIn, tagged } from '../subscription-id.ts';

export interface ModernCall {
  /** Without its bytes once they were sent. */
  client: ClientCall;
  /** Identifies the client, as far as clients can be told apart. */
  readonly of: string;
  isSent: boolean;
  sentAt: number;
  /** Set once it is cancelled: the time until which the process may still refer to it. */
  releaseAt: number | undefined;
}

export interface ModernProcess {
  readonly slot: number;
  /** By the session's id, which the process knows them by as well. */
  readonly calls: Map<BridgeRequestId, ModernCall>;
}

export const isListen = ({ client }: ModernCall): boolean => client.method === LISTEN_METHOD;

/** The calls that get a notification; none if nobody can take it. */
export function ownersOf({ calls }: ModernProcess, message: MessageView): readonly ModernCall[] {
  const { method } = message;
  const open = [...calls.values()].filter(
    ({ isSent, releaseAt }) => isSent && releaseAt === undefined,
  );
  if (method === 'notifications/progress') {
    const token = progressTokenOf(message);
    return open.filter(({ client }) => token !== undefined && client.progressToken === token);
  }
  if (method === 'notifications/message') return logOwnersOf(open, message);
  if (isTagged(message)) {
    const id = subscriptionIdIn(message);
    return open.filter((call) => isListen(call) && call.client.bridgeId === id);
  }
  return isVendorNotification(method) ? takersOf(open) : [];
}

/** A log message does not name its call, so all calls that want its level get it. */
const logOwnersOf = (open: readonly ModernCall[], message: MessageView): ModernCall[] => {
  const level = message.parsed('params', 'level');
  return open.filter(
    ({ client: { logLevel } }) => logLevel !== undefined && isAtLeast(level, logLevel),
  );
};

/** The only running call, else the listening clients, else any call if all belong to one client. */
function takersOf(open: readonly ModernCall[]): readonly ModernCall[] {
  const running = open.filter((call) => !isListen(call));
  if (running.length === 1) return running;
  const listens = open.filter(isListen);
  if (listens.length > 0) return listens;
  return running.every(({ of }) => of === running[0]?.of) ? running.slice(0, 1) : [];
}

/** The notification for the session. */
export const noticeFor = (owner: ModernCall, message: MessageView): MessageView =>
  isListen(owner) ? tagged(message, owner.client) : message;

/** The answer for the session. */
export function resultFor(call: ModernCall, message: MessageView): MessageView {
  const isNamed = message.has('result', '_meta', META.subscriptionId);
  return isListen(call) && isNamed ? tagged(message, call.client, 'result') : message;
}
