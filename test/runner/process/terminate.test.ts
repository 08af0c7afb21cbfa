import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ProcessSpec } from '../../../runner/process/process-spec.ts';
import { isAlive, statOf, type ProcessStat } from '../../../runner/process/process-table.ts';
import { allCleared, killAllProcesses } from '../../../runner/process/stdio-process.ts';
import { soonestOf } from '../../fixtures/growth.ts';
import { startFixture as start, type RecordedProcess } from './recorded-process.ts';
import { containmentOf, portable, SYSTEMS } from './systems.ts';

/** The bound that DELETE promises (F-28, F-73), the only duration asserted here. */
const WHOLE_END_MS = 5_000;

function living(pid: number | undefined): ProcessStat {
  const stat = pid === undefined ? undefined : statOf(pid);
  if (stat === undefined) throw new Error(`process ${pid} should be running`);
  return stat;
}

describe.skipIf(!existsSync('/proc/self/stat')).each(SYSTEMS)(
  'nothing is left, $name',
  ({ system }) => {
    const containment = containmentOf(system);
    const startFixture = (
      name: string,
      args: readonly string[] = [],
      spec: Partial<ProcessSpec> = {},
    ): RecordedProcess => start(name, args, { ...spec, containment });

    test('a process has a session and a group of its own', async () => {
      const recorded = startFixture('echo.mjs');
      const leader = living(recorded.process.pid);
      expect([leader.groupId, leader.sessionId]).toEqual([leader.pid, leader.pid]);
      await recorded.process.terminate('test over');
      expect(isAlive(leader)).toBe(false);
    });

    test('[F-73] one that ignores stdin and SIGTERM is killed within 5 s', async () => {
      const recorded = startFixture('stubborn.mjs');
      await recorded.call('echo');
      const leader = living(recorded.process.pid);
      const startedAt = performance.now();
      const facts = await recorded.process.terminate('session closed');
      expect(performance.now() - startedAt).toBeLessThan(WHOLE_END_MS);
      expect(facts).toMatchObject({ reason: 'terminated', signal: 'SIGKILL' });
      expect(isAlive(leader)).toBe(false);
    });

    test('terminate is idempotent: one exit, one outcome', async () => {
      const recorded = startFixture('echo.mjs');
      const first = recorded.process.terminate('first');
      expect(recorded.process.state).toBe('ending');
      const second = recorded.process.terminate('second');
      expect(await second).toBe(await first);
      expect((await first).because).toBe('first');
      expect(recorded.exits.length).toBe(1);
      expect(await recorded.process.terminate('third')).toBe(await first);
    });

    const kinds = ['fork', 'setsid', 'double'].flatMap((how) => [
      { how, isDeaf: false, holdsStdout: false },
      { how, isDeaf: true, holdsStdout: true },
    ]);

    test.concurrent.each(kinds)('[F-75] [F-350] %j: ended with its process', async (kind) => {
      const recorded = startFixture('echo.mjs');
      const descendant = living(Number(await recorded.call('spawn', kind)));
      const leader = living(recorded.process.pid);
      expect(descendant.sessionId === leader.sessionId).toBe(kind.how === 'fork');
      await recorded.process.terminate('session closed');
      expect(isAlive(leader)).toBe(false);
      expect(isAlive(descendant)).toBe(false);
    });

    test.concurrent.each(kinds)(
      '[F-75] [F-350] %j: ended when its process exits by itself',
      async (kind) => {
        const tookMs = await soonestOf(async () => {
          const recorded = startFixture('echo.mjs');
          const descendant = living(Number(await recorded.call('spawn', kind)));
          const exitedAt = performance.now();
          void recorded.call('exit', { code: 4 });
          expect(await recorded.exit()).toMatchObject({ reason: 'exited', code: 4 });
          const ms = performance.now() - exitedAt;
          await recorded.process.terminate('clear up');
          expect(isAlive(descendant)).toBe(false);
          return ms;
        }, 1000);
        // R-6 leaves a second for the answers; a descendant with the pipe in hand must not use it up.
        expect(tookMs).toBeLessThan(1000);
      },
    );

    test('[F-75] ended by its session, though it shed the environment', async () => {
      const recorded = startFixture('echo.mjs');
      const kind = { how: 'fork', isDeaf: true, shedsEnv: true };
      const descendant = living(Number(await recorded.call('spawn', kind)));
      expect(readFileSync(`/proc/${descendant.pid}/environ`, 'latin1')).not.toContain('MCP_BRIDGE');
      void recorded.call('exit');
      await recorded.exit();
      await recorded.process.terminate('clear up');
      expect(isAlive(descendant)).toBe(false);
    });

    test('[F-75] ended by its parentage, though it shed environment and session', async () => {
      const recorded = startFixture('stubborn.mjs');
      const kind = { how: 'setsid', isDeaf: true, shedsEnv: true };
      const descendant = living(Number(await recorded.call('spawn', kind)));
      await recorded.process.terminate('session closed');
      expect(isAlive(descendant)).toBe(false);
    });

    test('[R-12] a runner can wait until what its ended processes left is gone too', async () => {
      const recorded = startFixture('echo.mjs');
      const kind = { how: 'double', isDeaf: true };
      const descendant = living(Number(await recorded.call('spawn', kind)));
      void recorded.call('exit');
      await recorded.exit();
      expect(isAlive(descendant)).toBe(true);
      await allCleared();
      expect(isAlive(descendant)).toBe(false);
    });

    test('[F-75] a daemon whose own parent had lost the mark is found by a second look', async () => {
      const mark = randomUUID();
      const recorded = startFixture('echo.mjs', [], { mark });
      await recorded.call('echo');
      // Below a process that shed all, one that bears the mark again: neither is where orphans go.
      const shed = spawn(
        process.execPath,
        [
          '-e',
          `const { spawn } = require('node:child_process');
        const child = spawn('sleep', ['600'], { detached: true, env: { MCP_BRIDGE_PROCESS: '${mark}' }, stdio: 'ignore' });
        console.log(child.pid); setInterval(() => {}, 60_000);`,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = (await once(shed.stdout, 'data')) as [Buffer];
      const descendant = living(Number(line));
      await recorded.process.terminate('session closed');
      // A look at all processes finds it at once.
      expect(isAlive(descendant)).toBe(system !== portable);
      await allCleared();
      expect(isAlive(descendant)).toBe(false);
      shed.kill('SIGKILL');
    });

    test("ending one process leaves another's descendants alone", async () => {
      const [one, two] = [startFixture('echo.mjs'), startFixture('echo.mjs')];
      const descendant = living(Number(await two.call('spawn', { how: 'double' })));
      await one.process.terminate('session closed');
      expect(isAlive(descendant)).toBe(true);
      expect(await two.call('echo', { text: 'still here' })).toBe('still here');
      await two.process.terminate('test over');
      expect(isAlive(descendant)).toBe(false);
    });

    test('[R-12] a runner that must exit now kills every group at once', async () => {
      const recorded = startFixture('stubborn.mjs');
      const descendant = living(
        Number(await recorded.call('spawn', { how: 'fork', isDeaf: true })),
      );
      killAllProcesses();
      expect(await recorded.exit()).toMatchObject({ reason: 'signalled', signal: 'SIGKILL' });
      await recorded.process.terminate('clear up');
      expect(isAlive(descendant)).toBe(false);
    });
  },
);
