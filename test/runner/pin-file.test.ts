// The lock file: made at first sight, read again when it changed, and of no use when it is spoilt.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createLog } from '../../runner/log.ts';
import { acceptPins, lockFileOf, readPins, ServerPinBook } from '../../runner/pin-file.ts';

let folder: string;
let file: string;
let lines: { level: string; message: string; [field: string]: unknown }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-pins-'));
  file = join(folder, 'mcp.lock.json');
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = createLog({
  level: 'info',
  pretty: false,
  write: (line) => lines.push(JSON.parse(line)),
});
const book = (mode: 'hold' | 'warn' = 'hold', server = 's') =>
  new ServerPinBook(server, { mode, file }, log).guardFor('legacy');
const tool = (name: string, description = 'x') => ({
  name,
  text: JSON.stringify({ name, description }),
});
const accept = (server: string): void => {
  const reading = readPins(file);
  if (!reading.ok || !reading.pins.has(server)) throw new Error('no pins');
  acceptPins(file, reading.pins, (of) => of === server);
};

test.each([
  ['/a/mcp.json', '/a/mcp.lock.json'],
  ['/a/servers.toml', '/a/servers.lock.json'],
  ['/a.b/config', '/a.b/config.lock.json'],
])('[F-779] the lock file of %s is %s', (config, lock) => {
  expect(lockFileOf(config)).toBe(lock);
});

describe('[F-779] a lock file', () => {
  test('is made of the first list that names tools, readable for all, and its servers do not touch each other', () => {
    const guard = book();
    guard.listed([]);
    guard.listed([tool('b'), tool('a')]);
    expect(statSync(file).mode & 0o777).toBe(0o666 & ~process.umask());
    guard.listed([tool('c')]);
    book('hold', 'r').listed([tool('z')]);
    const reading = readPins(file);
    expect(
      reading.ok && [...reading.pins].map(([name, { tools }]) => [name, [...tools.keys()]]),
    ).toEqual([
      ['r', ['z']],
      ['s', ['a', 'b']],
    ]);
    expect(guard.accepts(tool('a'))).toBe(true);
    expect(guard.accepts(tool('c'))).toBe(false);
    expect(guard.accepts(tool('z'))).toBe(false);
  });

  test('takes what is held back, each once, and is read again once somebody accepts it', async () => {
    const guard = book();
    guard.listed([tool('a')]);
    const text = readFileSync(file, 'utf8');
    expect(guard.accepts(tool('a', 'y'))).toBe(false);
    expect(guard.accepts(tool('a', 'y'))).toBe(false);
    expect(lines.filter(({ message }) => message === 'tool held back')).toHaveLength(1);
    await Promise.resolve();
    expect(readFileSync(file, 'utf8')).not.toBe(text);
    accept('s');
    expect(guard.accepts(tool('a', 'y'))).toBe(true);
    expect(guard.accepts(tool('a'))).toBe(false);
  });

  test('keeps what several servers write at a time', async () => {
    const guards = ['q', 'r', 's'].map((server) => book('hold', server));
    for (const guard of guards) guard.listed([tool('a')]);
    for (const guard of guards) expect(guard.accepts(tool('b'))).toBe(false);
    await Promise.resolve();
    const reading = readPins(file);
    expect(
      reading.ok && [...reading.pins].map(([name, { held }]) => [name, [...held.keys()]]),
    ).toEqual([
      ['q', ['b']],
      ['r', ['b']],
      ['s', ['b']],
    ]);
  });

  test('that is spoilt lets nothing in, until it is put right or removed', () => {
    const guard = book();
    guard.listed([tool('a')]);
    writeFileSync(file, '{');
    expect(guard.accepts(tool('a'))).toBe(false);
    expect(book('warn').accepts(tool('a'))).toBe(true);
    expect(lines.at(-1)).toMatchObject({ level: 'error', what: 'is no lock file of this version' });
    guard.listed([tool('a')]);
    expect(readFileSync(file, 'utf8')).toBe('{');
    rmSync(file);
    guard.listed([tool('a', 'y')]);
    expect(guard.accepts(tool('a', 'y'))).toBe(true);
  });

  test.skipIf(process.geteuid?.() === 0)(
    'that cannot be written: pins last as long as the program',
    () => {
      chmodSync(folder, 0o500);
      const guard = book();
      guard.listed([tool('a')]);
      expect(guard.accepts(tool('a'))).toBe(true);
      expect(guard.accepts(tool('b'))).toBe(false);
      chmodSync(folder, 0o700);
      expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    },
  );

  test('in a folder that is not there: pins last as long as the program', () => {
    const guard = new ServerPinBook(
      's',
      { mode: 'hold', file: join(folder, 'no', 'x') },
      log,
    ).guardFor('legacy');
    guard.listed([tool('a')]);
    guard.listed([tool('b')]);
    expect([guard.accepts(tool('a')), guard.accepts(tool('b'))]).toEqual([true, false]);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('of a server that lists another definition each time stays small, as does the log, and what one list brings is written once', async () => {
    const guard = book();
    guard.listed([tool('a')]);
    const before = statSync(file).ino;
    for (let turn = 0; turn < 2_000; turn++) expect(guard.accepts(tool(`a${turn}`))).toBe(false);
    expect(lines.filter(({ message }) => message === 'tool held back').length).toBe(100);
    expect(statSync(file).ino).toBe(before);
    await Promise.resolve();
    const reading = readPins(file);
    expect(reading.ok && reading.pins.get('s')?.held.size).toBe(1_000);
    // Who accepts them makes room for more.
    accept('s');
    expect(guard.accepts(tool('a999'))).toBe(true);
    expect(guard.accepts(tool('a1999'))).toBe(false);
    await Promise.resolve();
    const again = readPins(file);
    expect(again.ok && [...(again.pins.get('s')?.held.keys() ?? [])]).toEqual(['a1999']);
    guard.accepts(undefined);
    guard.accepts(undefined);
    expect(lines.filter(({ message }) => message === 'a tool cannot be pinned')).toHaveLength(1);
    const large = {
      name: 'a',
      text: JSON.stringify({ name: 'a', description: 'x'.repeat(100_000) }),
    };
    expect(book().accepts(large)).toBe(false);
    await Promise.resolve();
    expect(readFileSync(file, 'utf8')).not.toContain('xxxxx');
  });
});

test('[F-826] a lock file that is removed while sessions go on: their next list pins the tools anew, and holds none back', async () => {
  const guard = book();
  expect(guard.needsList).toBe(true);
  guard.listed([tool('a')]);
  expect(guard.needsList).toBe(false);
  rmSync(file);
  expect(guard.accepts(tool('a'))).toBe(false);
  expect(guard.accepts(tool('a'))).toBe(false);
  expect(book('warn').accepts(tool('a'))).toBe(true);
  await Promise.resolve();
  expect(readPins(file)).toEqual({ ok: true, pins: new Map() });
  expect(lines.filter(({ message }) => message.includes('none has been pinned'))).toHaveLength(2);
  expect(guard.needsList).toBe(true);
  guard.listed([tool('a', 'y')]);
  expect([guard.accepts(tool('a', 'y')), guard.accepts(tool('b'))]).toEqual([true, false]);
});

test('[F-828] what is held back stays within bounds, also where servers write the same file in turn', async () => {
  const guards = ['r', 's'].map((server) => book('hold', server));
  for (const guard of guards) guard.listed([tool('a')]);
  for (let turn = 0; turn < 20; turn++)
    for (const guard of guards) {
      for (let at = 0; at < 60; at++) guard.accepts(tool(`t${turn * 60 + at}`, 'x'.repeat(2_000)));
      // oxlint-disable-next-line no-await-in-loop -- what one list brings is written before the next comes
      await Promise.resolve();
    }
  const reading = readPins(file);
  expect(reading.ok && [...reading.pins.values()].map(({ held }) => held.size)).toEqual([
    1_000, 1_000,
  ]);
  expect(statSync(file).size).toBeLessThan(3 * 1024 * 1024);
});
