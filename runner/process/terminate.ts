// Ends a process and everything it started: closes stdin, then sends SIGTERM to the group, then SIGKILL to the group, then ends
// whatever left the group. Where there is no SIGTERM, its time is given to the closed stdin. Every step is bounded; all together they
// take at most 5 s (F-73, F-75).
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessIdentity, ProcessStat } from './process-table.ts';
import { trySignal } from './signals.ts';
import type { System } from './system.ts';

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
export async function endLeader(leader: Leader, system: System): Promise<boolean> {
  leader.closeStdin();
  if (await settlesWithin(leader.exited, STDIN_GRACE_MS)) return true;
  system.signalGroup(leader.pid, 'SIGTERM');
  if (await settlesWithin(leader.exited, SIGTERM_GRACE_MS)) return true;
  system.signalGroup(leader.pid, 'SIGKILL');
  return settlesWithin(leader.exited, SIGKILL_GRACE_MS);
}

/** Whom to end, and how they are known to be gone. */
export interface Doomed {
  find(): Promise<ProcessStat[]>;
  isAlive(identity: ProcessIdentity): boolean;
  /** Comes with the first SIGKILL and strikes what forks faster than it is found. */
  killGroup(): void;
}

/**
 * Ends what `find` reports, politely first, and looks again until it reports nothing. Returns the processes that
 * were found; one stuck inside the kernel may outlive the call, with SIGKILL pending.
 */
export async function endAll({ find, isAlive, killGroup }: Doomed): Promise<ProcessStat[]> {
  const found = new Map<number, ProcessStat>();
  // A scan that was cut short may miss one that an earlier scan has found.
  const look = async (): Promise<ProcessStat[]> => {
    for (const entry of await find()) found.set(entry.pid, entry);
    return [...found.values()].filter(isAlive);
  };
  let living = await look();
  // Between the look and now a pid may have passed to a stranger.
  const signal = (name: NodeJS.Signals): void => {
    for (const entry of living) if (isAlive(entry)) trySignal(entry.pid, name);
  };
  signal('SIGTERM');
  await areGoneWithin(living, isAlive, REST_GRACE_MS);
  killGroup();
  for (let round = 0; round < KILL_ROUNDS && living.length > 0; round += 1) {
    living = await look();
    signal('SIGKILL');
    if (!(await areGoneWithin(living, isAlive, SIGKILL_GRACE_MS))) break;
  }
  return [...found.values()];
}

async function areGoneWithin(
  entries: readonly ProcessStat[],
  isAlive: (identity: ProcessIdentity) => boolean,
  ms: number,
): Promise<boolean> {
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
