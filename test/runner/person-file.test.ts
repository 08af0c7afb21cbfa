// Files of people, as they lie on a disk: which of them count, and what is said of the rest.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readPersonFile } from '../../runner/person-file.ts';

const root = mkdtempSync(join(tmpdir(), 'people-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const PATH = [`${root}/`, '/token'];

/** A person's file; the person's id. */
function put(id: string, content: string | Uint8Array, mode = 0o600): string {
  mkdirSync(join(root, id), { recursive: true, mode: 0o700 });
  const path = join(root, id, 'token');
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return id;
}

const read = (id: string, path: readonly string[] = PATH): string => {
  const reading = readPersonFile(path, id);
  return reading.ok ? `ok: ${reading.text}` : reading.problem.what;
};

test('the value is the text of the file, without the line break at its end', () => {
  expect(read(put('ann', 's3cret\n'))).toBe('ok: s3cret');
  expect(read(put('windows', 's3cret\r\n'))).toBe('ok: s3cret');
  expect(read(put('key', '-----BEGIN\nabc\n-----END\n'))).toBe('ok: -----BEGIN\nabc\n-----END');
  expect(read(put('text', ' ü 🦊 '))).toBe('ok:  ü 🦊 ');
});

test('the id may be the name of the file', () => {
  writeFileSync(join(root, 'p-1'), 'mine', { mode: 0o600 });
  expect(read('p-1', [`${root}/`, ''])).toBe('ok: mine');
});

test.each<[string, () => string, string]>([
  ['none', () => 'nobody', 'does not exist'],
  ['a folder without it', () => (mkdirSync(join(root, 'bare')), 'bare'), 'does not exist'],
  ['one that others can read', () => put('open', 'x', 0o644), 'is open to other users (mode 0644)'],
  [
    'one that a group can read',
    () => put('group', 'x', 0o640),
    'is open to other users (mode 0640)',
  ],
  ['an empty one', () => put('empty', ''), 'is empty'],
  ['one with a line break alone', () => put('line', '\n'), 'is empty'],
  ['one with a NUL', () => put('nul', 'a\u0000b'), 'has a NUL, which no variable can have'],
  ['bytes that are no text', () => put('bytes', Uint8Array.of(0xff, 0xfe)), 'is not UTF-8 text'],
  ['a large one', () => put('large', 'x'.repeat(64 * 1024 + 1)), 'is larger than 64 KiB'],
  [
    'a folder in its place',
    () => (mkdirSync(join(root, 'folder', 'token'), { recursive: true }), 'folder'),
    'is not a regular file',
  ],
  [
    'a pipe to which nobody writes',
    () => {
      mkdirSync(join(root, 'pipe'));
      execFileSync('mkfifo', [join(root, 'pipe', 'token')]);
      return 'pipe';
    },
    'is not a regular file',
  ],
  [
    'a link that leads to itself',
    () => {
      mkdirSync(join(root, 'link'));
      symlinkSync('token', join(root, 'link', 'token'));
      return 'link';
    },
    'could not be read (ELOOP)',
  ],
])('[F-573] %s: not this person’s', (_what, make, says) => {
  expect(read(make())).toBe(says);
});

test('[F-573] a folder of people that others can change', () => {
  const shared = join(root, 'shared');
  mkdirSync(join(shared, 'ann'), { recursive: true });
  writeFileSync(join(shared, 'ann', 'token'), 'x', { mode: 0o600 });
  const path = [`${shared}/`, '/token'];
  chmodSync(shared, 0o775);
  expect(read('ann', path)).toContain('lies in a folder that other users can change');
  chmodSync(shared, 0o1777);
  expect(read('ann', path)).toBe('ok: x');
  chmodSync(shared, 0o755);
  expect(read('ann', path)).toBe('ok: x');
});

test('[F-577] a name that the list of the folder does not have, though the system opens it', () => {
  put('carl', 'of carl');
  // As where `Carl` and `carl.` open the folder `carl`: the file is there, and not by that name.
  expect(read('.', [`${root}/carl/`, '/token'])).toBe('does not exist');
});
