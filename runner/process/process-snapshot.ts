// Who belongs to a process, judged from one picture of all processes, as ps and Windows give it (F-350). Times are in seconds of
// the wall clock there, so what differs by a second or two may still be the same.
import type { Lineage } from './family.ts';
import type { ProcessEntry, ProcessIdentity, ProcessStat } from './process-table.ts';
import { isTaken } from './signals.ts';
import type { System } from './system.ts';

/** Between a start and its time in the picture, which is cut to seconds. */
const START_SLACK_S = 2;

/**
 * A pid that now belongs to a process so much younger than the one that is looked for was given away again. It is long, because
 * a runner that is taken for dead loses its processes, and no system gives a pid away again this soon.
 */
const REUSED_S = 60;

/** When a process began, as far as its starter can tell, in seconds of the wall clock. */
export function startSeconds(pid: number): number {
  return Math.floor((pid === process.pid ? performance.timeOrigin : Date.now()) / 1_000);
}

/** True only where it is certain that the process is no more. */
export function isGoneFrom(table: readonly ProcessEntry[], identity: ProcessIdentity): boolean {
  if (!isTaken(identity.pid)) return true;
  const holder = table.find(({ pid }) => pid === identity.pid);
  return holder !== undefined && holder.startTicks > identity.startTicks + REUSED_S;
}

/** All members of a process's family: its group, whoever carries its mark, whoever was seen before, and the descendants of all these. */
export function familyIn(table: readonly ProcessEntry[], lineage: Lineage): ProcessStat[] {
  const { leaderPid, mark, seen, leaders } = lineage;
  const startedAt = lineage.leaderStartTicks ?? startSeconds(leaderPid);
  const since = startedAt - START_SLACK_S;
  const leader = table.find(({ pid }) => pid === leaderPid);
  const isReused = leader !== undefined && leader.startTicks > startedAt + START_SLACK_S;
  const known = new Map(seen.map((stat) => [stat.pid, stat]));
  const family = new Set<number>(isReused ? [] : [leaderPid]);
  const isRoot = (entry: ProcessEntry): boolean =>
    (!isReused && entry.groupId === leaderPid) ||
    entry.processMark === mark ||
    Math.abs((known.get(entry.pid)?.startTicks ?? 0) - entry.startTicks) <= START_SLACK_S;
  const candidates = table.filter(
    ({ pid, startTicks }) =>
      pid !== process.pid && startTicks >= since && (pid === leaderPid || !leaders.has(pid)),
  );
  for (const entry of candidates) if (isRoot(entry)) family.add(entry.pid);
  // Windows keeps the number of a parent that is gone, so that its children are still found by it.
  for (let before = -1; before !== family.size;) {
    before = family.size;
    for (const entry of candidates) if (family.has(entry.parentPid)) family.add(entry.pid);
  }
  return candidates.filter(({ pid }) => family.has(pid) && !(isReused && pid === leaderPid));
}

/** What a system can tell that has nothing but such a picture. */
export const knownByPicture = (table: System['table']) =>
  ({
    hasCgroups: false,
    startOf: startSeconds,
    isAlive: ({ pid }) => isTaken(pid),
    isGone: (identity, entries) => isGoneFrom(entries, identity),
    pidNamespace: () => '0',
    family: async (lineage) => familyIn(await table(), lineage),
    lookLater: () => undefined,
    table,
  }) satisfies Partial<System>;
