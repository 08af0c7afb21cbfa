// What an operating system lets the runner do with the processes it starts. Which kinds there are: this-system.ts.
import type { ChildProcessWithoutNullStreams, SpawnOptionsWithoutStdio } from 'node:child_process';

import type { Lineage } from './family.ts';
import type { ProcessEntry, ProcessIdentity, ProcessStat } from './process-table.ts';

/** One kind of operating system. Nothing here throws or rejects, but `spawn` for what Node's `spawn` throws. */
export interface System {
  /** How a process's descendants are known where there is no cgroup. */
  readonly mode: 'process marks' | 'process groups' | 'process trees';
  /** Whom that does not find: it can outlive its session. */
  readonly escapes: string;
  readonly hasCgroups: boolean;
  /** Whether a process can be asked to end (SIGTERM), and not only be made to. */
  readonly hasSignals: boolean;
  /** Whether the names of variables are the same in capitals and small letters. */
  readonly ignoresCase: boolean;
  spawn(
    command: string,
    args: readonly string[],
    options: SpawnOptionsWithoutStdio,
  ): ChildProcessWithoutNullStreams;
  /** When a process of ours that was just started, or this very one, began. Undefined if it cannot be found out. */
  startOf(pid: number): number | undefined;
  /** Whether this very process still runs. One that cannot be looked up counts as alive. */
  isAlive(identity: ProcessIdentity): boolean;
  /** The opposite, for a process that was never seen: true only where it is certain. `table` is a recent one. */
  isGone(identity: ProcessIdentity, table: readonly ProcessEntry[]): boolean;
  /** Digits that name those processes that see the same pids for the same processes; times are comparable among them. */
  pidNamespace(): string;
  family(lineage: Lineage): Promise<ProcessStat[]>;
  /** Has whatever later turns out to bear this mark ended. Where `family` looks at all processes, there is nothing to do. */
  lookLater(mark: string, startTicks: number | undefined): void;
  /** Every living process that can be seen. */
  table(): Promise<readonly ProcessEntry[]>;
  /** The real and effective user of a process; undefined when it is gone, or nobody knows. */
  usersOf(entry: ProcessEntry): readonly number[] | undefined;
  /** To a process and those of its group or tree. Passed over if nobody is left. */
  signalGroup(leaderPid: number, signal: NodeJS.Signals): void;
  /** Strikes at what is left of the group of a leader that is gone; nothing where the table shows everything. */
  strike(leaderPid: number): void;
  /** Kills all groups or trees before it returns. */
  killGroups(leaderPids: readonly number[]): void;
}
