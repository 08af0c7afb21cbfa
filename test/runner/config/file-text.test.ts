// A person's file that is written anew: whole or not at all.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { replaceText } from '../../../runner/config/file-text.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-text-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('[F-621] a file that is replaced keeps its mode and its link, and nothing is left beside it', () => {
  const folder = newFolder();
  const real = join(folder, 'real.json');
  const link = join(folder, 'mcp.json');
  writeFileSync(real, 'old');
  chmodSync(real, 0o640);
  symlinkSync('real.json', link);
  replaceText(link, 'new');
  expect(readFileSync(real, 'utf8')).toBe('new');
  expect(statSync(real).mode & 0o777).toBe(0o640);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  replaceText(join(folder, 'fresh.json'), 'fresh');
  expect(readFileSync(join(folder, 'fresh.json'), 'utf8')).toBe('fresh');
  expect(readdirSync(folder).toSorted()).toEqual(['fresh.json', 'mcp.json', 'real.json']);
});

test.skipIf(process.platform === 'win32')(
  '[F-621] a disk that takes no more leaves the old text, and nothing beside it',
  () => {
    const folder = newFolder();
    const file = join(folder, 'mcp.json');
    writeFileSync(file, 'old');
    const module = fileURLToPath(new URL('../../../runner/config/file-text.ts', import.meta.url));
    const script = `import(process.argv[1]).then(({ replaceText }) => {
      try { replaceText(process.argv[2], 'x'.repeat(100_000)); } catch (error) { console.log(error.code); }
    })`;
    const call = 'trap "" XFSZ; ulimit -f 8; exec "$@"';
    const words = ['-c', call, 'sh', process.execPath, '-e', script, module, file];
    expect(execFileSync('bash', words, { encoding: 'utf8' }).trim()).toBe('EFBIG');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['mcp.json']);
  },
);

test('[F-832] a draft that a killed program has left, also one of the same process id, is in nobody’s way', () => {
  const path = join(newFolder(), 'left.json');
  writeFileSync(path, 'old');
  writeFileSync(`${path}.${process.pid}.new`, 'half');
  replaceText(path, 'new');
  expect(readFileSync(path, 'utf8')).toBe('new');
});
