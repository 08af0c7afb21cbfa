// Where the files of other programs are looked for, on each system, and which of them are offers.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { configPlaces } from '../../../runner/dev/found-configs.ts';
import { findOffers } from '../../../runner/dev/offers.ts';
import { chosenOffers } from '../../../runner/commands/up.ts';
import { readConfigs } from '../../../runner/config/read.ts';

test.each([
  [
    'linux',
    '/home/ann',
    {},
    '/home/ann/.config/Claude/claude_desktop_config.json',
    '/home/ann/.config/Code/User/mcp.json',
  ],
  [
    'linux',
    '/home/ann',
    { XDG_CONFIG_HOME: '/conf' },
    '/conf/Claude/claude_desktop_config.json',
    '/conf/Code - Insiders/User/mcp.json',
  ],
  [
    'darwin',
    '/Users/ann',
    { XDG_CONFIG_HOME: '/conf' },
    '/Users/ann/Library/Application Support/Claude/claude_desktop_config.json',
    '/Users/ann/Library/Application Support/Code/User/mcp.json',
  ],
  [
    'win32',
    'C:\\Users\\ann',
    { APPDATA: 'D:\\Roaming', LOCALAPPDATA: 'D:\\Local' },
    'D:\\Local\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json',
    'D:\\Roaming\\Code\\User\\mcp.json',
  ],
  [
    'win32',
    'C:\\Users\\ann',
    {},
    'C:\\Users\\ann\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
    'C:\\Users\\ann\\.cursor\\mcp.json',
  ],
] as const)('[F-560] on %s with home %s and %j', (platform, home, environment, claude, editor) => {
  const places = configPlaces({ platform, home, cwd: '/work', environment });
  const paths = places.map(({ path }) => path);
  const parts = places.map(({ path, project = '' }) => `${path} ${project}`);
  expect(paths).toEqual(expect.arrayContaining([claude, editor]));
  expect(places[0]?.program).toBe('Claude Code');
  expect(new Set(parts).size).toBe(parts.length);
});

test('[F-560] offers are the files with servers that can be served, with comments or not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-offers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('.config/Claude/claude_desktop_config.json', '{"globalShortcut": "Ctrl+Space"}');
  write('.cursor/mcp.json', '{ // mine\n "mcpServers": { "a": { "command": "a", }, }, }');
  write('.config/Code/User/mcp.json', '{"servers": {"far": {"type": "http", "url": "https://x"}}}');
  write('.config/Code/User/settings.json', '{"mcp": {"servers": {"b": {"command": "b"}}}}');
  write('.claude.json', '{"mcpServers": ');
  write('.codex/config.toml', '[mcp_servers.c]\ncommand = "c"\n');
  mkdirSync(join(folder, '.mcp.json'));
  const places = configPlaces({
    platform: 'linux',
    home: folder,
    cwd: folder,
    environment: {},
  });
  const offers = await findOffers(places, {});
  // Here this folder is the home folder, too.
  expect(offers.map(({ program, servers }) => [program, servers])).toEqual([
    ['Cursor', ['a']],
    ['VS Code', ['b']],
    ['Codex', ['c']],
  ]);
});

test('[F-660] Claude Code keeps servers of one folder in the file of the user; they start in that folder', async () => {
  const home = mkdtempSync(join(tmpdir(), 'mcp-bridge-offers-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const cwd = join(home, 'work');
  mkdirSync(cwd);
  const file = {
    mcpServers: { mine: { command: 'a' } },
    projects: {
      [cwd]: { mcpServers: { here: { command: 'b' } }, allowedTools: [] },
      '/elsewhere': { mcpServers: { there: { command: 'c' } } },
    },
  };
  writeFileSync(join(home, '.claude.json'), JSON.stringify(file));
  const places = configPlaces({ platform: 'linux', home, cwd, environment: {} });
  const offers = await findOffers(places, {});
  expect(offers.map(({ project, servers }) => [project, servers])).toEqual([
    [cwd, ['here']],
    [undefined, ['mine']],
  ]);
  const reading = await readConfigs(offers, {});
  const started =
    reading.ok &&
    [...reading.config.servers.values()].map(
      ({ source }) => source.kind === 'process' && source.cwd,
    );
  expect(started).toEqual([cwd, home]);
});

test('[F-660] an answer names one file, some, or all; a word that means nothing chooses none', () => {
  const offers = ['a', 'b', 'c'].map((path) => ({ program: path, path, servers: [path] }));
  const chosen = (answer: string): string =>
    chosenOffers(answer, offers)
      .map(({ path }) => path)
      .join('');
  expect(['', '2', '1,3', '3 1 3', 'a', 'all'].map(chosen)).toEqual([
    'a',
    'b',
    'ac',
    'ca',
    'abc',
    'abc',
  ]);
  expect(['4', '0', '1,x', 'x', '1.5', '-1'].map(chosen)).toEqual(['', '', '', '', '', '']);
});
