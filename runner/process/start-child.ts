// Starts the program of a process: in a session and group of its own, without a shell, with marks that its descendants inherit, and
// in a cgroup if there is one. A program that runs as another user cannot gain more rights.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CgroupError, type ProcessCgroup } from './cgroup.ts';
import { PROCESS_MARK, RUNNER_MARK } from './process-table.ts';
import { isPresent } from './command-path.ts';
import type { ProcessSpec } from './process-spec.ts';
import type { System } from './system.ts';

/** setpriv(1) of util-linux; it becomes the program that it starts. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** How it ends when it may not execute that program, or does not find it. */
const NOT_EXECUTED = new Map([
  [126, 'EACCES'],
  [127, 'ENOENT'],
]);
const NOT_EXECUTED_WORDS = 'setpriv: failed to execute';

/**
 * Whether a process of another user is kept from gaining rights by setuid programs (no_new_privs in prctl(2)). Node has no
 * such call; where the tool is missing, only the unit file of the whole runner can say it.
 */
export const KEEPS_FROM_NEW_PRIVILEGES = SETPRIV !== undefined;

/** Throws what `spawn` throws; other failures come as its `error` event. */
export function startChild(
  spec: ProcessSpec,
  cgroup: ProcessCgroup | undefined,
  system: System,
): ChildProcessWithoutNullStreams {
  const { cwd, env, mark, user, limits } = spec;
  const [command, args] = programOf(spec);
  const start = (): ChildProcessWithoutNullStreams =>
    system.spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      // With another user come no supplementary groups: libuv drops the runner's.
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      env: { ...env, [PROCESS_MARK]: mark, [RUNNER_MARK]: spec.runnerMark },
      shell: false,
      stdio: 'pipe',
    });
  if (cgroup !== undefined) return cgroup.spawnInside(start);
  if (limits !== undefined && Object.keys(limits).length > 0) throw new CgroupError();
  return start();
}

/** The error of a start that only showed as the end of the tool before it; undefined for the end of a program itself. */
export function whyNotExecuted(
  exitCode: number | null,
  stderrTail: readonly string[],
): Error | undefined {
  const code = NOT_EXECUTED.get(exitCode ?? 0);
  if (code === undefined || stderrTail.at(-1)?.startsWith(NOT_EXECUTED_WORDS) !== true) {
    return undefined;
  }
  return Object.assign(new Error('not executed'), { code });
}

function programOf({ command, args, cwd, env, user }: ProcessSpec): [string, readonly string[]] {
  if (user === undefined || SETPRIV === undefined) return [command, args];
  // What is not there is better told by the system itself.
  const start = { command, searchPath: env['PATH'] ?? '', ...(cwd === undefined ? {} : { cwd }) };
  if (!isPresent(start.command, start.cwd ?? process.cwd(), start.searchPath))
    return [command, args];
  return [SETPRIV, ['--no-new-privs', '--', command, ...args]];
}
