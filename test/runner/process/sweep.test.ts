import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openContainment } from '../../../runner/process/containment.ts';
import {
  isAlive,
  RUNNER_MARK,
  statOf,
  type ProcessStat,
} from '../../../runner/process/process-table.ts';
import { identifyRunner, runnerMark } from '../../../runner/process/runner-mark.ts';
import type { System } from '../../../runner/process/system.ts';
import { sweepOrphans as sweep, type SweepOptions } from '../../../runner/process/sweep.ts';
import { PATIENCE } from '../../fixtures/patience.ts';
import { startFixture } from './recorded-process.ts';
import { containmentOf, portable, SYSTEMS } from './systems.ts';

const program = fileURLToPath(new URL('../../fixtures/runner-with-process.ts', import.meta.url));

function living(pid: number): ProcessStat {
  const stat = statOf(pid);
  if (stat === undefined) throw new Error(`process ${pid} should be running`);
  return stat;
}

/** A runner of its own with one stubborn process and a daemon of that; resolves when both run. */
async function startRunnerOf(
  system: System,
  ...args: string[]
): Promise<{ runner: ChildProcess; family: ProcessStat[] }> {
  const runner = spawn(process.execPath, [program, system === portable ? 'ps' : 'own', ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [pids] = (await once(runner, 'message')) as [number[]];
  return { runner, family: pids.map(living) };
}

async function kill(runner: ChildProcess): Promise<void> {
  const gone = once(runner, 'exit');
  runner.kill('SIGKILL');
  await gone;
}

describe.skipIf(!existsSync('/proc/self/stat')).each(SYSTEMS)('orphans, $name', ({ system }) => {
  const without = containmentOf(system);
  const sweepOrphans = (options: SweepOptions = {}): ReturnType<typeof sweep> =>
    sweep({ containment: without, ...options });
  /** So much older that its pid must have been given away again; where times are in seconds, not just a moment. */
  const older = (startTicks = '0'): number =>
    Number(startTicks) - (system === portable ? 1_000 : 1);

  const startRunner = (...args: string[]): ReturnType<typeof startRunnerOf> =>
    startRunnerOf(system, ...args);
  beforeAll(() => identifyRunner('', system));
  afterAll(() => identifyRunner(''));

  test('[F-55] [F-350] what a killed runner left is ended at the next start, daemons too', async () => {
    const { runner, family } = await startRunner();
    expect(family.length).toBe(2);
    await kill(runner);
    expect(family.every(isAlive)).toBe(true);
    const swept = await sweepOrphans();
    // Others may leave orphans on this machine too; these are ours.
    const ours = swept.filter((orphan) => family.some((stat) => stat.pid === orphan.pid));
    expect(ours.length).toBe(2);
    expect(ours.every((orphan) => /^(?:node|MainThread)/u.test(orphan.command))).toBe(true);
    expect(family.some(isAlive)).toBe(false);
  });

  const containment = openContainment();

  test.skipIf(containment.mode !== 'cgroup' || system === portable)(
    '[F-55] daemons that shed every mark are ended at the next start by their cgroup',
    async () => {
      const { runner, family } = await startRunner('evasive');
      // With its start: groups of a runner elsewhere that had the same pid before may be left.
      const mark = `${runner.pid}.${living(runner.pid ?? 0).startTicks}.`;
      const groups = (): number =>
        containment.found().filter((found) => found.runnerMark.startsWith(mark)).length;
      await sweepOrphans({ containment });
      expect(family.every(isAlive)).toBe(true);
      expect(groups()).toBe(1);
      await kill(runner);
      const swept = (await sweepOrphans({ containment })).map((orphan) => orphan.pid);
      expect(swept).toEqual(expect.arrayContaining(family.map((stat) => stat.pid)));
      expect(family.some(isAlive)).toBe(false);
      expect(groups()).toBe(0);
    },
  );

  test.skipIf(containment.mode !== 'cgroup' || system === portable)(
    '[F-746] an empty group of a dead runner elsewhere goes, one in which something lives stays',
    async () => {
      const { runner, family } = await startRunner('evasive', '/another/place/mcp.json');
      const mark = `${runner.pid}.${living(runner.pid ?? 0).startTicks}.`;
      const groups = (): number =>
        containment.found().filter((found) => found.runnerMark.startsWith(mark)).length;
      await kill(runner);
      await sweepOrphans({ containment });
      expect(family.every(isAlive)).toBe(true);
      expect(groups()).toBe(1);
      for (const { pid } of family) process.kill(pid, 'SIGKILL');
      await vi.waitUntil(() => !family.some(isAlive), PATIENCE);
      // One start takes away so many; on this machine there may be more.
      await vi.waitFor(async () => {
        await sweepOrphans({ containment });
        expect(groups()).toBe(0);
      }, PATIENCE);
    },
  );

  test('what belongs to a living runner is left alone: another one, and this one', async () => {
    const { runner, family } = await startRunner();
    const own = startFixture('echo.mjs');
    await own.call('echo');
    const swept = (await sweepOrphans()).map((orphan) => orphan.pid);
    for (const stat of [...family, living(own.process.pid ?? 0)]) {
      expect(swept).not.toContain(stat.pid);
    }
    expect(family.every(isAlive)).toBe(true);
    expect(own.process.state).toBe('running');
    await own.process.terminate('test over');
    await kill(runner);
    await sweepOrphans();
    expect(family.some(isAlive)).toBe(false);
  });

  test('a reused pid is not a living runner, another namespace is not judged', async () => {
    const [pid, startTicks, namespace, place] = runnerMark().split('.');
    const marked = (mark: string): ChildProcess =>
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], {
        detached: true,
        stdio: 'ignore',
        env: { [RUNNER_MARK]: mark },
      });
    const predecessor = marked(`${pid}.${older(startTicks)}.${namespace}.${place}`);
    const stranger = marked(`${pid}.${older(startTicks)}.${Number(namespace) + 1}.${place}`);
    const gone = once(predecessor, 'exit');
    const swept = (await sweepOrphans()).map((orphan) => orphan.pid);
    expect(swept).toContain(predecessor.pid);
    expect(swept).not.toContain(stranger.pid);
    await gone;
    expect(stranger.exitCode).toBeNull();
    await kill(stranger);
  });

  test('[F-134] another operator’s runner of this machine sweeps up for itself', async () => {
    const { runner, family } = await startRunner('of', '/another/place/mcp.json');
    await kill(runner);
    const swept = (await sweepOrphans()).map((orphan) => orphan.pid);
    for (const { pid } of family) expect(swept).not.toContain(pid);
    expect(family.every(isAlive)).toBe(true);
    for (const { pid } of family) process.kill(pid, 'SIGKILL');
  });

  test('[F-134] a mark that somebody wrote proves nothing of who shares its session', async () => {
    const [pid, startTicks, namespace, place] = runnerMark().split('.');
    const mark = `${pid}.${older(startTicks)}.${namespace}.${place}`;
    // A shell that leads a session, as a terminal's does; below it something of its own, and something that bears a mark.
    const shell = spawn(
      'sh',
      // What bears the mark says so itself: right after its start a process still has the environment of the shell.
      [
        '-c',
        `sleep 600 & echo $!; ${RUNNER_MARK}=${mark} sh -c 'echo $$; sleep 600 & wait' & wait`,
      ],
      { detached: true, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    let text = '';
    for await (const chunk of shell.stdout) {
      text += String(chunk);
      if (text.split('\n').length > 2) break;
    }
    const [own = 0, marked = 0] = text.split('\n').map(Number);
    const swept = (await sweepOrphans()).map((orphan) => orphan.pid);
    expect(swept).toContain(marked);
    for (const other of [own, shell.pid]) expect(swept).not.toContain(other);
    expect(isAlive(living(own))).toBe(true);
    process.kill(-(shell.pid ?? 0), 'SIGKILL');
  });

  test.skipIf(process.geteuid?.() !== 0)(
    '[F-134] a process of a user whom no process runs as is not ours, whatever its environment says',
    async () => {
      const [pid, startTicks, namespace, place] = runnerMark().split('.');
      const env = { [RUNNER_MARK]: `${pid}.${older(startTicks)}.${namespace}.${place}` };
      const stranger = spawn('/bin/sleep', ['600'], {
        env,
        uid: 61_002,
        gid: 61_002,
        detached: true,
        stdio: 'ignore',
      });
      await once(stranger, 'spawn');
      const swept = (await sweepOrphans({ users: [61_001] })).map((orphan) => orphan.pid);
      expect(swept).not.toContain(stranger.pid);
      const sweptLater = await sweepOrphans({ users: [61_002] });
      expect(sweptLater.map((orphan) => orphan.pid)).toContain(stranger.pid);
    },
  );

  test.skipIf(system === portable)('the mark names this process for good', () => {
    const { pid, startTicks } = living(process.pid);
    expect(runnerMark()).toMatch(new RegExp(`^${pid}\\.${startTicks}\\.\\d+\\.[0-9a-f]{16}$`, 'u'));
  });
});
