// `mcp-bridge pins` as a program: what it prints, and its exit codes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, expect, test } from 'vitest';

import { NO_PINS, withHeld, withPinned } from '../../../runner/core/pins.ts';
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
    's a (changed)\n    {\n      "name": "a",\n  -   "description": "x"\n  +   "description": "y"\n    }\n',
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
