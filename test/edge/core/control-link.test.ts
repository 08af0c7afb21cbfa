// Who may open a runner's control link, and what it may offer there.
import { describe, expect, test } from 'vitest';

import { UsedOnce } from '../../../edge/core/used-once.ts';
import { CLOSE } from '../../../shared/link/close-codes.ts';
import { VERSION } from '../../../shared/version.ts';
import { DrivenFleet } from './driven-fleet.ts';

const MINUTE_MS = 60_000;

test('[F-61] a statement opens one control link: who repeats it is turned away, and the first link stays', () => {
  const fleet = new DrivenFleet();
  const use = { id: 'once', until: fleet.now + MINUTE_MS };
  const first = fleet.link('vm', {}, { use });
  expect(fleet.frames(first, 'welcome')).toHaveLength(1);
  const second = fleet.link('vm', {}, { use });
  expect(fleet.frames(second, 'welcome')).toEqual([]);
  const closed = fleet.effects.filter((effect) => effect.do === 'close');
  expect(closed).toEqual([expect.objectContaining({ socket: second, code: CLOSE.notGranted })]);
});

test('[F-61] the statement of a link that is up is remembered in the sleep of the fleet', () => {
  const fleet = new DrivenFleet();
  const use = { id: 'once', until: fleet.now + MINUTE_MS };
  const first = fleet.link('vm', {}, { use });
  fleet.sleep();
  const second = fleet.link('vm', { boot: 'o'.repeat(22) }, { use });
  expect(fleet.frames(second, 'welcome')).toEqual([]);
  const closed = fleet.effects.filter((effect) => effect.do === 'close');
  expect(closed).toEqual([expect.objectContaining({ socket: second, code: CLOSE.notGranted })]);
  expect(fleet.frames(first, 'welcome')).toHaveLength(1);
});

test('[F-500] a runner with all servers offers none that is bound to another, and is told which it serves', () => {
  const fleet = new DrivenFleet();
  const vm = fleet.link('vm', { servers: ['files', 'mail'] }, { withheld: ['files'] });
  expect(fleet.frames(vm, 'welcome')).toEqual([
    { type: 'welcome', servers: ['mail'], version: VERSION },
  ]);
  expect(fleet.open('s'.repeat(22))).toMatchObject({ ok: false });
});

test('[F-702] a runner whose credential opens a server no more loses the sessions of it, and no others', () => {
  const fleet = new DrivenFleet();
  const [files, mail] = ['f'.repeat(22), 'm'.repeat(22)] as const;
  fleet.link('vm', { servers: ['files', 'mail'] });
  fleet.open(files);
  const row = fleet.store.session(files);
  if (!row) throw new Error('it is not in the books');
  fleet.store.putSession({ ...row, session: mail, server: 'mail' });
  const back = (granted: readonly string[] | '*', servers: readonly string[]) => {
    fleet.restart();
    fleet.link('vm', { servers, sessions: [files, mail] }, { granted });
    return fleet.store.sessions().map(({ session }) => session);
  };
  // What its own config offers no more goes on to its end.
  expect(back('*', ['mail'])).toEqual([files, mail]);
  expect(back(['files', 'mail'], ['files', 'mail'])).toEqual([files, mail]);
  expect(back(['mail'], ['files', 'mail'])).toEqual([mail]);
  expect(fleet.effects).toContainEqual({
    do: 'giveUp',
    session: files,
    fault: { fault: 'runner_lost', message: expect.stringContaining('operator') },
  });
});

test.each(['', 'v 1', 'x'.repeat(65), '1.0\u0000', 7, null, { major: 1 }])(
  '[LP30] [F-605] a runner whose version is %j is let in, without one',
  (version) => {
    const fleet = new DrivenFleet();
    fleet.link('vm', { version });
    expect(fleet.view.runners).toMatchObject([{ runner: 'vm', isLinked: true }]);
    expect(fleet.view.runners[0]?.version).toBeUndefined();
  },
);

test('[LP30] the version of a runner is known while it is linked, also in the sleep of the fleet', () => {
  const fleet = new DrivenFleet();
  const versionNow = () => fleet.view.runners.map(({ version }) => version);
  fleet.link('vm', { version: '1.2.3' });
  expect(versionNow()).toEqual(['1.2.3']);
  fleet.sleep();
  expect(versionNow()).toEqual(['1.2.3']);
  fleet.link('vm', {});
  expect(versionNow()).toEqual([undefined]);
});

test('[F-61] what is remembered of used statements is bounded, and forgotten as it ends', () => {
  const used = new UsedOnce();
  const of = (id: number) => ({ id: String(id), until: 1_000 });
  let taken = 0;
  while (used.isFirst(of(taken), 0)) taken += 1;
  expect(taken).toBe(10_000);
  expect(used.isFirst(of(taken), 999)).toBe(false);
  expect(used.isFirst({ id: '0', until: 2_000 }, 1_000)).toBe(true);
  expect(used.isFirst({ id: 'late', until: 1_000 }, 1_000)).toBe(false);
});

describe('[F-56] [LP9] a second machine with the name of a runner', () => {
  const OTHER = 'o'.repeat(22);
  const closedOf = (fleet: DrivenFleet) => fleet.effects.filter((effect) => effect.do === 'close');
  const linesOf = (fleet: DrivenFleet) =>
    fleet.effects.flatMap((effect) =>
      effect.do === 'log' && effect.line.level === 'error' ? [effect.line] : [],
    );

  test('displaces the first, which is logged', () => {
    const fleet = new DrivenFleet();
    const first = fleet.link('vm', {}, { from: '192.0.2.1' });
    const second = fleet.link('vm', { boot: OTHER }, { from: '198.51.100.7' });
    expect(closedOf(fleet)).toEqual([
      expect.objectContaining({ socket: first, code: CLOSE.replaced }),
    ]);
    expect(fleet.frames(second, 'welcome')).toHaveLength(1);
    expect(linesOf(fleet)).toEqual([
      {
        level: 'error',
        message: 'a runner was displaced',
        runner: 'vm',
        boot: OTHER,
        from: '198.51.100.7',
        other: '192.0.2.1',
      },
    ]);
    expect(fleet.view.runners).toMatchObject([
      { runner: 'vm', from: '198.51.100.7', rival: { from: '192.0.2.1', at: fleet.now } },
    ]);
  });

  test('is not displaced by the first, which waits until the place is free', () => {
    const fleet = new DrivenFleet();
    fleet.cut(fleet.link('vm'));
    const second = fleet.link('vm', { boot: OTHER });
    const waiting = fleet.link('vm', { standby: true }, { from: '192.0.2.1' });
    expect(fleet.frames(waiting, 'welcome')).toEqual([]);
    expect(closedOf(fleet)).toEqual([
      expect.objectContaining({ socket: waiting, code: CLOSE.replaced }),
    ]);
    expect(linesOf(fleet)).toMatchObject([
      { message: 'a displaced runner waits', from: '192.0.2.1' },
    ]);
    expect(fleet.view.runners).toMatchObject([{ rival: { from: '192.0.2.1' } }]);
    fleet.cut(second);
    expect(fleet.frames(fleet.link('vm', { standby: true }), 'welcome')).toHaveLength(1);
  });

  test('is no other machine when the same run of it dials again', () => {
    const fleet = new DrivenFleet();
    fleet.link('vm');
    fleet.link('vm');
    expect(linesOf(fleet)).toEqual([]);
  });
});

describe('[F-507] access is withdrawn', () => {
  const SESSIONS = {
    web: 'w'.repeat(22),
    cli: 'c'.repeat(22),
    modern: `${'m'.repeat(22)}~00000001`,
  };

  function opened(): DrivenFleet {
    const fleet = new DrivenFleet();
    fleet.link('vm');
    fleet.open(SESSIONS.web, 'streamable', 'ann', 'g-web');
    fleet.open(SESSIONS.cli, 'sse', 'ann', 'g-cli');
    fleet.open(SESSIONS.modern, 'modern', 'ann');
    fleet.open('b'.repeat(22), 'streamable', 'bob');
    return fleet;
  }
  const left = (fleet: DrivenFleet): string[] =>
    fleet.store
      .sessions()
      .map(({ session }) => session)
      .toSorted();
  const told = (fleet: DrivenFleet): string[] =>
    fleet.effects.flatMap((effect) => (effect.do === 'giveUp' ? [effect.fault.fault] : []));

  test('by the end of a grant: its own sessions end, and those that serve all apps of the person', () => {
    const fleet = opened();
    fleet.withdraw({ principal: 'ann', by: { grant: 'g-web', server: 'files' } });
    expect(left(fleet)).toEqual(['b'.repeat(22), SESSIONS.cli]);
    expect(told(fleet)).toEqual(['unauthorized', 'unauthorized']);
  });

  test('by a grant for another server: nothing of this one', () => {
    const fleet = opened();
    fleet.withdraw({ principal: 'ann', by: { grant: 'g-mail', server: 'mail' } });
    expect(left(fleet)).toHaveLength(4);
  });

  test('and what a worker still lets open, which does not know it yet, ends when all of them do', () => {
    const fleet = opened();
    fleet.withdraw({ principal: 'ann', by: { grant: 'g-web', server: 'files' } });
    fleet.withdraw({ principal: 'bob' });
    fleet.now += 29_000;
    fleet.open('1'.repeat(22), 'streamable', 'ann', 'g-web');
    fleet.open('2'.repeat(22), 'streamable', 'ann', 'g-new');
    fleet.open(`${'3'.repeat(22)}~00000001`, 'modern', 'ann');
    fleet.open('4'.repeat(22), 'streamable', 'bob');
    fleet.open(`${'5'.repeat(22)}~00000001`, 'modern', 'bob');
    fleet.now += 6_000;
    fleet.tick();
    expect(left(fleet)).toEqual(['2'.repeat(22), `${'3'.repeat(22)}~00000001`, SESSIONS.cli]);
    fleet.open('6'.repeat(22), 'streamable', 'bob');
    fleet.now += 60_000;
    fleet.tick();
    expect(left(fleet)).toContain('6'.repeat(22));
  });

  test('by the end of a key: all sessions of its client, and nobody else is touched', () => {
    const fleet = opened();
    fleet.withdraw({ principal: 'ann' });
    expect(left(fleet)).toEqual(['b'.repeat(22)]);
  });
});

test('[R-15] [F-459] a principal has no more sessions than the policy lets it have, and others have theirs', () => {
  const fleet = new DrivenFleet();
  fleet.link('vm1');
  const open = (letter: string, principal: string, most?: number) => {
    fleet.open(letter.repeat(22), 'streamable', principal, undefined, most);
    return fleet.store.countOf(principal);
  };
  expect([open('1', 'ann', 2), open('2', 'ann', 2), open('3', 'ann', 2)]).toEqual([1, 2, 2]);
  expect([open('4', 'bob', 2), open('5', 'ann')]).toEqual([1, 3]);
});

test('[LP28] a runner is told who calls when a session is opened', () => {
  const fleet = new DrivenFleet();
  const vm = fleet.link('vm');
  const person = { id: 'ann', email: 'ann@corp.example' };
  fleet.open('s'.repeat(22), 'streamable', 'ann', undefined, undefined, undefined, person);
  expect(fleet.frames(vm, 'open')).toMatchObject([{ principal: 'ann', person }]);
});

describe('[LP33] [F-735] a runner tells of tools that are not as they were pinned', () => {
  const held = (server: string, ...tools: string[]) => ({
    type: 'held' as const,
    server,
    mode: 'hold' as const,
    count: tools.length,
    tools,
  });
  const heldOf = (fleet: DrivenFleet) =>
    fleet.view.runners[0]?.held?.map(({ server, tools }) => [server, ...tools]);

  test('the last of each server is kept while it is linked, through a hello and a sleep, and gone with its last tool', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { servers: ['files', 'mail'] });
    fleet.say(vm, held('files', 'read'));
    fleet.say(vm, held('member', 'x'));
    fleet.say(vm, held('files', 'read', 'write'));
    const both = [
      ['member', 'x'],
      ['files', 'read', 'write'],
    ];
    expect(heldOf(fleet)).toEqual(both);
    fleet.hello(vm, 'vm', { servers: ['files'] });
    fleet.sleep();
    expect(heldOf(fleet)).toEqual(both);
    fleet.say(vm, held('files'));
    expect(heldOf(fleet)).toEqual([['member', 'x']]);
    fleet.cut(vm);
    expect(heldOf(fleet)).toBeUndefined();
    const again = fleet.link('vm', { servers: ['files', 'mail'] });
    expect(heldOf(fleet)).toBeUndefined();
    fleet.say(again, { ...held('files'), mode: 'all' });
    expect(heldOf(fleet)).toEqual([['files']]);
  });

  test('no more than 32 servers of a runner', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { servers: ['files'] });
    for (let at = 0; at < 40; at++) fleet.say(vm, held(`s${at}`, 'x'));
    expect(heldOf(fleet)).toHaveLength(32);
    expect(heldOf(fleet)?.at(-1)).toEqual(['s39', 'x']);
  });

  test.each([
    held('files', 'x'.repeat(65)),
    held('files', ...Array.from({ length: 9 }, () => 'x')),
    held('files', '\u001b[2J'),
    { ...held('files', 'x'), diff: ['- a'] },
    { ...held('files', 'x'), mode: 'none' },
    { ...held('files', 'x'), count: -1 },
  ])('what is more than that, or controls a terminal, is fatal', (frame) => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { servers: ['files'] });
    fleet.say(vm, frame);
    expect(fleet.effects).toContainEqual(
      expect.objectContaining({ do: 'close', socket: vm, code: CLOSE.protocol }),
    );
  });
});

describe('[LP32] [F-733] a runner tells of a process that failed', () => {
  const failed = (server: string, what = 'exited with code 1') => ({
    type: 'failed' as const,
    server,
    what,
    stderr: ['Error: no key'],
  });

  test('the last of each server is kept until its boot ends, and of servers that it offers alone', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { servers: ['files', 'mail'] });
    fleet.say(vm, failed('files'));
    fleet.say(vm, failed('mail'));
    fleet.say(vm, failed('files', 'was killed by SIGKILL'));
    fleet.say(vm, failed('others'));
    const failures = () =>
      fleet.view.runners[0]?.failures?.map(({ server, what }) => [server, what]);
    expect(failures()).toEqual([
      ['files', 'was killed by SIGKILL'],
      ['mail', 'exited with code 1'],
    ]);
    fleet.link('vm', { servers: ['files', 'mail'], boot: 'n'.repeat(22) });
    expect(failures()).toBeUndefined();
  });

  test('[F-931] that is only a member is kept under the virtual servers that the runner may offer', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { servers: ['work', 'files'] });
    fleet.say(vm, { ...failed('github'), memberOf: ['work', 'secret'] });
    fleet.say(vm, { ...failed('others'), memberOf: ['secret'] });
    fleet.say(vm, { ...failed('files'), memberOf: ['work'] });
    expect(
      fleet.view.runners[0]?.failures?.map(({ server, memberOf }) => [server, memberOf]),
    ).toEqual([
      ['files', undefined],
      ['github', ['work']],
    ]);
  });

  test('no more than 32 of a runner', () => {
    const fleet = new DrivenFleet();
    const servers = Array.from({ length: 40 }, (_, at) => `s${at}`);
    const vm = fleet.link('vm', { servers });
    for (const server of servers) fleet.say(vm, failed(server));
    expect(fleet.view.runners[0]?.failures).toHaveLength(32);
    expect(fleet.view.runners[0]?.failures?.[0]?.server).toBe('s39');
  });

  test.each([
    { ...failed('files'), what: 'two\nlines' },
    { ...failed('files'), what: 'x'.repeat(301) },
    { ...failed('files'), stderr: Array.from({ length: 6 }, () => 'x') },
    { ...failed('files'), stderr: ['\u001b[2J'] },
    { ...failed('files'), command: 'rm' },
    { ...failed('files'), memberOf: Array.from({ length: 9 }, () => 'work') },
  ])('what is more than that, or controls a terminal, is fatal', (frame) => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { servers: ['files'] });
    fleet.say(vm, frame);
    expect(fleet.effects).toContainEqual(
      expect.objectContaining({ do: 'close', socket: vm, code: CLOSE.protocol }),
    );
  });
});

describe('[LP34] [F-930] a runner tells what runs there', () => {
  const shown = { server: 'files', state: 'running', pid: 4711, sessions: [] };
  const process = { ...shown, ageS: 60 };
  const running = (more: object = {}) => ({
    type: 'running' as const,
    count: 1,
    processes: [process],
    virtual: [],
    ...more,
  });

  test('once the owner looks, and every 10 s while somebody does; a person asks for nothing', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    const asked = () => fleet.frames(vm, 'watch').length;
    fleet.look('ann');
    expect([asked(), fleet.look('ann').running]).toEqual([0, []]);
    fleet.look();
    fleet.now += 9_999;
    fleet.look();
    expect(asked()).toBe(1);
    fleet.now += 1;
    fleet.look();
    expect(asked()).toBe(2);
    fleet.sleep();
    fleet.look();
    expect(asked()).toBe(3);
  });

  test('and it is shown to the owner alone, for 30 s, and while the runner is linked', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm', { servers: ['files', 'work'] });
    const virtual = [
      { server: 'work', members: ['files', 'hidden'] },
      { server: 'secret', members: ['files'] },
    ];
    fleet.say(vm, running({ virtual }));
    const [first] = fleet.look().running;
    expect(first).toEqual({
      runner: 'vm',
      count: 1,
      processes: [{ ...shown, startedAt: fleet.now - 60_000 }],
      virtual: virtual.slice(0, 1),
    });
    expect(fleet.look('ann').running).toEqual([]);
    // Whole seconds on the way there: it is the same process, which has begun when it had.
    fleet.now += 10_900;
    fleet.say(vm, running({ processes: [{ ...process, ageS: 70 }] }));
    expect(fleet.look().running[0]?.processes).toEqual(first?.processes);
    // Another has its number.
    fleet.say(vm, running({ processes: [{ ...process, ageS: 1 }] }));
    expect(fleet.look().running[0]?.processes[0]?.startedAt).toBe(fleet.now - 1_000);
    fleet.now += 29_999;
    expect(fleet.look().running).toHaveLength(1);
    fleet.now += 1;
    expect(fleet.look().running).toEqual([]);
    fleet.say(vm, running());
    fleet.cut(vm);
    expect(fleet.look().running).toEqual([]);
    const again = fleet.link('vm');
    expect(fleet.look().running).toEqual([]);
    expect(fleet.frames(again, 'watch')).toHaveLength(1);
  });

  test('nothing of it is written', () => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    const before = JSON.stringify([fleet.store.runners(), fleet.store.sessions()]);
    fleet.look();
    fleet.say(vm, running());
    expect(JSON.stringify([fleet.store.runners(), fleet.store.sessions()])).toBe(before);
  });

  test.each([
    { processes: [{ ...process, command: 'rm' }] },
    { processes: [{ ...process, env: {} }] },
    { processes: [{ ...process, pid: -1 }] },
    { processes: [{ ...process, state: 'odd' }] },
    { processes: Array.from({ length: 65 }, () => process) },
    { processes: [{ ...process, sessions: Array.from({ length: 9 }, () => 's'.repeat(22)) }] },
    { processes: [{ ...process, sessions: ['../x'] }] },
    { virtual: Array.from({ length: 33 }, () => ({ server: 'work', members: [] })) },
    { virtual: [{ server: 'work', members: Array.from({ length: 33 }, () => 'files') }] },
    { virtual: [{ server: 'work', members: ['a b'] }] },
  ])('what is more than that is fatal', (more) => {
    const fleet = new DrivenFleet();
    const vm = fleet.link('vm');
    fleet.say(vm, running(more));
    expect(fleet.effects).toContainEqual(
      expect.objectContaining({ do: 'close', socket: vm, code: CLOSE.protocol }),
    );
  });
});
