// The progress of a call over several rounds: in each round it starts again at the process, but for the client it must keep
// rising (MCP 2025-11-25, Utilities, "Progress").
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import type { MultiRoundCall } from './multi-round-calls.ts';

/** The notification for the client; undefined if its progress would not rise. */
export function continued(
  message: MessageView,
  call: Pick<MultiRoundCall, 'progressBase' | 'progress'>,
): MessageView | undefined {
  const own = message.parsed('params', 'progress');
  if (typeof own !== 'number') return message;
  const { progressBase: base } = call;
  const progress = base + own;
  if (base > 0 && progress <= call.progress) return undefined;
  call.progress = Math.max(call.progress, progress);
  if (base === 0) return message;
  const total = message.parsed('params', 'total');
  const and: Record<string, string> = { progress: JSON.stringify(progress) };
  if (typeof total === 'number') and['total'] = JSON.stringify(base + total);
  return message.edited(message.changes(['params'], { and }));
}
