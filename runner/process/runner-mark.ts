// Names a runner for good, so that what it leaves behind is known as its own, and as nobody's once it is gone.
import { readlinkSync } from 'node:fs';
import { statOf } from './process-table.ts';

/**
 * This runner's mark: `<pid>.<start time in ticks since boot>.<pid namespace>`. A pid alone is reused;
 * and in another container the same pid is another process, whose children are not ours to judge.
 */
export function runnerMark(): string {
  return `${process.pid}.${statOf(process.pid)?.startTicks ?? 0}.${pidNamespace()}`;
}

/** True only if the mark names a runner of this pid namespace that is no more. */
export function isOfDeadRunner(mark: string): boolean {
  const [pid, startTicks, namespace] = mark.split('.');
  if (pid === undefined || startTicks === undefined || namespace !== pidNamespace()) return false;
  return statOf(Number(pid))?.startTicks !== Number(startTicks);
}

function pidNamespace(): string {
  try {
    return /\d+/u.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}
