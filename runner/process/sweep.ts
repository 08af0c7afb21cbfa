// Ends what a crashed predecessor left behind (F-55): processes marked by a runner that is no more.
import { readlinkSync } from 'node:fs';
import { scanProcesses, statOf } from './process-table.ts';
import type { ProcessEntry } from './process-table.ts';
import { endAll } from './terminate.ts';

/** A process that was left by a runner that is gone. The command is the program's name, without arguments. */
export interface Orphan {
  readonly pid: number;
  readonly command: string;
}

/**
 * This runner's mark: `<pid>.<start time in ticks since boot>.<pid namespace>`. A pid alone is reused;
 * and in another container the same pid is another process, whose children are not ours to judge.
 */
export function runnerMark(): string {
  return `${process.pid}.${statOf(process.pid)?.startTicks ?? 0}.${pidNamespace()}`;
}

/** Ends all orphans of dead runners, politely first, and says whom. Finds nothing where there is no /proc. */
export async function sweepOrphans(): Promise<Orphan[]> {
  const ended = await endAll(async () => {
    const table = await scanProcesses();
    const spared = selfAndAncestors(table);
    const sparedSessions = new Set(
      table.filter((entry) => spared.has(entry.pid)).map((entry) => entry.sessionId),
    );
    const orphans = table.filter((entry) => !spared.has(entry.pid) && isOrphan(entry));
    // Who shed the mark, but not the session, is found by the session.
    const sessions = new Set(orphans.map((entry) => entry.sessionId)).difference(sparedSessions);
    // Sessions led from outside this namespace all show as 0.
    sessions.delete(0);
    return table.filter((entry) => orphans.includes(entry) || sessions.has(entry.sessionId));
  });
  return ended.map(({ pid, command }) => ({ pid, command }));
}

function isOrphan(entry: ProcessEntry): boolean {
  const [pid, startTicks, namespace] = (entry.runnerMark ?? '').split('.');
  if (pid === undefined || startTicks === undefined || namespace !== pidNamespace()) return false;
  return statOf(Number(pid))?.startTicks !== Number(startTicks);
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

function pidNamespace(): string {
  try {
    return /\d+/u.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}
