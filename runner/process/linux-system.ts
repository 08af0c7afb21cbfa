// Linux: the kernel's own table in /proc, sessions, and marks in environments (family.ts, late-look.ts).
import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';

import { findFamily } from './family.ts';
import { lookLater } from './late-look.ts';
import { isAlive, isGone, scanProcesses, statOf, usersOf } from './process-table.ts';
import { signalGroup } from './signals.ts';
import type { System } from './system.ts';

function pidNamespace(): string {
  try {
    return /\d+/u.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

export const linuxSystem: System = {
  mode: 'process marks',
  escapes: 'a program that changes its environment, session and parent',
  hasCgroups: true,
  hasSignals: true,
  ignoresCase: false,
  // A session and a group of its own, so that one signal reaches all it starts.
  spawn: (command, args, options) => spawn(command, args, { ...options, detached: true }),
  startOf: (pid) => statOf(pid)?.startTicks,
  isAlive,
  isGone,
  pidNamespace,
  family: findFamily,
  lookLater,
  table: scanProcesses,
  usersOf: ({ pid }) => usersOf(pid),
  signalGroup,
  strike: () => undefined,
  killGroups: (pids) => {
    for (const pid of pids) signalGroup(pid, 'SIGKILL');
  },
};
