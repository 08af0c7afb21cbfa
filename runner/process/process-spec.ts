// Describes a process that is to be started.
import type { ProcessLimits } from './cgroup.ts';
import type { Containment } from './containment.ts';
import type { ProcessUser } from './process-user.ts';
import type { ServerName } from '../../shared/ids.ts';

/** What to start. `env` is complete and already allow-listed; nothing is inherited beside it. */
export interface ProcessSpec {
  readonly server: ServerName;
  readonly command: string;
  readonly args: readonly string[];
  /** May be made anew each time that it is read. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly maxLineBytes: number;
  /** Unique for each process; descendants inherit it, so that the last of them can be found. */
  readonly mark: string;
  /** From `runnerMark()`; tells a later runner whose process this was. */
  readonly runnerMark: string;
  /** Absent: kept together by marks alone. */
  readonly containment?: Containment | undefined;
  /** Needs a containment that allows them; without, the start fails. */
  readonly limits?: ProcessLimits | undefined;
  /** Absent: the runner's own. */
  readonly user?: ProcessUser | undefined;
  /** Taken out of stderr where they are no shorter than a password. */
  readonly secrets?: readonly string[];
  /** No more of stdout is read before the first `resume`: nobody listens yet. */
  readonly aheadBytes?: number | undefined;
}
