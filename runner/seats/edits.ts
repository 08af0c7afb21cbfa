// Changes that the messages of seats need, on their bytes.
import { isLookalike } from '../../shared/jsonrpc/scan.ts';
import type { MessageView, Path } from '../../shared/jsonrpc/view.ts';
import { META, TASKS_EXTENSION } from '../../shared/mcp/modern.ts';
import { withoutMember } from '../translate/message.ts';

const encoder = new TextEncoder();

/** What is sent on a subscription, under the id by which the seat knows it; `raw` is JSON text. */
export function underSubscription(
  message: MessageView,
  member: 'params' | 'result',
  raw: string,
): MessageView {
  const span = message.at(member, '_meta', META.subscriptionId);
  return span ? message.edited([{ ...span, with: encoder.encode(raw) }]) : message;
}

/**
 * A request that asks for no task (MCP 2025-11-25, Tasks: a receiver that declares none processes the request as any other; the tasks
 * extension of 2026-07-28: a server makes one only for a client that declares it).
 */
export function askingForNoTask(request: MessageView): MessageView {
  const extensions: Path = ['params', '_meta', META.clientCapabilities, 'extensions'];
  return withoutMember(withoutMember(request, ['params'], 'task'), extensions, TASKS_EXTENSION);
}

/** Members of `params` by which a request acts on what others at the process have, too. */
const READ_BY_METHOD: Readonly<Record<string, string>> = {
  'logging/setLevel': 'level',
  'resources/subscribe': 'uri',
  'resources/unsubscribe': 'uri',
};

/**
 * The member that the bridge reads in a request, and that a laxer reader may read elsewhere: it stands there twice, or beside one that
 * differs only in case. So a session could name the request of another in it. Undefined: there is none.
 */
export function ambiguousMember(request: MessageView): string | undefined {
  const own = READ_BY_METHOD[request.method];
  return (
    ambiguousIn(request, ['params'], own === undefined ? ['_meta'] : ['_meta', own]) ??
    ambiguousIn(request, ['params', '_meta'], ['progressToken'])
  );
}

function ambiguousIn(request: MessageView, path: Path, names: string[]): string | undefined {
  const seen = new Set<string>();
  for (const { key } of request.members(...path))
    for (const name of names) {
      if (isLookalike(key, name) || (key === name && seen.has(name))) return name;
      if (key === name) seen.add(name);
    }
  return undefined;
}
