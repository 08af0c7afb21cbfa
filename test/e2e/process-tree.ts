// The processes below another one, for tests that must leave none.
import { scanProcesses, statOf, type ProcessStat } from '../../runner/process/process-table.ts';

/** Everything below a process, also what has left its group. */
export async function descendants(pid: number): Promise<ProcessStat[]> {
  const table = await scanProcesses();
  const below = (parent: number): ProcessStat[] =>
    table
      .filter((entry) => entry.parentPid === parent)
      .flatMap((entry) => [entry, ...below(entry.pid)]);
  return below(pid);
}

/** Those of them that still live; a pid that was given anew does not count. */
export const living = (entries: readonly ProcessStat[]): ProcessStat[] =>
  entries.filter((entry) => statOf(entry.pid)?.startTicks === entry.startTicks);
