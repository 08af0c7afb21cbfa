// `mcp-bridge pins` as a program: what it prints, and its exit codes.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, test } from 'vitest';

import {
  NO_PINS,
  shortDigest,
  withHeld,
  withPinned,
  type ServerPins,
} from '../../../runner/core/pins.ts';
import { pinOf, writePins } from '../../../runner/pin-file.ts';

const MAIN = fileURLToPath(new URL('../../../runner/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mcp-pins-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const lock = join(folder, 'mcp.lock.json');

const pins = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'pins', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
};
const seen = (name: string, description: string) => ({
  name,
  era: 'legacy' as const,
  pin: pinOf(JSON.stringify({ name, description })),
});

test('[F-779] pins: list, diff and accept, for people and programs', () => {
  expect(pins()).toMatchObject({ status: 0, text: expect.stringContaining('No tool is pinned') });
  const own = withHeld(
    withHeld(withPinned(NO_PINS, [seen('a', 'x')]), seen('a', 'y')),
    seen('\u001b[2Jb\u200b', 'z'),
  );
  writePins(lock, new Map(), 's', own);
  expect(pins('list').text).toMatch(/^s +1 pinned +2 held back: .*U\+200B.*, a$/mu);
  expect(pins('diff').text).not.toContain('\u001b');
  expect(pins('diff', 's', 'a').text).toBe(
    `s a (changed; digest ${shortDigest(seen('a', 'y').pin)})\n    {\n      "name": "a",\n  -   "description": "x"\n  +   "description": "y"\n    }\n`,
  );
  expect(JSON.parse(pins('diff', 's', 'a', '--json').text)).toMatchObject({
    held: [{ server: 's', tool: 'a', kind: 'changed', era: 'legacy' }],
  });
  expect(pins('accept', 's', 'c')).toMatchObject({ status: 1 });
  expect(pins('accept', 'r')).toMatchObject({
    status: 1,
    text: expect.stringContaining('no tool of r is pinned'),
  });
  expect(JSON.parse(pins('accept', 's', 'a', '--json').text)).toEqual({
    accepted: [{ server: 's', tool: 'a' }],
  });
  expect(pins('accept').status).toBe(0);
  expect(pins('accept').text).toBe('Nothing is held back.\n');
  expect(JSON.parse(pins('--json').text)).toMatchObject({ servers: [{ server: 's' }], held: [] });
  for (const words of [['x'], ['list', 's'], ['accept', 's', 'a', 'b']])
    expect(pins(...words)).toMatchObject({ status: 2 });
  writeFileSync(lock, '{');
  expect(pins()).toMatchObject({ status: 1, text: expect.stringContaining('is no lock file') });
});

const write = (own: ServerPins): void => writePins(lock, new Map(), 's', own);
const digestOf = (description: string): string => shortDigest(seen('a', description).pin);
const pinned = withPinned(NO_PINS, [seen('a', 'x'), seen('b', 'x')]);

describe('[F-846] accept lets in what a person was shown, and nothing that has come in its place', () => {
  test('what nobody was shown is refused, in words; --all-current lets it in', () => {
    write(withHeld(withHeld(pinned, seen('a', 'y')), seen('b', 'y')));
    expect(pins('accept', 's', 'a')).toMatchObject({
      status: 1,
      text: expect.stringMatching(
        /s a is not let in.*nobody was shown it.*pins diff s.*--all-current/u,
      ),
    });
    pins('diff', 's', 'a');
    const some = pins('accept');
    expect(some.status).toBe(1);
    expect(some.text).toMatch(/^s a is let in\.$/mu);
    expect(some.text).toMatch(/s b is not let in/u);
    expect(pins('accept', '--all-current')).toEqual({ status: 0, text: 's b is let in.\n' });
    expect(pins('accept').text).toBe('Nothing is held back.\n');
  });

  test('what changed between the look and the word is not let in', () => {
    write(withHeld(pinned, seen('a', 'y')));
    expect(pins('diff').text).toContain('"description": "y"');
    write(withHeld(pinned, seen('a', 'evil')));
    expect(pins('accept', 's', 'a').status).toBe(1);
    expect(JSON.parse(pins('--json').text)).toMatchObject({
      held: [{ tool: 'a', digest: digestOf('evil'), shown: false }],
    });
    expect(JSON.parse(pins('diff', '--json').text)).toMatchObject({ held: [{ shown: false }] });
    expect(JSON.parse(pins('--json').text)).toMatchObject({ held: [{ shown: true }] });
    expect(pins('accept').text).toBe('s a is let in.\n');
  });

  test('a digest stands for one definition, seen here or elsewhere', () => {
    write(withHeld(pinned, seen('a', 'y')));
    const by = (digest: string) => pins('accept', 's', 'a', `--digest=${digest}`);
    expect(by(digestOf('z'))).toMatchObject({
      status: 1,
      text: expect.stringMatching(/has another digest.*changed since/u),
    });
    expect(by(digestOf('y').slice(0, 31)).status).toBe(2);
    expect(by('x'.repeat(32)).status).toBe(2);
    expect(pins('accept', 's', `--digest=${digestOf('y')}`).status).toBe(2);
    expect(pins('diff', `--digest=${digestOf('y')}`).status).toBe(2);
    expect(pins('list', '--all-current').status).toBe(2);
    expect(by(digestOf('y'))).toEqual({ status: 0, text: 's a is let in.\n' });
    write(withHeld(pinned, seen('a', 'y')));
    expect(by(seen('a', 'y').pin.digest).status).toBe(0);
  });

  test('[F-982] one that is too large to be shown was shown to nobody: it has to be named', () => {
    const { pin, ...large } = seen('a', 'y');
    write(withHeld(pinned, { ...large, pin: { ...pin, definition: null } }));
    expect(pins('diff').text).toContain('too large to be shown');
    const words = new RegExp(`s a is not let in.*too large.*--digest=${digestOf('y')}`, 'u');
    expect(pins('accept')).toMatchObject({ status: 1, text: expect.stringMatching(words) });
    expect(pins('accept', 's', 'a', `--digest=${digestOf('y')}`).text).toBe('s a is let in.\n');
  });

  test('a look is none where it cannot be noted, and says so', () => {
    write(withHeld(pinned, seen('a', 'y')));
    const elsewhere = join(folder, 'read-only');
    mkdirSync(elsewhere);
    copyFileSync(lock, join(elsewhere, 'mcp.lock.json'));
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    chmodSync(folder, 0o755);
    chmodSync(join(elsewhere, 'mcp.lock.json'), 0o644);
    chmodSync(elsewhere, 0o555);
    const args = [MAIN, 'pins', 'diff', `--config=${join(elsewhere, 'mcp.json')}`];
    const ended = spawnSync(process.execPath, args, { cwd: '/', encoding: 'utf8', ...user });
    chmodSync(elsewhere, 0o755);
    expect(ended).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('"description": "y"'),
    });
    expect(ended.stderr).toMatch(/cannot be noted .*\(EACCES\)/u);
  });
});
