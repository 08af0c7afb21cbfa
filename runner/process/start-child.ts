// Starts the program of a process: its own session and group, no shell, marks that its descendants inherit, and a cgroup where
// there is one.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { CgroupError, type ProcessCgroup } from './cgroup.ts';
import { PROCESS_MARK, RUNNER_MARK } from './process-table.ts';
import type { ProcessSpec } from './stdio-process.ts';

/** Throws what `spawn` throws; other failures come as its `error` event. */
export function startChild(
  spec: ProcessSpec,
  cgroup: ProcessCgroup | undefined,
): ChildProcessWithoutNullStreams {
  const { command, args, cwd, env, mark, user, limits } = spec;
  const start = (): ChildProcessWithoutNullStreams =>
    spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      // With another user come no supplementary groups: libuv drops the runner's.
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      env: { ...env, [PROCESS_MARK]: mark, [RUNNER_MARK]: spec.runnerMark },
      // A session and a group of its own, so that one signal reaches all it starts.
      detached: true,
      shell: false,
      stdio: 'pipe',
    });
  if (cgroup !== undefined) return cgroup.spawnInside(start);
  if (limits !== undefined && Object.keys(limits).length > 0) throw new CgroupError();
  return start();
}
