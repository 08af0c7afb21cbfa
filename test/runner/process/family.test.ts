// What a look for the family of one process reads of the machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { findFamily } from '../../../runner/process/family.ts';
import { KNOWS_CHILDREN, statOf } from '../../../runner/process/process-table.ts';

const canCount = existsSync('/proc/self/io') && KNOWS_CHILDREN;

/** Calls of read(2) that this program has made (proc_pid_io(5)). */
const reads = (): number =>
  Number(/^syscr: (\d+)$/mu.exec(readFileSync('/proc/self/io', 'latin1'))?.[1]);

test.skipIf(!canCount)(
  '[F-551] what is read to find one family does not grow with the processes of others',
  async () => {
    const leaders = new Set<number>();
    const start = async (): Promise<number> => {
      const child = spawn('sleep', ['60'], { stdio: 'ignore' });
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child, 'spawn');
      const { pid = 0 } = child;
      leaders.add(pid);
      return pid;
    };
    const leaderPid = await start();
    const readsOfLook = async (): Promise<number> => {
      const before = reads();
      const family = await findFamily({
        leaderPid,
        leaderStartTicks: statOf(leaderPid)?.startTicks,
        mark: 'of nobody',
        seen: [],
        contained: () => new Set(),
        leaders,
      });
      expect(family.map(({ pid }) => pid)).toEqual([leaderPid]);
      return reads() - before;
    };
    const alone = await readsOfLook();
    for (let n = 0; n < 60; n++) await start();
    expect((await readsOfLook()) - alone).toBeLessThan(30);
  },
);
