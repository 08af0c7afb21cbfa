// [F-78] What a process under another user cannot reach, with real users; needs root, as the runner does for it.
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openContainment } from '../../../runner/process/containment.ts';
import { processEnvironment } from '../../../runner/process/environment.ts';
import { isAlive, statOf } from '../../../runner/process/process-table.ts';
import { KEEPS_FROM_NEW_PRIVILEGES } from '../../../runner/process/start-child.ts';
import {
  findUser,
  whyNoOtherUser,
  type ProcessUser,
} from '../../../runner/process/process-user.ts';
import { runnerMark } from '../../../runner/process/runner-mark.ts';
import { RecordedProcess } from './recorded-process.ts';

/** Ids that no account of this machine has. */
const ONE: ProcessUser = { uid: 61_001, gid: 61_001 };
const TWO: ProcessUser = { uid: 61_002, gid: 61_002 };

const folder = mkdtempSync(join(tmpdir(), 'process-user-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function privateFile(name: string, owner: ProcessUser): string {
  const path = join(folder, name);
  writeFileSync(path, `content of ${name}\n`, { mode: 0o600 });
  chownSync(path, owner.uid, owner.gid);
  return path;
}

/** Says of each path given as argument whether one byte of it could be read, then waits for stdin to end. */
const TRY = `for path; do
  if head -c 1 "$path" >/dev/null 2>&1; then echo "read $path"; else echo "denied $path"; fi
done
echo over
read line`;

/** What a process of that user says to these paths. */
async function tries(user: ProcessUser | undefined, paths: readonly string[]): Promise<string[]> {
  const recorded = new RecordedProcess({
    command: '/bin/sh',
    args: ['-c', TRY, 'sh', ...paths],
    cwd: '/',
    user,
  });
  await recorded.line('over');
  await recorded.process.terminate('test over');
  return recorded.lines.slice(0, -1);
}

const runner = (file: string): string => `/proc/${process.pid}/${file}`;

describe.skipIf(process.platform !== 'linux' || whyNoOtherUser() !== undefined)(
  'a process under another user',
  () => {
    const tokenFile = privateFile('token', { uid: 0, gid: 0 });
    const closed = [tokenFile, runner('environ'), runner('mem'), runner('fd/0'), runner('maps')];

    test('has that user, that group and no other, and no capability', async () => {
      const recorded = new RecordedProcess({
        command: '/bin/sh',
        args: ['-c', 'id -u; id -g; id -G; grep CapEff /proc/self/status; read line'],
        cwd: '/',
        user: ONE,
      });
      await recorded.until(() => recorded.lines[3]);
      expect(recorded.lines).toEqual(['61001', '61001', '61001', 'CapEff:\t0000000000000000']);
      await recorded.process.terminate('test over');
    });

    test("cannot read the token file, nor the runner's environment and memory", async () => {
      expect(await tries(ONE, closed)).toEqual(closed.map((path) => `denied ${path}`));
      // The same attempts by the runner's own user: the denials above are of the user's making.
      expect(await tries(undefined, [tokenFile, runner('environ')])).toEqual([
        `read ${tokenFile}`,
        `read ${runner('environ')}`,
      ]);
    });

    test('cannot read the files and the environment of a process of a third user', async () => {
      const other = new RecordedProcess({
        command: '/bin/sh',
        args: ['-c', 'echo up; read line'],
        cwd: '/',
        user: TWO,
      });
      await other.line('up');
      const paths = [privateFile('session', TWO), `/proc/${other.process.pid}/environ`];
      expect(await tries(ONE, paths)).toEqual(paths.map((path) => `denied ${path}`));
      expect(await tries(TWO, paths)).toEqual(paths.map((path) => `read ${path}`));
      await other.process.terminate('test over');
    });

    test.each(['cgroup', 'process marks'])('ends like any other: %s', async (mode) => {
      const containment = mode === 'cgroup' ? openContainment() : undefined;
      const recorded = new RecordedProcess({
        command: '/bin/sh',
        args: ['-c', `trap '' TERM; setsid sh -c 'echo $$; exec sleep 60' & read line; sleep 60`],
        cwd: '/',
        user: ONE,
        containment,
      });
      const daemon = statOf(Number(await recorded.until(() => recorded.lines[0])));
      await recorded.process.terminate('session closed');
      expect(daemon !== undefined && isAlive(daemon)).toBe(false);
      const left = containment?.found().filter((found) => found.runnerMark === runnerMark());
      expect(left ?? []).toEqual([]);
    });

    test.skipIf(!KEEPS_FROM_NEW_PRIVILEGES)('setuid programs give it no more rights', async () => {
      const recorded = new RecordedProcess({
        command: '/bin/sh',
        args: ['-c', 'grep NoNewPrivs /proc/self/status; id -u'],
        cwd: '/',
        user: ONE,
      });
      await recorded.exit();
      expect(recorded.lines).toEqual(['NoNewPrivs:\t1', '61001']);
    });

    test('a program that is not there is told as such', async () => {
      const facts = await new RecordedProcess({ command: '/no/such', cwd: '/', user: ONE }).exit();
      expect(facts).toMatchObject({ reason: 'spawn_failed', spawnError: { code: 'ENOENT' } });
    });

    test('a program that user may not execute: the advice names the user', async () => {
      const path = join(folder, 'program');
      writeFileSync(path, '#!/bin/sh\n', { mode: 0o700 });
      const facts = await new RecordedProcess({ command: path, cwd: '/', user: ONE }).exit();
      expect(facts.spawnError?.message).toContain('may not be executed by the user with uid 61001');
    });
  },
);

test('a user is found by name or by ids; a name that nobody has is nobody', () => {
  const [name, , uid, gid, , home] =
    readFileSync('/etc/passwd', 'utf8').split('\n')[0]?.split(':') ?? [];
  const whole = { uid: Number(uid), gid: Number(gid), name, home };
  expect(findUser(name ?? '')).toEqual(whole);
  expect(findUser({ uid: Number(uid), gid: 61_001 })).toEqual({ ...whole, gid: 61_001 });
  expect(findUser({ uid: 61_001, gid: 61_002 })).toEqual({ uid: 61_001, gid: 61_002 });
  expect(findUser('no-such-user-here')).toBeUndefined();
});

test("the environment is that user's: home and names are not the runner's, the configured ones win", () => {
  const parent = { HOME: '/root', USER: 'root', LOGNAME: 'root', PATH: '/bin' };
  const named = { ...ONE, name: 'mcp', home: '/srv/mcp' };
  expect(processEnvironment(parent, { USER: 'set' }, [], { user: named })).toEqual({
    HOME: '/srv/mcp',
    USER: 'set',
    LOGNAME: 'mcp',
    PATH: '/bin',
  });
  expect(processEnvironment(parent, {}, [], { user: ONE })).toEqual({ PATH: '/bin' });
});
