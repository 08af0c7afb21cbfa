// POSIX systems without /proc, such as macOS and the BSDs: process groups, and ps(1) for the table of processes (F-350).
import { execFile, spawn } from 'node:child_process';

import {
  PROCESS_MARK,
  RUNNER_MARK,
  type ProcessEntry,
  type ProcessIdentity,
} from './process-table.ts';
import { knownByPicture } from './process-snapshot.ts';
import { sharedLook } from './shared-look.ts';
import { signalGroup } from './signals.ts';
import type { System } from './system.ts';

/** ps takes some 20 ms. One that hangs is given up on, and nothing is found. */
const PS_MS = 2_000;

/** Every process's arguments and environment: some kilobytes each. */
const MOST_PS_BYTES = 64 * 1024 * 1024;

/** `-o` with an empty heading, which leaves the line of headings out (POSIX, ps). The command comes last, as it holds spaces. */
const COLUMNS = ['pid', 'ppid', 'pgid', 'ruid', 'uid', 'state', 'lstart', 'command'].flatMap(
  (name) => ['-o', `${name}=`],
);

/** All processes, in full width. */
export const PS_ARGUMENTS: readonly string[] = ['-A', '-ww', ...COLUMNS];

/** The same with environments: they follow the arguments. procps knows it by the letter without a dash only. */
export function psWithEnvironments(platform: NodeJS.Platform): string[] {
  if (platform === 'linux') return ['axeww', ...COLUMNS];
  return [platform === 'darwin' ? '-E' : '-e', ...PS_ARGUMENTS];
}

/**
 * The processes in the output of ps; zombies count as gone. Lines in another form are passed over. `withEnvironments` is the
 * output of the other call: anybody may write a mark into arguments, so only what follows these counts.
 */
export function parsePs(text: string, withEnvironments: string): ProcessEntry[] {
  const whole = new Map(
    linesOf(withEnvironments).map(({ command, ...line }) => [keyOf(line), command]),
  );
  return linesOf(text).flatMap(({ command, ...line }) => {
    const full = whole.get(keyOf(line)) ?? '';
    const environment = full.startsWith(command) ? full.slice(command.length) : '';
    return [
      {
        ...line,
        command: programIn(command),
        processMark: variable(environment, PROCESS_MARK),
        runnerMark: variable(environment, RUNNER_MARK),
      },
    ];
  });
}

const keyOf = ({ pid, startTicks }: ProcessIdentity): string => `${pid} ${startTicks}`;

/** Without its folder and its arguments. */
const programIn = (command: string): string => /^(?:\S*\/)?(\S*)/u.exec(command)?.[1] ?? '';

/** Marks hold no spaces. */
const variable = (environment: string, name: string): string | undefined =>
  environment
    .split(/\s+/u)
    .find((word) => word.startsWith(`${name}=`))
    ?.slice(name.length + 1);

function linesOf(text: string): ProcessEntry[] {
  return text.split('\n').flatMap((line) => {
    // The time has five words: Thu Nov 26 01:05:28 2026.
    const [, pid, ppid, pgid, ruid, uid, state = '', started = '', command = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\d{4})\s*(.*)$/u.exec(
        line,
      ) ?? [];
    const startTicks = Date.parse(started) / 1_000;
    if (pid === undefined || Number.isNaN(startTicks) || state.startsWith('Z')) return [];
    return [
      {
        pid: Number(pid),
        command,
        state,
        parentPid: Number(ppid),
        groupId: Number(pgid),
        sessionId: Number(pgid),
        startTicks,
        ticks: 0,
        users: [Number(ruid), Number(uid)],
      },
    ];
  });
}

function runPs(args: readonly string[]): Promise<string> {
  const { PATH, TZ } = process.env;
  // Names of months in English, and times in the zone in which they are read again.
  const env = {
    LC_ALL: 'C',
    ...(PATH === undefined ? {} : { PATH }),
    ...(TZ === undefined ? {} : { TZ }),
  };
  return new Promise((resolve) => {
    execFile(
      'ps',
      args,
      { env, encoding: 'latin1', timeout: PS_MS, maxBuffer: MOST_PS_BYTES },
      // What it printed before a failure is of use too.
      (_error, stdout) => resolve(stdout),
    );
  });
}

/** `platform` says which ps it is. */
export function psSystem(platform: NodeJS.Platform): System {
  const table = sharedLook(async () => {
    const whole = await runPs(psWithEnvironments(platform));
    return parsePs(await runPs(PS_ARGUMENTS), whole);
  });
  return {
    ...knownByPicture(table),
    mode: 'process groups',
    escapes: 'a program that changes its environment, group and parent',
    hasSignals: true,
    ignoresCase: false,
    spawn: (command, args, options) => spawn(command, args, { ...options, detached: true }),
    usersOf: ({ users }) => users,
    signalGroup,
    // Where there is no ps, this is all that can be done.
    strike: (pid) => signalGroup(pid, 'SIGKILL'),
    killGroups: (pids) => {
      for (const pid of pids) signalGroup(pid, 'SIGKILL');
    },
  };
}
