// Ends a process and everything it started: closes stdin, then sends SIGTERM to the group, then SIGKILL to the group, then ends
// whatever left the group. Every step is bounded; all together they take at most 5 s (F-73, F-75).
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, type ProcessStat } from './process-table.ts';

/** A well-behaved server ends when its stdin does; the MCP spec asks it to. */
const STDIN_GRACE_MS = 1_000;

/** For a signal handler that flushes a database or a browser profile. */
const SIGTERM_GRACE_MS = 2_000;

/** SIGKILL acts at once, but for a process stuck inside the kernel; that one is given up on. */
const SIGKILL_GRACE_MS = 800;

/** For what is left after the first process: it has no client any more, so less patience. */
const REST_GRACE_MS = 500;

/** Looking again whether signalled processes are gone. */
const RECHECK_MS = 15;

/** For looking at the process table between those steps. */
const LOOKS_MS = 700;

/** The longest that all of it takes, one step after the other. */
export const TERMINATE_MS =
  STDIN_GRACE_MS + SIGTERM_GRACE_MS + SIGKILL_GRACE_MS + REST_GRACE_MS + LOOKS_MS;

/** Rounds of SIGKILL against what forks faster than it is found. */
const KILL_ROUNDS = 5;

/** The first process of a group, as far as ending it needs to know. */
export interface Leader {
  readonly pid: number;
  readonly closeStdin: () => void;
  /** Resolves when the system has reported the leader's end. */
  readonly exited: Promise<unknown>;
}

/** Ends the leader with growing force. False if even SIGKILL had no effect within its bound. */
export async function endLeader(leader: Leader): Promise<boolean> {
  leader.closeStdin();
  if (await settlesWithin(leader.exited, STDIN_GRACE_MS)) return true;
  signalGroup(leader.pid, 'SIGTERM');
  if (await settlesWithin(leader.exited, SIGTERM_GRACE_MS)) return true;
  signalGroup(leader.pid, 'SIGKILL');
  return settlesWithin(leader.exited, SIGKILL_GRACE_MS);
}

/** Signals every member of a process group; a group that is empty or not ours is passed over. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal);
  } catch {
    // ESRCH: nobody is left, which is the aim. EPERM: the pid belongs to a stranger by now.
  }
}

/**
 * Ends what `find` reports, politely first, and looks again until it reports nothing. `killGroup` comes
 * with the first SIGKILL and strikes what forks faster than it is found. Returns the processes that
 * were found; one stuck inside the kernel may outlive the call, with SIGKILL pending.
 */
export async function endAll(
  find: () => Promise<ProcessStat[]>,
  killGroup: () => void,
): Promise<ProcessStat[]> {
  const found = new Map<number, ProcessStat>();
  // A scan that was cut short may miss one that an earlier scan has found.
  const look = async (): Promise<ProcessStat[]> => {
    for (const entry of await find()) found.set(entry.pid, entry);
    return [...found.values()].filter(isAlive);
  };
  let living = await look();
  for (const entry of living) signalOne(entry, 'SIGTERM');
  await areGoneWithin(living, REST_GRACE_MS);
  killGroup();
  for (let round = 0; round < KILL_ROUNDS && living.length > 0; round += 1) {
    living = await look();
    for (const entry of living) signalOne(entry, 'SIGKILL');
    if (!(await areGoneWithin(living, SIGKILL_GRACE_MS))) break;
  }
  return [...found.values()];
}

function signalOne(entry: ProcessStat, signal: NodeJS.Signals): void {
  // Between the scan and now the pid may have passed to a stranger.
  if (!isAlive(entry)) return;
  try {
    process.kill(entry.pid, signal);
  } catch {
    // It ended in this very moment.
  }
}

async function areGoneWithin(entries: readonly ProcessStat[], ms: number): Promise<boolean> {
  const giveUpAt = performance.now() + ms;
  while (entries.some(isAlive)) {
    if (performance.now() >= giveUpAt) return false;
    await pause(RECHECK_MS);
  }
  return true;
}

/** True if the promise settles in time; leaves no timer behind. */
async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const waiting = new AbortController();
  try {
    return await Promise.race([
      promise.then(() => true),
      pause(ms, false, { signal: waiting.signal }),
    ]);
  } finally {
    waiting.abort();
  }
}
