// Where the files of other programs are looked for, on each system, and which of them are offers.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { configPlaces } from '../../../runner/dev/found-configs.ts';
import { findOffers } from '../../../runner/dev/offers.ts';

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
  expect(paths).toEqual(expect.arrayContaining([claude, editor]));
  expect(places[0]?.program).toBe('Claude Code');
  expect(new Set(paths).size).toBe(paths.length);
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
  ]);
});
