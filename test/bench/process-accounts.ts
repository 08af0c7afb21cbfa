// CPU time and memory of a bridge's own programs and of the stdio processes below them, from /proc (Linux).
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc/<pid>/stat: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Whose accounts are read. */
export interface Accounted {
  /** The bridge's own programs: group → pid. What runs below them is not theirs. */
  readonly groups: Readonly<Record<string, number>>;
  /** All that descends from these is stdio processes. */
  readonly ancestors: readonly number[];
}

/** CPU seconds so far. */
export interface CpuReading {
  readonly groups: Readonly<Record<string, number>>;
  /** The stdio processes, ended and reaped ones included. */
  readonly processes: number;
  /** This program, which is the client. */
  readonly client: number;
}

/** Memory now, in KiB. PSS shares out what several programs have mapped. */
export interface MemoryReading {
  readonly rssKiB: number;
  readonly pssKiB: number;
}

interface Account {
  readonly pid: number;
  readonly parentPid: number;
  readonly seconds: number;
  readonly reapedSeconds: number;
}

/** Throws when one of the bridge's programs is gone: its figures would be wrong. */
export function readCpu({ groups, ancestors }: Accounted): CpuReading {
  const accounts = readAccounts();
  const own = Object.entries(groups).map(([group, pid]) => {
    const account = accounts.get(pid);
    if (account === undefined) throw new Error(`The ${group} (pid ${pid}) has ended.`);
    return [group, account.seconds] as const;
  });
  let processes = 0;
  for (const pid of ancestors) processes += accounts.get(pid)?.reapedSeconds ?? 0;
  for (const pid of descendants(accounts, ancestors)) {
    const account = accounts.get(pid);
    processes += (account?.seconds ?? 0) + (account?.reapedSeconds ?? 0);
  }
  const { user, system } = process.cpuUsage();
  return { groups: Object.fromEntries(own), processes, client: (user + system) / 1e6 };
}

/**
 * The CPU of the bridge's own programs so far, in µs, by group. Finer than {@link readCpu}, whose ticks are 10 ms: threads that have ended
 * are not in it, which those of workerd and Node do not do under load. Throws when a program is gone.
 */
export function readOwnCpu({ groups }: Accounted): Record<string, number> {
  const own = Object.entries(groups).map(([group, pid]) => {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [spent] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      nanoseconds += Number(spent);
    }
    return [group, nanoseconds / 1000] as const;
  });
  return Object.fromEntries(own);
}

/** CPU seconds between two readings. */
export function cpuBetween(before: CpuReading, after: CpuReading): CpuReading {
  const groups = Object.entries(after.groups).map(
    ([group, seconds]) => [group, seconds - (before.groups[group] ?? 0)] as const,
  );
  return {
    groups: Object.fromEntries(groups),
    processes: after.processes - before.processes,
    client: after.client - before.client,
  };
}

/** The memory of each of the bridge's programs, without what runs below them. */
export function readMemory({ groups }: Accounted): Record<string, MemoryReading> {
  return Object.fromEntries(
    Object.entries(groups).map(([group, pid]) => {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      return [group, { rssKiB: kibibytes(text, 'Rss'), pssKiB: kibibytes(text, 'Pss') }];
    }),
  );
}

/** Pids of all that runs below. */
export function pidsBelow(ancestors: readonly number[]): number[] {
  return descendants(readAccounts(), ancestors);
}

/** The mean number of runnable tasks over the last minute. */
export function load1(): number {
  return Number.parseFloat(readFileSync('/proc/loadavg', 'latin1'));
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu').exec(text)?.[1] ?? Number.NaN);
}

function readAccounts(): Map<number, Account> {
  const accounts = new Map<number, Account>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue;
    const account = readAccount(Number(name));
    if (account !== undefined) accounts.set(account.pid, account);
  }
  return accounts;
}

/** proc_pid_stat(5); the command in parentheses may hold spaces, so the fields count from behind it. */
function readAccount(pid: number): Account | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const seconds = (first: number): number =>
      (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
    return {
      pid,
      parentPid: Number(fields[1]),
      seconds: seconds(11),
      reapedSeconds: seconds(13),
    };
  } catch {
    // It ended between the listing and the reading.
    return undefined;
  }
}

function descendants(
  accounts: ReadonlyMap<number, Account>,
  ancestors: readonly number[],
): number[] {
  const children = Map.groupBy(accounts.values(), ({ parentPid }) => parentPid);
  const below: number[] = [];
  const walk = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      below.push(child.pid);
      walk(child.pid);
    }
  };
  for (const pid of ancestors) walk(pid);
  return below;
}
