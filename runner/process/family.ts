// Finds what belongs to a process: its descendants, and those of them that slipped away (F-75). It does not read the machine's
// whole process table.
import {
  allStats,
  childrenOf,
  isAlive,
  isVisible,
  KNOWS_CHILDREN,
  statOf,
  treeOf,
  withMarks,
  type ProcessStat,
} from './process-table.ts';

/** What tells a process's descendants from strangers. */
export interface Lineage {
  readonly leaderPid: number;
  /** Undefined if the leader was gone before it could be looked up. */
  readonly leaderStartTicks: number | undefined;
  readonly mark: string;
  /** Members that were found earlier, while their parents still lived. */
  readonly seen: readonly ProcessStat[];
  /** The members of the process's cgroup, if it has one. */
  readonly contained: () => ReadonlySet<number>;
  /** The leaders of all processes: they belong to nobody else's family. */
  readonly leaders: Pick<ReadonlySet<number>, 'has'>;
}

/**
 * All living members of a process's family: its cgroup, its session, whoever carries its mark,
 * whoever was seen as a member before, and the descendants of all these.
 */
export async function findFamily(lineage: Lineage): Promise<ProcessStat[]> {
  const { leaderPid, leaderStartTicks, seen, contained, leaders } = lineage;
  const family = new Map<number, ProcessStat>();
  const add = (stat: ProcessStat | undefined): void => {
    if (stat === undefined || stat.pid === process.pid || family.has(stat.pid)) return;
    for (const member of treeOf(stat.pid)) family.set(member.pid, member);
  };
  const leader = statOf(leaderPid);
  // Once nobody is left in the session its number may be given to a stranger.
  const isReused = leader !== undefined && leader.startTicks !== leaderStartTicks;
  if (!isReused) add(leader);
  for (const member of seen) if (isAlive(member)) add(statOf(member.pid));
  for (const pid of contained()) add(statOf(pid));
  const orphans = KNOWS_CHILDREN ? orphansOfMachine(leaders) : undefined;
  const younger = (orphans ?? (await allStats())).filter(
    ({ pid, startTicks }) =>
      startTicks >= (leaderStartTicks ?? 0) && !family.has(pid) && !leaders.has(pid),
  );
  const isOfSession = (stat: ProcessStat): boolean => stat.sessionId === leaderPid && !isReused;
  for (const stat of younger) if (isOfSession(stat)) add(stat);
  const unmarked = younger.filter(({ pid }) => !family.has(pid) && pid !== process.pid);
  for (const { processMark, pid } of await withMarks(unmarked)) {
    if (processMark === lineage.mark) add(statOf(pid));
  }
  return [...family.values()];
}

/**
 * The children of those to whom the kernel gives a process whose parent ends: an ancestor that asked for it, or the first
 * process (PR_SET_CHILD_SUBREAPER in prctl(2)). Undefined where they cannot be told for certain. The `leaders`, of whom a busy runner
 * has hundreds, are not read.
 */
function orphansOfMachine(leaders: Lineage['leaders']): ProcessStat[] | undefined {
  const fosterers = new Set([1]);
  const own = new Set([process.pid]);
  for (let pid = process.ppid; pid > 1 && !fosterers.has(pid); pid = statOf(pid)?.parentPid ?? 0) {
    fosterers.add(pid);
    own.add(pid);
  }
  if (process.pid === 1) fosterers.delete(1);
  if (![...fosterers].every(isVisible)) return undefined;
  const lists = [...fosterers, process.pid].map(childrenOf);
  if (!lists.every(({ isCertain }) => isCertain)) return undefined;
  const pids = new Set(lists.flatMap(({ pids }) => [...pids])).difference(own);
  return [...pids]
    .filter((pid) => !leaders.has(pid))
    .map(statOf)
    .filter((stat) => stat !== undefined);
}
