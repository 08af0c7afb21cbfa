// Cgroups: one contract for the kernel's file system and for the stand-in, then what only one of them can show.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { openContainment } from '../../../runner/process/containment.ts';
import { isAlive, statOf, type ProcessStat } from '../../../runner/process/process-table.ts';
import { runnerMark } from '../../../runner/process/runner-mark.ts';
import { killAllProcesses } from '../../../runner/process/stdio-process.ts';
import { CgroupStandIn } from './cgroup-stand-in.ts';
import { RecordedProcess, startFixture } from './recorded-process.ts';

const kernel = openContainment();
const hasCgroups = kernel.mode === 'cgroup';
const shared = new CgroupStandIn();
afterAll(() => shared.dispose());

function standIn(options?: ConstructorParameters<typeof CgroupStandIn>[0]): CgroupStandIn {
  const made = new CgroupStandIn(options);
  onTestFinished(() => made.dispose());
  return made;
}

function living(pid: number | undefined): ProcessStat {
  const stat = pid === undefined ? undefined : statOf(pid);
  if (stat === undefined) throw new Error(`process ${pid} should be running`);
  return stat;
}

describe.skipIf(!existsSync('/proc/self/stat')).each([
  { name: 'the stand-in', containment: openContainment(shared.site), isThere: true },
  { name: "the kernel's cgroups", containment: kernel, isThere: hasCgroups },
])('contract of a containment: $name', ({ containment, isThere }) => {
  test.skipIf(!isThere)('is in force without leaving anything from trying it out', () => {
    expect(containment.mode).toBe('cgroup');
    expect(containment.why).toBeUndefined();
    const own = containment.found().filter((found) => found.runnerMark === runnerMark());
    expect(own).toEqual([]);
  });

  test.skipIf(!isThere)('[F-550] made ready, it leaves the runner where it is', async () => {
    const own = (): string => readFileSync('/proc/self/cgroup', 'utf8');
    const before = own();
    await containment.ready();
    expect(own()).toBe(before);
  });

  test.skipIf(!isThere)(
    'a group is there, named after its runner, until it is removed',
    async () => {
      const [one, two] = [containment.open({}), containment.open({})];
      expect(one?.path).not.toBe(two?.path);
      expect(basename(one?.path ?? '')).toBe(`mcp-process-${runnerMark()}-1`);
      const paths = (): string[] => containment.found().map((found) => found.cgroup.path);
      expect(paths()).toEqual(expect.arrayContaining([one?.path, two?.path]));
      expect(await one?.remove()).toBe(true);
      expect(await two?.remove()).toBe(true);
      expect(paths()).not.toContain(one?.path);
      expect(await one?.remove()).toBe(true);
    },
  );

  test.skipIf(!isThere)('spawnInside hands on what spawn gave, or what it threw', async () => {
    const group = containment.open({});
    expect(group?.spawnInside(() => 'child')).toBe('child');
    const broken = (): never => {
      throw new TypeError('no program');
    };
    expect(() => group?.spawnInside(broken)).toThrow('no program');
    group?.kill();
    expect(await group?.remove()).toBe(true);
  });
});

describe.skipIf(process.platform !== 'linux')('whether there are cgroups is found out once', () => {
  test('no cgroup v2: marks, and the reason', () => {
    const { site } = standIn();
    const { mode, why } = openContainment({ ...site, mounts: ['/nowhere'] });
    expect([mode, why]).toEqual(['process marks', 'no cgroup v2 hierarchy is mounted']);
  });

  test.each([
    ['a cgroup outside of the namespace', '0::/../other\n'],
    ['only cgroup v1', '4:memory:/other\n'],
  ])('%s: marks, and the reason', (_title, own) => {
    const { site } = standIn();
    const { mode, why } = openContainment({ ...site, own });
    expect([mode, why]).toEqual(['process marks', 'the cgroup of the runner is not visible to it']);
  });

  test('a mount that is read-only: marks, and the reason', () => {
    const { site, mount } = standIn();
    const make = (): never => {
      throw Object.assign(new Error('read-only file system'), { code: 'EROFS' });
    };
    const { mode, why } = openContainment({ ...site, folder: { ...site.folder, make } });
    expect(mode).toBe('process marks');
    expect(why).toBe(`the runner is not allowed to create groups in its cgroup ${mount}/service`);
  });

  test('a kernel without cgroup.kill: marks, and nothing is left behind', () => {
    const old = standIn({ lacks: ['cgroup.kill'] });
    expect(openContainment(old.site).why).toBe('the kernel is older than 5.14');
    expect(old.groups('service')).toEqual([]);
  });

  test('a group into which nothing can be moved: marks, and nothing is left behind', () => {
    const closed = standIn({ lacks: ['cgroup.procs'] });
    expect(openContainment(closed.site).why).toContain(
      'is not allowed to move processes below its cgroup',
    );
    expect(closed.groups('service')).toEqual([]);
  });

  test('a runner that was put into mcp-runner makes its groups beside that', () => {
    const site = standIn({ own: '/service/mcp-runner' });
    writeFileSync(join(site.mount, 'service', 'cgroup.procs'), '');
    const group = openContainment(site.site).open({});
    expect(group?.path.startsWith(`${site.mount}/service/mcp-process-`)).toBe(true);
  });
});

describe.skipIf(process.platform !== 'linux')('limits', () => {
  const LIMITS = { memoryBytes: 2 ** 30, pids: 256, cpus: 1.5 };

  test('are written for the process, after the runner has stepped out', () => {
    const site = standIn();
    const containment = openContainment(site.site);
    expect(containment.allow(LIMITS)).toEqual({ ok: true });
    const group = containment.open(LIMITS);
    const file = (name: string): string => readFileSync(join(group?.path ?? '', name), 'utf8');
    writeFileSync(join(site.mount, 'service', 'cgroup.procs'), '');
    group?.spawnInside(() => {
      expect(file('cgroup.procs')).toBe('0');
      expect(site.read('service/cgroup.procs')).toBe('');
      expect(file('pids.max')).toBe('');
    });
    expect(site.read('service/cgroup.procs')).toBe('0');
    expect(file('memory.max')).toBe('1073741824');
    expect(file('memory.swap.max')).toBe('0');
    expect(file('memory.oom.group')).toBe('1');
    expect(file('pids.max')).toBe('256');
    expect(file('cpu.max')).toBe('150000 100000');
    expect(file('cgroup.kill')).toBe('');
  });

  test('that cannot be written end the process', () => {
    const site = standIn({ lacks: ['pids.max'] });
    const group = openContainment(site.site).open(LIMITS);
    group?.spawnInside(() => undefined);
    expect(readFileSync(join(group?.path ?? '', 'cgroup.kill'), 'utf8')).toBe('1');
  });

  test('ask for their controllers alone', () => {
    const site = standIn();
    expect(openContainment(site.site).allow({ pids: 8 })).toEqual({ ok: true });
    expect(site.read('service/cgroup.subtree_control')).toBe('+pids');
  });

  test('none ask for nothing, with or without cgroups', () => {
    const site = standIn();
    expect(openContainment(site.site).allow({})).toEqual({ ok: true });
    expect(site.read('service/cgroup.subtree_control')).toBe('');
    expect(openContainment({ ...site.site, mounts: [] }).allow({})).toEqual({ ok: true });
  });

  test('are refused where the controller is missing, or cgroups are', () => {
    const site = standIn({ controllers: 'memory hugetlb' });
    const why = `its cgroup ${site.mount}/service has no pids and cpu controller`;
    expect(openContainment(site.site).allow(LIMITS)).toEqual({ ok: false, why });
    expect(openContainment({ ...site.site, mounts: [] }).allow(LIMITS)).toEqual({
      ok: false,
      why: 'no cgroup v2 hierarchy is mounted',
    });
  });

  test('where the group cannot be divided the runner first moves to one of its own', () => {
    const site = standIn({ lacks: ['cgroup.subtree_control'] });
    const verdict = openContainment(site.site).allow(LIMITS);
    expect(verdict).toMatchObject({
      ok: false,
      why: expect.stringContaining('cannot be divided'),
    });
    expect(site.read('service/mcp-runner/cgroup.procs')).toBe('0');
  });

  test('without a containment the start fails, and says so', async () => {
    const recorded = startFixture('echo.mjs', [], { limits: LIMITS });
    expect(await recorded.exit()).toMatchObject({
      reason: 'spawn_failed',
      spawnError: { code: 'ECGROUP', message: expect.stringContaining('limits could not be set') },
    });
  });
});

/** Forks its successor in a session of its own, without environment and parent, until its file is gone. */
const RUNAWAY = `trap '' TERM HUP INT
[ -e "$0" ] || exit 0
setsid env -i PATH=/usr/bin:/bin /bin/sh "$0" </dev/null >/dev/null 2>&1 &
exit 0
`;

describe.skipIf(!hasCgroups)("nothing is left in the kernel's cgroups", () => {
  const contained = (name: string): RecordedProcess =>
    startFixture(name, [], { containment: kernel });
  const groups = (): string[] =>
    kernel
      .found()
      .flatMap((found) => (found.runnerMark === runnerMark() ? [found.cgroup.path] : []));

  test('a process is in its group from its first instruction, and its descendants are', async () => {
    const recorded = new RecordedProcess({
      command: '/bin/sh',
      args: ['-c', 'cat /proc/self/cgroup; sh -c "cat /proc/self/cgroup"; read line'],
      containment: kernel,
    });
    const own = /^0::(.*)$/mu.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    await recorded.until(() =>
      recorded.lines.filter((l) => l.startsWith('0::')).length === 2 ? true : undefined,
    );
    const places = recorded.lines.filter((line) => line.startsWith('0::'));
    expect(places[0]).toContain(`mcp-process-${runnerMark()}-`);
    expect(places[1]).toBe(places[0]);
    // The runner itself is back where it was.
    expect(own).not.toContain('mcp-process-');
    await recorded.process.terminate('test over');
    expect(groups()).toEqual([]);
  });

  test('[F-75] a daemon without mark, session and parent ends with its process', async () => {
    const recorded = contained('echo.mjs');
    const kind = { how: 'double', isDeaf: true, shedsEnv: true };
    const daemon = living(Number(await recorded.call('spawn', kind)));
    expect(readFileSync(`/proc/${daemon.pid}/environ`, 'latin1')).not.toContain('MCP_BRIDGE');
    expect(daemon.sessionId).not.toBe(recorded.process.pid);
    void recorded.call('exit', { code: 4 });
    expect(await recorded.exit()).toMatchObject({ reason: 'exited', code: 4 });
    await recorded.process.terminate('clear up');
    expect(isAlive(daemon)).toBe(false);
    expect(groups()).toEqual([]);
  });

  test('[F-77] what forks faster than it can be found ends with its process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runaway-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const script = join(folder, 'runaway.sh');
    writeFileSync(script, RUNAWAY);
    const recorded = new RecordedProcess({
      command: '/bin/sh',
      args: ['-c', `/bin/sh ${script}; echo running; read line`],
      containment: kernel,
    });
    await recorded.line('running');
    await recorded.process.terminate('session closed');
    // A group can only be removed when nobody is in it.
    expect(groups()).toEqual([]);
  });

  test('a start that fails leaves no group', async () => {
    const recorded = new RecordedProcess({ command: '/nowhere/program', containment: kernel });
    expect(await recorded.exit()).toMatchObject({ spawnError: { code: 'ENOENT' } });
    await recorded.process.terminate('clear up');
    expect(groups()).toEqual([]);
  });

  test("ending one process leaves another's group alone", async () => {
    const [one, two] = [contained('echo.mjs'), contained('echo.mjs')];
    await one.process.terminate('session closed');
    expect(await two.call('echo', { text: 'still here' })).toBe('still here');
    expect(groups().length).toBe(1);
    await two.process.terminate('test over');
    expect(groups()).toEqual([]);
  });

  test('[R-12] a runner that must exit now kills every group at once', async () => {
    const recorded = contained('stubborn.mjs');
    const kind = { how: 'double', isDeaf: true, shedsEnv: true };
    const daemon = living(Number(await recorded.call('spawn', kind)));
    killAllProcesses();
    expect(await recorded.exit()).toMatchObject({ reason: 'signalled', signal: 'SIGKILL' });
    await recorded.process.terminate('clear up');
    expect(isAlive(daemon)).toBe(false);
  });
});
