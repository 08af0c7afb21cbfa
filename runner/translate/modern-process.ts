// What a modern process says, and of which of its calls: progress and subscriptions name theirs, log messages do not.
import { changeAt, parsedAt, textAt, valueAt } from '../../shared/jsonrpc/members.ts';
import { LISTEN_METHOD, META } from '../../shared/mcp/modern.ts';
import { listenEnd } from '../core/listen-end.ts';
import type { ClientCall } from './client-call.ts';
import { isAtLeast } from './log-levels.ts';
import { numberOf, type Message } from './message.ts';

export interface ModernCall {
  readonly client: ClientCall;
  isSent: boolean;
  /** Set once it is cancelled: until when the process may still speak of it. */
  releaseAt: number | undefined;
}

export interface ModernProcess {
  readonly slot: number;
  /** By the session's id, which the process knows them by as well. */
  readonly calls: Map<number, ModernCall>;
  idleSince: number;
  hasServed: boolean;
}

export const isListen = ({ client }: ModernCall): boolean => client.method === LISTEN_METHOD;

/** The calls that a log message of the process may belong to, cancelled ones included. */
export const logCallsOf = ({ calls }: ModernProcess): ModernCall[] =>
  [...calls.values()].filter(({ client }) => client.logLevel !== undefined);

/** The call that a notification belongs to; undefined when it can not be told, or wants no such thing. */
export function ownerOf(process: ModernProcess, message: Message): ModernCall | undefined {
  const { method, bytes, progressTokenAt } = message;
  if (method === 'notifications/progress') {
    const token = progressTokenAt && numberOf(textAt(bytes, progressTokenAt));
    if (token === undefined) return undefined;
    return [...process.calls.values()].find(({ client }) => client.progressToken === token);
  }
  if (method === 'notifications/message') {
    const [only, second] = logCallsOf(process);
    const logLevel = second ? undefined : only?.client.logLevel;
    if (logLevel === undefined) return undefined;
    return isAtLeast(parsedAt(bytes, 'params', 'level'), logLevel) ? only : undefined;
  }
  const tagAt = valueAt(bytes, 'params', '_meta', META.subscriptionId);
  const id = numberOf(tagAt && textAt(bytes, tagAt));
  const listen = id === undefined ? undefined : process.calls.get(id);
  return listen && isListen(listen) ? listen : undefined;
}

/** The notification as the session is to hear it. */
export const noticeFor = (owner: ModernCall, { bytes }: Message): Uint8Array =>
  isListen(owner) ? tagged(bytes, 'params', owner.client) : bytes;

/** The answer as the session is to hear it. */
export function resultFor(call: ModernCall, { bytes }: Message): Uint8Array {
  if (!isListen(call)) return bytes;
  const isTagged = valueAt(bytes, 'result', '_meta', META.subscriptionId) !== undefined;
  return isTagged ? tagged(bytes, 'result', call.client) : bytes;
}

/** The result that a server ends a subscription with, where the process did not say it. */
export const endOfListen = ({ id, clientId }: ClientCall): string =>
  listenEnd(String(id), clientId);

/** The client knows its subscription by its own id. */
const tagged = (bytes: Uint8Array, member: string, { clientId }: ClientCall): Uint8Array =>
  changeAt(bytes, [member, '_meta'], { and: { [META.subscriptionId]: clientId } });
