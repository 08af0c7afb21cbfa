// Ends what a crashed predecessor left behind (F-55): processes of a runner of the same place that no longer exists. A mark alone
// proves nothing, since anybody can write one into an environment. So the process must also belong to a user that this runner
// starts processes as.
import type { Containment } from './containment.ts';
import type { ProcessEntry, ProcessIdentity, ProcessStat } from './process-table.ts';
import { isOfAnyDeadRunner, isOfDeadRunner } from './runner-mark.ts';
import { systemOf } from './this-system.ts';
import { endAll } from './terminate.ts';

/** A process that was left by a runner that is gone. The command is the program's name, without arguments. */
export interface Orphan {
  readonly pid: number;
  readonly command: string;
}

/** `users` are those, beside the runner's own, that processes run as. */
export interface SweepOptions {
  readonly containment?: Containment;
  readonly users?: readonly number[];
}

/** Groups of others that one start takes away: each costs some reads, and nobody is to wait for them. */
const MOST_GROUPS = 1_000;

/** Ends all orphans of this place's dead runners, politely first, and says whom. Finds nothing where nobody can read marks. */
export async function sweepOrphans({ containment, users = [] }: SweepOptions = {}): Promise<
  Orphan[]
> {
  const system = containment?.system ?? systemOf(process.platform);
  const found = containment?.found() ?? [];
  const isRunnerGone = (runner: ProcessIdentity): boolean => system.isGone(runner, []);
  const groups = found
    .filter(({ runnerMark }) => isOfDeadRunner(runnerMark, isRunnerGone))
    .map(({ cgroup }) => cgroup);
  const ours = new Set([process.geteuid?.() ?? 0, ...users]);
  const isOfOurs = (entry: ProcessEntry): boolean =>
    system.usersOf(entry)?.every((user) => ours.has(user)) === true;
  const find = async (): Promise<ProcessStat[]> => {
    const table = await system.table();
    const isGone = (runner: ProcessIdentity): boolean => system.isGone(runner, table);
    const spared = selfAndAncestors(table);
    const mayEnd = (entry: ProcessEntry): boolean => !spared.has(entry.pid) && isOfOurs(entry);
    // Only a runner puts processes into such a cgroup, so no other proof is needed.
    const inGroups = new Set(groups.flatMap((group) => [...group.members()]));
    const proven = new Set<number>();
    for (const entry of table) {
      const isMarked = isOfDeadRunner(entry.runnerMark ?? '', isGone);
      if (inGroups.has(entry.pid) || (isMarked && mayEnd(entry))) proven.add(entry.pid);
    }
    // Processes that shed the mark are found by their ancestors, or by a session that a proven process made and still leads.
    for (let before = -1; before !== proven.size;) {
      before = proven.size;
      for (const entry of table) {
        const isBelow = proven.has(entry.parentPid) || proven.has(entry.sessionId);
        if (isBelow && mayEnd(entry)) proven.add(entry.pid);
      }
    }
    return table.filter(({ pid }) => proven.has(pid) && !spared.has(pid));
  };
  const killGroup = (): void => {
    for (const group of groups) group.kill();
  };
  const ended = await endAll({ find, isAlive: (found) => system.isAlive(found), killGroup });
  await Promise.all(groups.map((group) => group.remove()));
  // What lives in another place's group is ended by that place's next runner. It may never come: a group with nothing in it goes now.
  const left = found.filter(({ runnerMark }) => isOfAnyDeadRunner(runnerMark, isRunnerGone));
  for (const { cgroup } of left.slice(0, MOST_GROUPS)) cgroup.removeIfEmpty();
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
