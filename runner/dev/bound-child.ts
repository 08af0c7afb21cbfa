// A program that cannot outlive this process, not even when this process is killed with SIGKILL.
//
// A small shell stays next to the program and reads from a pipe that only we hold open. When we are
// gone, the read fails and the shell kills the program; a line on the pipe ends the shell. On Windows
// libuv does as much for a child that is not detached, by a job object.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

import { systemOf } from '../process/this-system.ts';

/**
 * The shell forks the watcher first and then becomes the program, so the program has our child's pid
 * and there is no moment without a watcher. The watcher lets go of the program's output and control
 * pipes; the program does not get the lifeline.
 */
const SHELL_SCRIPT = '{ read -r _ || kill -9 $$; } <&4 >/dev/null 2>&1 3>&- & exec "$@" 4<&-';

/** A running program and its pipes. `control` is its descriptor 3. */
export interface BoundChild {
  readonly process: ChildProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly control: Readable;
}

/** Where and with which (complete) environment a program runs. */
export interface BoundChildOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Starts a program in a session of its own, so that Ctrl-C in the terminal reaches us alone. */
export function spawnBound(
  command: string,
  args: readonly string[],
  options: BoundChildOptions,
): BoundChild {
  if (!systemOf(process.platform).hasSignals) return spawnInJob(command, args, options);
  const child = spawn('/bin/sh', ['-c', SHELL_SCRIPT, 'sh', command, ...args], {
    cwd: options.cwd,
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const lifeline = child.stdio[4] as Writable;
  // The watcher may be gone before its line arrives; that is what the line was for.
  lifeline.on('error', () => undefined);
  child.once('exit', () => lifeline.end('\n'));
  return boundChild(child);
}

function spawnInJob(
  command: string,
  args: readonly string[],
  { cwd, env }: BoundChildOptions,
): BoundChild {
  return boundChild(
    spawn(command, args, {
      cwd,
      env: { ...env },
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    }),
  );
}

const boundChild = (child: ChildProcess): BoundChild => ({
  process: child,
  stdout: child.stdout as Readable,
  stderr: child.stderr as Readable,
  control: child.stdio[3] as Readable,
});
