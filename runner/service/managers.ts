// The service managers: where each keeps the runner's definition, and the commands that act on it. Pure.
import { posix, win32 } from 'node:path';

import { isPlistOf, LABEL, launchdPlist } from './launchd-plist.ts';
import type { ServiceProgram } from './service-program.ts';
import { isUnitOf, systemdUnit, UNIT } from './systemd-unit.ts';
import { isTaskOf, TASK, windowsTask } from './windows-task.ts';

export type ManagerName = 'systemd' | 'launchd' | 'task';

/** Whom the service is for. */
export interface Owner {
  /** The whole machine, from its start; else one user. */
  readonly isSystem: boolean;
  readonly home: string;
  readonly uid: number;
}

/** A command and its arguments. */
export type CommandLine = readonly [string, ...string[]];

export interface Manager {
  definition(service: ServiceProgram): string;
  /** Whether a definition is of the runner with this config file. */
  isOf(definition: string, config: string): boolean;
  /** In which the definition is written. */
  readonly encoding: 'utf8' | 'utf16le';
  /** Where the definition lies. */
  file(owner: Owner): string;
  /** Where the log lies, if the manager keeps none. */
  log(owner: Owner): string;
  /** After the file was written. */
  install(owner: Owner): readonly CommandLine[];
  /** Ends it as a signal would, once it has finished what it is doing, and starts it again; empty if the manager cannot. */
  restart(owner: Owner): readonly CommandLine[];
  /** Succeeds if it runs. */
  running(owner: Owner): CommandLine;
  status(owner: Owner): CommandLine;
  logs(owner: Owner, isFollowing: boolean): CommandLine;
  /** Before the file is removed. */
  uninstall(owner: Owner): readonly CommandLine[];
  /** After it was removed. */
  forget(owner: Owner): readonly CommandLine[];
}

const systemctl = ({ isSystem }: Owner, ...words: string[]): CommandLine => [
  'systemctl',
  ...(isSystem ? [] : ['--user']),
  ...words,
];

const systemd: Manager = {
  definition: systemdUnit,
  isOf: isUnitOf,
  encoding: 'utf8',
  file: ({ isSystem, home }) =>
    isSystem ? `/etc/systemd/system/${UNIT}` : posix.join(home, '.config/systemd/user', UNIT),
  log: () => '/dev/null',
  install: (owner) => [
    systemctl(owner, 'daemon-reload'),
    systemctl(owner, 'enable', UNIT),
    // Also one that runs already, with what is new.
    systemctl(owner, 'restart', UNIT),
  ],
  restart: (owner) => [systemctl(owner, 'restart', UNIT)],
  running: (owner) => systemctl(owner, 'is-active', UNIT),
  status: (owner) => systemctl(owner, 'status', '--no-pager', UNIT),
  logs: ({ isSystem }, isFollowing) => [
    'journalctl',
    ...(isSystem ? [] : ['--user']),
    '--no-pager',
    ...(isFollowing ? ['-f'] : []),
    '-n',
    '100',
    '-u',
    UNIT,
  ],
  uninstall: (owner) => [systemctl(owner, 'disable', '--now', UNIT)],
  forget: (owner) => [systemctl(owner, 'daemon-reload')],
};

const domain = ({ isSystem, uid }: Owner): string => (isSystem ? 'system' : `gui/${uid}`);

const launchd: Manager = {
  definition: launchdPlist,
  isOf: isPlistOf,
  encoding: 'utf8',
  file: ({ isSystem, home }) =>
    posix.join(
      isSystem ? '/Library/LaunchDaemons' : posix.join(home, 'Library/LaunchAgents'),
      `${LABEL}.plist`,
    ),
  log: ({ isSystem, home }) =>
    isSystem ? '/Library/Logs/mcp-bridge.log' : posix.join(home, 'Library/Logs/mcp-bridge.log'),
  install: (owner) => [['launchctl', 'bootstrap', domain(owner), launchd.file(owner)]],
  // KeepAlive starts it again.
  restart: (owner) => [['launchctl', 'kill', 'SIGTERM', `${domain(owner)}/${LABEL}`]],
  running: (owner) => ['launchctl', 'print', `${domain(owner)}/${LABEL}`],
  status: (owner) => ['launchctl', 'print', `${domain(owner)}/${LABEL}`],
  logs: (owner, isFollowing) => [
    'tail',
    '-n',
    '100',
    ...(isFollowing ? ['-f'] : []),
    launchd.log(owner),
  ],
  uninstall: (owner) => [['launchctl', 'bootout', `${domain(owner)}/${LABEL}`]],
  forget: () => [],
};

const task: Manager = {
  definition: windowsTask,
  isOf: isTaskOf,
  // As Windows itself exports tasks.
  encoding: 'utf16le',
  file: ({ home }) => win32.join(home, 'AppData', 'Local', 'mcp-bridge', 'mcp-bridge-task.xml'),
  log: ({ home }) => win32.join(home, 'AppData', 'Local', 'mcp-bridge', 'mcp-bridge.log'),
  install: (owner) => [
    ['schtasks', '/Create', '/F', '/TN', TASK, '/XML', task.file(owner)],
    ['schtasks', '/Run', '/TN', TASK],
  ],
  // Ending a task cuts off whatever it is doing.
  restart: () => [],
  running: () => ['schtasks', '/Query', '/TN', TASK],
  status: () => ['schtasks', '/Query', '/TN', TASK, '/V', '/FO', 'LIST'],
  logs: (owner, isFollowing) => [
    'powershell',
    '-NoProfile',
    '-Command',
    `Get-Content -Tail 100 ${isFollowing ? '-Wait ' : ''}-LiteralPath '${task.log(owner).replaceAll("'", "''")}'`,
  ],
  uninstall: () => [
    ['schtasks', '/End', '/TN', TASK],
    ['schtasks', '/Delete', '/F', '/TN', TASK],
  ],
  forget: () => [],
};

export const MANAGERS: Readonly<Record<ManagerName, Manager>> = { systemd, launchd, task };

/** The manager of a system; undefined where there is none that we know. */
export function managerOf(platform: NodeJS.Platform): ManagerName | undefined {
  if (platform === 'linux') return 'systemd';
  if (platform === 'darwin') return 'launchd';
  return platform === 'win32' ? 'task' : undefined;
}
