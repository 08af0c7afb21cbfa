// Windows: no groups, no signals, no marks to read. A tree is known by the parents of its processes, and ended by taskkill (F-350).
// libuv puts each child that is not detached into a job that ends with the runner, however the runner ends; what such a child starts
// is not in it (uv_spawn in libuv's documentation, UV_PROCESS_DETACHED).
import { execFile, spawnSync } from 'node:child_process';

import type { ProcessEntry } from './process-table.ts';
import { knownByPicture } from './process-snapshot.ts';
import { sharedLook } from './shared-look.ts';
import { spawnOnWindows } from './spawn-on-windows.ts';
import type { System } from './system.ts';

/** PowerShell takes about a second to start. */
const LOOK_MS = 10_000;
const KILL_MS = 5_000;

/** One line for each process: pid, parent's pid, start in seconds since 1970, name. */
const SCRIPT = `Get-CimInstance Win32_Process | Where-Object { $_.CreationDate } | ForEach-Object {
  '{0} {1} {2} {3}' -f $_.ProcessId, $_.ParentProcessId, ([DateTimeOffset]$_.CreationDate).ToUnixTimeSeconds(), $_.Name
}`;

/** The processes in what the script above prints. */
export function parseWindowsTable(text: string): ProcessEntry[] {
  return text.split(/\r?\n/u).flatMap((line) => {
    const [, pid, parentPid, seconds, command = ''] = /^(\d+) (\d+) (\d+) (.*)$/u.exec(line) ?? [];
    if (pid === undefined) return [];
    return [
      {
        pid: Number(pid),
        command,
        state: 'R',
        parentPid: Number(parentPid),
        groupId: 0,
        sessionId: 0,
        startTicks: Number(seconds),
        ticks: 0,
      },
    ];
  });
}

/** With all that descends from living parents; by force, since nothing else reaches a program without a window. */
export const taskkillArguments = (pids: readonly number[]): string[] => [
  '/T',
  '/F',
  ...pids.flatMap((pid) => ['/PID', String(pid)]),
];

const table = sharedLook(
  () =>
    new Promise<ProcessEntry[]>((resolve) => {
      execFile(
        'powershell.exe',
        ['-NoProfile', '-NonInteractive', '-Command', SCRIPT],
        { timeout: LOOK_MS, windowsHide: true, maxBuffer: 16 * 1024 * 1024 },
        (_error, stdout) => resolve(parseWindowsTable(stdout)),
      );
    }),
);

export const windowsSystem: System = {
  ...knownByPicture(table),
  mode: 'process trees',
  escapes: 'a program whose parent has ended',
  hasSignals: false,
  ignoresCase: true,
  spawn: spawnOnWindows,
  usersOf: () => undefined,
  signalGroup(pid, signal) {
    if (signal !== 'SIGKILL') return;
    execFile(
      'taskkill',
      taskkillArguments([pid]),
      { timeout: KILL_MS, windowsHide: true },
      () => undefined,
    );
  },
  strike: () => undefined,
  killGroups(pids) {
    if (pids.length === 0) return;
    spawnSync('taskkill', taskkillArguments(pids), {
      timeout: KILL_MS,
      windowsHide: true,
      stdio: 'ignore',
    });
  },
};
