// The state of an edge in one sentence, and what needs its operator.
import { describe, expect, test } from 'vitest';

import type { RunnerView } from '../../../edge/core/ports.ts';
import {
  aboutInWords,
  attentionOf,
  durationInWords,
  ownAttentionOf,
  perMinute,
  stateInWords,
  type EdgeState,
} from '../../../edge/core/state-words.ts';
import { WatchedRecord } from '../../../edge/core/watched-record.ts';
import type { CallLine, RefusalLine } from '../../../edge/core/log.ts';
import { VERSION } from '../../../shared/version.ts';
import { DrivenFleet } from './driven-fleet.ts';

const NOW = 1_000_000;

const runner = (name: string, changed: Partial<RunnerView> = {}): RunnerView => ({
  runner: name,
  isLinked: true,
  isDraining: false,
  servers: ['files'],
  sessions: 0,
  capacity: 10,
  spares: 0,
  ...changed,
});

const state = (changed: Partial<EdgeState> = {}): EdgeState => ({
  runners: [runner('vm1'), runner('vm2')],
  servers: ['files', 'mail'],
  reachable: ['files', 'mail'],
  sessions: 3,
  lastCallAt: NOW - 4_000,
  problems: [],
  record: 'all',
  failing: [],
  stuck: [],
  changed: [],
  ...changed,
});

describe('[F-640] the sentence', () => {
  test('says what there is, and when the last call was', () => {
    expect(stateInWords(state(), NOW)).toBe(
      '2 runners linked, 2 servers, 3 sessions, last call 4 s ago.',
    );
    const one = { runners: [runner('vm1')], servers: ['files'], sessions: 1 };
    expect(stateInWords(state({ ...one, lastCallAt: undefined }), NOW)).toBe(
      '1 runner linked, 1 server, 1 session, no call yet.',
    );
  });

  test('says who is away, for how long, and what waits', () => {
    const away = runner('vm1', { isLinked: false, since: NOW - 40_000, sessions: 2 });
    expect(stateInWords(state({ runners: [away, runner('vm2')] }), NOW)).toBe(
      'vm1 has been away for 40 s; its 2 sessions wait.',
    );
    expect(stateInWords(state({ runners: [{ ...away, sessions: 1 }] }), NOW)).toBe(
      'vm1 has been away for 40 s; its session waits.',
    );
    expect(stateInWords(state({ runners: [runner('vm1', { isLinked: false })] }), NOW)).toBe(
      'vm1 is away.',
    );
    expect(stateInWords(state({ runners: [] }), NOW)).toBe('No runner is linked yet.');
  });

  test('is not about a runner that is away and has nothing', () => {
    const away = runner('old', { isLinked: false });
    const runners = [away, runner('vm1')];
    expect(stateInWords(state({ runners }), NOW)).toMatch(/^1 runner linked/u);
    expect(attentionOf(state({ runners }), NOW)).toMatchObject([{ what: 'old is away.' }]);
  });

  test.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [119_999, '119 s'],
    [120_000, '2 min'],
    [3_600_000, '1 h'],
    [86_400_000 * 3, '3 d'],
    [-5, '0 s'],
  ])('%d ms are %s', (ms, words) => expect(durationInWords(ms)).toBe(words));
});

describe('[F-733] a server that fails', () => {
  const failing = [{ server: 'mail', fault: 'process_exited', at: NOW - 2_000, times: 2 }];
  const failure = (at: number, stderr: string[]) => ({
    server: 'mail',
    what: 'exited with code 3',
    stderr,
    at,
  });

  test('is named with how its process ended and what that wrote last', () => {
    const runners = [
      runner('vm1', { failures: [failure(NOW - 9_000, ['old'])] }),
      runner('vm2', { failures: [failure(NOW - 2_000, ['trace', 'Error: no key'])] }),
    ];
    expect(attentionOf(state({ runners, failing }), NOW)).toMatchObject([
      {
        what: 'mail fails: process_exited, 2 times, last 2 s ago. Its process exited with code 3: “Error: no key”.',
        page: 'runners',
      },
    ]);
    const silent = [runner('vm1', { failures: [failure(NOW, [])] })];
    expect(attentionOf(state({ runners: silent, failing }), NOW)[0]?.what).toMatch(/code 3\.$/u);
  });

  test('[F-931] is named as the member that it is, under the virtual server that clients call', () => {
    const failed = { ...failure(NOW - 9_000, ['no key']), memberOf: ['work'] };
    const runners = [runner('vm1', { failures: [failed] })];
    expect(attentionOf(state({ runners }), NOW)).toMatchObject([
      {
        level: 'warn',
        what: 'member mail of work failed on vm1 9 s ago: its process exited with code 3: “no key”.',
      },
    ]);
    const ofWork = [{ server: 'work', fault: 'process_exited', at: NOW, times: 1 }];
    expect(attentionOf(state({ runners, failing: ofWork }), NOW)).toMatchObject([
      {
        level: 'bad',
        what: 'work fails: process_exited, 1 time, last 0 s ago. The process of its member mail exited with code 3: “no key”.',
      },
    ]);
  });

  test('is named too if it failed under a call, for ten minutes', () => {
    const runners = [runner('vm1', { failures: [failure(NOW - 9_000, ['trace', 'no key'])] })];
    expect(attentionOf(state({ runners }), NOW)).toMatchObject([
      {
        level: 'warn',
        what: 'mail failed on vm1 9 s ago: its process exited with code 3: “no key”.',
        page: 'runners',
      },
    ]);
    expect(attentionOf(state({ runners }), NOW + 600_000)).toEqual([]);
  });
});

describe('[F-735] tools that are not as they were pinned', () => {
  const held = (
    mode: 'hold' | 'warn' | 'all',
    tools: string[],
    count = tools.length,
  ): Partial<RunnerView> => ({ held: [{ server: 'files', mode, count, tools }] });
  const itemOf = (changed: Partial<RunnerView>) => {
    const of = state({ runners: [runner('vm1', changed), runner('vm2', { servers: [] })] });
    expect(ownAttentionOf(of, NOW)).toEqual([]);
    const [item, ...others] = attentionOf(of, NOW);
    expect(others).toEqual([]);
    return item;
  };

  test('are named to the owner, with where to look and how to let them in', () => {
    expect(itemOf(held('hold', ['read_file', 'write_file']))).toEqual({
      level: 'bad',
      what: 'files: 2 tools are held back: they are not as they were pinned (read_file, write_file).',
      fix: 'Look at `mcp-bridge pins diff files` on the machine of its runner, then `mcp-bridge pins accept files`.',
    });
    expect(itemOf(held('hold', ['a'], 1))?.what).toBe(
      'files: 1 tool is held back: it is not as it was pinned (a).',
    );
    expect(itemOf(held('hold', ['a', '`x`). All is well (b'], 30))?.what).toBe(
      'files: 30 tools are held back: they are not as they were pinned (a, “`x`). All is well (b”, 28 more).',
    );
  });

  test('are named where they are served all the same, and where the pins cannot be read', () => {
    expect(itemOf(held('warn', ['a', 'b']))).toMatchObject({
      level: 'warn',
      what: 'files: 2 tools are not as pinned, and are served all the same (a, b).',
      fix: expect.stringContaining('`mcp-bridge pins diff files`'),
    });
    expect(itemOf(held('all', []))).toMatchObject({
      level: 'bad',
      what: 'files: all tools are held back: the file of their pins cannot be read.',
    });
  });

  test('are told with their runner where another offers the server, or none does', () => {
    const of = (servers: string[]) => [
      runner('vm1', { ...held('hold', ['a']), servers }),
      runner('vm2', held('hold', ['a'])),
    ];
    const whats = attentionOf(state({ runners: of(['files']) }), NOW).map(({ what }) => what);
    expect(whats).toEqual([
      expect.stringMatching(/^files on vm1: /u),
      expect.stringMatching(/^files on vm2: /u),
    ]);
    const [member] = attentionOf(state({ runners: of([]) }), NOW);
    expect(member?.fix).toContain('on the machine of vm1, then');
  });
});

test.each([
  ['0.0.1', /older than this edge.*: Run `npm install -g mcp-edge-bridge@/u],
  ['99.0.0', /newer than this edge.*: Run `mcp-bridge upgrade`/u],
])('[F-733] a runner of version %s is named, with how the two come together', (version, words) => {
  const [item, ...others] = attentionOf(state({ runners: [runner('vm1', { version })] }), NOW);
  expect(others).toEqual([]);
  expect(`${item?.what}: ${item?.fix}`).toMatch(words);
  expect(attentionOf(state({ runners: [runner('vm1', { version: VERSION })] }), NOW)).toEqual([]);
});

describe('[F-640] attention', () => {
  test('an edge that is well needs nobody', () => {
    expect(attentionOf(state(), NOW)).toEqual([]);
  });

  test('each kind of trouble has one fix, the worst first', () => {
    const items = attentionOf(
      state({
        runners: [
          runner('vm1', { isLinked: false, since: NOW - 1_000, sessions: 2 }),
          runner('vm2', { from: '192.0.2.1', rival: { from: '192.0.2.2', at: NOW } }),
        ],
        problems: [{ what: 'BRIDGE_SECRET is not set', fix: 'Set it.' }],
        failing: [{ server: 'mail', fault: 'process_exited', at: NOW - 2_000, times: 2 }],
        changed: [{ server: 'files', tools: ['read'] }],
        stuck: [{ app: 'App', missing: 'nobody allowed it.', at: NOW - 9_000 }],
        record: 'events',
      }),
      NOW,
    );
    expect(items.map(({ level, what }) => `${level} ${what}`)).toEqual([
      'bad BRIDGE_SECRET is not set.',
      'bad vm1 has been away for 1 s; its 2 sessions wait. Calls in them fail after 30 s, and after 5 min they end.',
      'bad Two machines show the credential of vm2, from 192.0.2.1 and 192.0.2.2.',
      'bad mail fails: process_exited, 2 times, last 2 s ago.',
      'warn The tools of files changed: read.',
      'warn A sign-in of App stopped 9 s ago: nobody allowed it.',
      'warn Calls are not recorded: BRIDGE_RECORD is "events".',
    ]);
    expect(items.every(({ fix }) => fix.length > 5)).toBe(true);
  });
});

describe('[F-640] what the record tells whoever watches', () => {
  const call = (server: string): CallLine => ({
    level: 'info',
    message: 'call',
    callId: 'p',
    session: 's',
    principal: 'ann',
    server,
    clientKind: 'modern',
    method: 'tools/call',
    outcome: 'answered',
    ms: 1,
    edgeMs: 1,
    bytesUp: 1,
    bytesDown: 1,
  });
  const refusal = (server: string, fault: RefusalLine['fault']): RefusalLine => ({
    level: 'info',
    message: 'request refused',
    fault,
    status: 502,
    server,
    method: 'tools/call',
  });

  test('a server fails until it answers, or for ten minutes', () => {
    const record = new WatchedRecord();
    record.take([
      { at: 1, time: NOW, line: refusal('mail', 'process_exited') },
      { at: 2, time: NOW + 1, line: refusal('files', 'process_start_failed') },
      { at: 3, time: NOW + 2, line: refusal('mail', 'process_exited') },
      { at: 4, time: NOW + 3, line: refusal('mail', 'forbidden') },
      { at: 5, time: NOW + 4, line: call('files') },
    ]);
    expect(record.lastCallAt).toBe(NOW + 4);
    expect(record.failing(NOW + 5)).toEqual([
      { server: 'mail', fault: 'process_exited', at: NOW + 2, times: 2 },
    ]);
    expect(record.failing(NOW + 3_600_000)).toEqual([]);
  });
});

describe('[F-640] what the fleet tells of its runners', () => {
  test('since when one is linked, and since when it is away', () => {
    const fleet = new DrivenFleet();
    const socket = fleet.link('vm1');
    expect(fleet.view.runners).toMatchObject([{ isLinked: true, since: 1_000_000 }]);
    fleet.now += 5_000;
    fleet.cut(socket);
    expect(fleet.view.runners).toMatchObject([{ isLinked: false, since: 1_005_000 }]);
    fleet.now += 7_000;
    fleet.link('vm1');
    expect(fleet.view.runners).toMatchObject([{ isLinked: true, since: 1_012_000 }]);
  });

  test('of an away that it does not remember, no time is told', () => {
    const fleet = new DrivenFleet();
    fleet.link('vm1');
    fleet.restart();
    expect(fleet.view.runners).toMatchObject([{ isLinked: false, since: undefined }]);
  });

  test('[F-844] a session that is ended at the console is over for its client and its runner, and nobody is said to have done it', () => {
    const fleet = new DrivenFleet();
    const socket = fleet.link('vm1', { servers: ['files'] });
    const session = 's'.repeat(22);
    fleet.open(session);
    expect(fleet.dismiss('x'.repeat(22))).toBe(false);
    expect(fleet.dismiss(session)).toBe(true);
    expect(fleet.store.sessions()).toEqual([]);
    expect(fleet.told[socket]).toContainEqual({ type: 'close', session });
    expect(fleet.effects).toContainEqual(
      expect.objectContaining({
        do: 'giveUp',
        session,
        fault: {
          fault: 'session_not_found',
          message: expect.stringMatching(/^This session was ended at the console/u) as unknown,
        },
      }),
    );
  });
});

test('[F-649] a time that is known by its range is told with two digits, and how often something was by the minute', () => {
  expect([0.2, 12.34, 123, 995, 1_234, 61_500, 300_000].map((ms) => aboutInWords(ms))).toEqual([
    'about 1 ms',
    'about 12 ms',
    'about 120 ms',
    'about 1 s',
    'about 1.2 s',
    'about 62 s',
    '5 min or more',
  ]);
  expect([0, 1, 49, 50, 1_234].map((times) => perMinute(times, 300_000))).toEqual([
    '0',
    '0.2',
    '9.8',
    '10',
    '247',
  ]);
});
