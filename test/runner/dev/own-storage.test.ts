// The storage folder of `dev`: what comes with a cloned repository, or was put there by somebody else, steers nothing.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { ownFolder, readOwnSecret, writeOwnFile } from '../../../runner/dev/own-storage.ts';
import { lockStorage } from '../../../runner/dev/storage-lock.ts';
import { openWorkspace } from '../../../runner/dev/workspace.ts';
import { statOf } from '../../../runner/process/process-table.ts';

const program = fileURLToPath(new URL('../../../runner/main.ts', import.meta.url));
const SECRET = 'a'.repeat(64);
const SOURCE = { kind: 'config', files: [{ path: 'mcp.json' }] } as const;
const isRoot = process.geteuid?.() === 0;

let outside: string;
let storage: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-own-'));
  outside = join(folder, 'outside');
  mkdirSync(outside);
  storage = join(folder, '.bridge');
  return () => rmSync(folder, { recursive: true, force: true });
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** A storage folder as a checkout could make it, and something in it. */
function plant(name: string, make: (path: string) => void): string {
  const path = join(storage, name);
  mkdirSync(join(path, '..'), { recursive: true });
  make(path);
  return path;
}

describe('[F-248] a storage folder', () => {
  test('is for this user alone, and so is its secret, whatever the umask', () => {
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const { secret } = openWorkspace(storage, SOURCE);
    expect(secret).toMatch(/^[0-9a-f]{64}$/u);
    expect([modeOf(storage), modeOf(join(storage, 'secret'))]).toEqual([0o700, 0o600]);
    expect(openWorkspace(storage, SOURCE).secret).toBe(secret);
  });

  test('that others could enter is closed to them, and what it holds is kept', () => {
    const { secret } = openWorkspace(storage, SOURCE);
    chmodSync(storage, 0o755);
    expect(openWorkspace(storage, SOURCE).secret).toBe(secret);
    expect(modeOf(storage)).toBe(0o700);
  });

  test('may have anything in the folder that the servers use', () => {
    openWorkspace(storage, SOURCE);
    symlinkSync(outside, join(storage, 'files', 'link'));
    expect(() => openWorkspace(storage, SOURCE)).not.toThrow();
  });

  test.each<[string, string, (path: string) => void]>([
    [
      'a secret with the mode of a checkout',
      'secret',
      (path) => writeFileSync(path, SECRET, { mode: 0o644 }),
    ],
    [
      'a secret of another length',
      'secret',
      (path) => writeFileSync(path, 'aaaa', { mode: 0o600 }),
    ],
    ['a link to a secret', 'secret', (path) => symlinkSync(join(outside, 'secret'), path)],
    ['a folder for a secret', 'secret', (path) => mkdirSync(path)],
    ['a link in place of the files', 'files', (path) => symlinkSync('/', path)],
    ['a link in place of the state', 'edge', (path) => symlinkSync(outside, path)],
    [
      'a link for workerd’s config',
      'edge/config.capnp',
      (path) => symlinkSync(join(outside, 'x'), path),
    ],
    [
      'a link among the actors',
      'edge/actors/a/b.sqlite',
      (path) => symlinkSync(join(outside, 'x'), path),
    ],
    [
      'a file with another name elsewhere',
      'edge/config.capnp',
      (path) => {
        writeFileSync(join(outside, 'x'), 'kept');
        linkSync(join(outside, 'x'), path);
      },
    ],
  ])('with %s is refused in words, and nothing outside of it is touched', (_what, name, make) => {
    const path = plant(name, make);
    expect(() => openWorkspace(storage, SOURCE)).toThrow(
      expect.objectContaining({
        reason: 'storage_unusable',
        message: expect.stringMatching(/so it is not used\. Remove it, or choose another folder/u),
      }),
    );
    expect(() => openWorkspace(storage, SOURCE)).toThrow(path);
    expect(existsSync(join(outside, 'secret'))).toBe(false);
    expect([undefined, 'kept']).toContain(
      existsSync(join(outside, 'x')) ? readFileSync(join(outside, 'x'), 'utf8') : undefined,
    );
  });

  test('that is a link or a file is refused', () => {
    symlinkSync(outside, storage);
    expect(() => openWorkspace(storage, SOURCE)).toThrow('is a link, or not a folder');
    rmSync(storage);
    writeFileSync(storage, '');
    expect(() => openWorkspace(storage, SOURCE)).toThrow('is a link, or not a folder');
  });

  test.runIf(process.platform === 'linux')('where none can be made is told in words', () => {
    expect(() => openWorkspace('/proc/mcp-bridge', SOURCE)).toThrow(
      'cannot be used (ENOENT on mkdir)',
    );
  });

  test.runIf(isRoot)('of another user, or with a member of one, is refused', () => {
    openWorkspace(storage, SOURCE);
    chownSync(join(storage, 'secret'), 61_001, 61_001);
    expect(() => openWorkspace(storage, SOURCE)).toThrow('belongs to another user (uid 61001)');
    chownSync(join(storage, 'secret'), 0, 0);
    chownSync(storage, 61_001, 61_001);
    expect(() => openWorkspace(storage, SOURCE)).toThrow('belongs to another user (uid 61001)');
  });

  test('is written through no link, even one that came after the look', () => {
    ownFolder(storage);
    const path = plant('late', (late) => symlinkSync(join(outside, 'x'), late));
    expect(() => writeOwnFile(path, 'text')).toThrow('ELOOP');
    expect(() => readOwnSecret(path, /./u)).toThrow('ELOOP');
    expect(existsSync(join(outside, 'x'))).toBe(false);
  });
});

describe('[F-248] a lock that somebody put there', () => {
  test('ends no process but this user’s workerd', async () => {
    ownFolder(storage);
    const victim = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void victim.kill());
    await once(victim, 'spawn');
    const workerd = { pid: victim.pid, startTicks: statOf(victim.pid ?? 0)?.startTicks };
    const owner = { pid: 4_194_303, startTicks: 1 };
    plant('lock', (path) => writeFileSync(path, JSON.stringify({ owner, workerd })));
    const outcome = await lockStorage(storage);
    expect(outcome.ok).toBe(true);
    expect(victim.exitCode ?? victim.signalCode).toBe(null);
    expect(statOf(victim.pid ?? 0)).toBeDefined();
  });

  test('and is no file is told in words', async () => {
    ownFolder(storage);
    plant('lock', (path) => mkdirSync(path));
    await expect(lockStorage(storage)).rejects.toThrow('lock is no file');
  });
});

test('[F-248] `dev` says what is wrong with its folder, without a stack', () => {
  writeFileSync(storage, '');
  const args = [program, 'dev', '--storage', storage, '--', 'true'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toBe(
    `${storage} is a link, or not a folder, so it is not used. Remove it, or choose another folder with --storage.\n`,
  );
});
