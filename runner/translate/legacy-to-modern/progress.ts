// The progress of a call over several rounds: in each round it starts again at the process, but for the client it must keep
// rising (MCP 2025-11-25, Utilities, "Progress").
import { changeAt, parsedAt } from '../../../shared/jsonrpc/members.ts';
import type { MultiRoundCall } from './multi-round-calls.ts';

/** The notification for the client; undefined if its progress would not rise. */
export function continued(
  line: Uint8Array,
  call: Pick<MultiRoundCall, 'progressBase' | 'progress'>,
): Uint8Array | undefined {
  const own = parsedAt(line, 'params', 'progress');
  if (typeof own !== 'number') return line;
  const { progressBase: base } = call;
  const progress = base + own;
  if (base > 0 && progress <= call.progress) return undefined;
  call.progress = Math.max(call.progress, progress);
  if (base === 0) return line;
  const total = parsedAt(line, 'params', 'total');
  const and: Record<string, string> = { progress: JSON.stringify(progress) };
  if (typeof total === 'number') and['total'] = JSON.stringify(base + total);
  return changeAt(line, ['params'], { and });
}
