// Ends what a crashed predecessor left behind (F-55): processes marked by a runner that is no more.
// By its environment, by its session, or by the cgroup that the dead runner made for it.
import type { Containment } from './containment.ts';
import { scanProcesses } from './process-table.ts';
import type { ProcessEntry } from './process-table.ts';
import { isOfDeadRunner } from './runner-mark.ts';
import { endAll } from './terminate.ts';

/** A process that was left by a runner that is gone. The command is the program's name, without arguments. */
export interface Orphan {
  readonly pid: number;
  readonly command: string;
}

/** Ends all orphans of dead runners, politely first, and says whom. Finds nothing where there is no /proc. */
export async function sweepOrphans(containment?: Containment): Promise<Orphan[]> {
  const groups = (containment?.found() ?? [])
    .filter((found) => isOfDeadRunner(found.runnerMark))
    .map((found) => found.cgroup);
  const find = async (): Promise<ProcessEntry[]> => {
    const table = await scanProcesses();
    const spared = selfAndAncestors(table);
    const inGroups = new Set(groups.flatMap((group) => [...group.members()]));
    const isOrphan = (entry: ProcessEntry): boolean =>
      inGroups.has(entry.pid) || isOfDeadRunner(entry.runnerMark ?? '');
    const sparedSessions = new Set(
      table.filter((entry) => spared.has(entry.pid)).map((entry) => entry.sessionId),
    );
    const orphans = table.filter((entry) => !spared.has(entry.pid) && isOrphan(entry));
    // Who shed the mark, but not the session, is found by the session.
    const sessions = new Set(orphans.map((entry) => entry.sessionId)).difference(sparedSessions);
    // Sessions led from outside this namespace all show as 0.
    sessions.delete(0);
    return table.filter((entry) => orphans.includes(entry) || sessions.has(entry.sessionId));
  };
  const ended = await endAll(find, () => {
    for (const group of groups) group.kill();
  });
  await Promise.all(groups.map((group) => group.remove()));
  return ended.map(({ pid, command }) => ({ pid, command }));
}

/** A runner that is itself started below an orphan must not end its own ground. */
function selfAndAncestors(table: readonly ProcessEntry[]): Set<number> {
  const parents = new Map(table.map((entry) => [entry.pid, entry.parentPid]));
  const spared = new Set<number>();
  let pid: number | undefined = process.pid;
  while (pid !== undefined && !spared.has(pid)) {
    spared.add(pid);
    pid = parents.get(pid);
  }
  return spared;
}
