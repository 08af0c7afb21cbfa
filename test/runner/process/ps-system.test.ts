import { describe, expect, test } from 'vitest';
import { familyIn } from '../../../runner/process/process-snapshot.ts';
import type { ProcessEntry } from '../../../runner/process/process-table.ts';
import { parsePs, psWithEnvironments } from '../../../runner/process/ps-system.ts';
import { parseWindowsTable, taskkillArguments } from '../../../runner/process/windows-system.ts';

const STARTED = 'Thu Nov 26 01:05:28 2026';
const startTicks = Date.parse(STARTED) / 1_000;

describe('[F-350] the output of ps', () => {
  test('as macOS and procps write it: widths differ, the program stands without folder and arguments', () => {
    const text = [
      `  501     1   501     0     0 Ss   ${STARTED}     /sbin/launchd`,
      `42 501 42 61001 61001 S Thu Nov  6 01:05:28 2026 node /srv/my server.js --flag`,
      '',
      'ps: illegal option',
    ].join('\n');
    expect(parsePs(text, '')).toMatchObject([
      { pid: 501, parentPid: 1, groupId: 501, users: [0, 0], command: 'launchd', startTicks },
      { pid: 42, parentPid: 501, groupId: 42, users: [61_001, 61_001], command: 'node' },
    ]);
  });

  test('a zombie is gone', () => {
    expect(parsePs(`7 1 7 0 0 Z+ ${STARTED} <defunct>`, '')).toEqual([]);
  });

  test('marks are read from environments and never from arguments', () => {
    const line = (command: string): string => `7 1 7 0 0 S ${STARTED} ${command}`;
    const args = 'sh -c MCP_BRIDGE_RUNNER=forged MCP_BRIDGE_PROCESS=forged';
    const marks = (environment: string) => {
      const [entry] = parsePs(line(args), line(`${args}${environment}`));
      return [entry?.processMark, entry?.runnerMark];
    };
    expect(marks('')).toEqual([undefined, undefined]);
    expect(marks(' HOME=/ MCP_BRIDGE_PROCESS=p MCP_BRIDGE_RUNNER=r X=1')).toEqual(['p', 'r']);
    // Between the two calls it became another program.
    const [entry] = parsePs(line('other'), line(`${args} MCP_BRIDGE_PROCESS=p`));
    expect(entry?.processMark).toBeUndefined();
  });

  test('each system is asked for environments in its own way', () => {
    expect(psWithEnvironments('darwin').slice(0, 2)).toEqual(['-E', '-A']);
    expect(psWithEnvironments('freebsd').slice(0, 2)).toEqual(['-e', '-A']);
    expect(psWithEnvironments('linux')[0]).toBe('axeww');
  });
});

describe('[F-350] the table of Windows', () => {
  test('has pids, parents, times and names, which may hold spaces', () => {
    expect(
      parseWindowsTable('4 0 1795655000 System\r\n812 4 1795655001 my server.exe\r\n\r\n'),
    ).toMatchObject([
      { pid: 4, parentPid: 0, startTicks: 1_795_655_000, command: 'System' },
      { pid: 812, parentPid: 4, startTicks: 1_795_655_001, command: 'my server.exe' },
    ]);
  });

  test('one call of taskkill ends any number of trees', () => {
    expect(taskkillArguments([7, 9])).toEqual(['/T', '/F', '/PID', '7', '/PID', '9']);
  });
});

describe('[F-350] a family in a picture of all processes', () => {
  const entry = (
    pid: number,
    parentPid: number,
    more: Partial<ProcessEntry> = {},
  ): ProcessEntry => ({
    pid,
    command: 'x',
    state: 'S',
    parentPid,
    groupId: 0,
    sessionId: 0,
    startTicks: 1_000,
    ticks: 0,
    ...more,
  });
  const lineage = {
    leaderPid: 10,
    leaderStartTicks: 1_000,
    mark: 'm',
    seen: [],
    contained: () => new Set<number>(),
    leaders: new Set<number>([10, 50]),
  };
  const pids = (table: readonly ProcessEntry[], more = {}): number[] =>
    familyIn(table, { ...lineage, ...more }).map(({ pid }) => pid);

  test('holds descendants, group, mark, and who was seen before', () => {
    const table = [
      entry(10, 1),
      entry(11, 10),
      entry(12, 11),
      entry(13, 1, { groupId: 10 }),
      entry(14, 1, { processMark: 'm' }),
      entry(15, 1),
      entry(16, 15),
      entry(17, 1),
    ];
    expect(pids(table, { seen: [entry(15, 11)] })).toEqual([10, 11, 12, 13, 14, 15, 16]);
  });

  test('holds the children of a leader that is gone, where parents keep their numbers', () => {
    expect(pids([entry(11, 10), entry(12, 11), entry(17, 1)])).toEqual([11, 12]);
  });

  test('holds nobody older, no other leader and not the runner', () => {
    const table = [entry(11, 10, { startTicks: 900 }), entry(50, 10), entry(process.pid, 10)];
    expect(pids(table)).toEqual([]);
  });

  test('holds no stranger that got the pid of the leader, nor what that one starts', () => {
    const stranger = entry(10, 1, { startTicks: 2_000, groupId: 10 });
    expect(pids([stranger, entry(11, 10, { startTicks: 2_001, groupId: 10 })])).toEqual([]);
    expect(pids([entry(15, 1, { startTicks: 2_000 })], { seen: [entry(15, 11)] })).toEqual([]);
  });
});
