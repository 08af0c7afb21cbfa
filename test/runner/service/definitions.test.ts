// The files for the service managers, with paths that every one of them would misread without quotes; and where they belong.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, onTestFinished, test } from 'vitest';

import { launchdPlist } from '../../../runner/service/launchd-plist.ts';
import { MANAGERS, managerOf } from '../../../runner/service/managers.ts';
import { systemdUnit } from '../../../runner/service/systemd-unit.ts';
import { windowsTask } from '../../../runner/service/windows-task.ts';

const SERVICE = {
  node: process.execPath,
  program: '/opt/mcp bridge/mcp-bridge.js',
  config: `/srv/50% of $HOME/"a" & <b>/mcp.json`,
  path: '/opt/node bin:/usr/bin',
  log: '/var/log/a & b.log',
};

const SYSTEMD_ANALYZE = '/usr/bin/systemd-analyze';

test.skipIf(!existsSync(SYSTEMD_ANALYZE)).each([
  ['of the machine', { ...SERVICE, user: 'root' }],
  ['of a user', SERVICE],
])('[F-562] systemd takes the unit %s without a word', async (_, service) => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'mcp-bridge.service');
  writeFileSync(file, systemdUnit(service));
  const scope = 'user' in service ? [] : ['--user'];
  expect(await saidOf(file, scope, folder)).toBe('');
});

test.skipIf(!existsSync(SYSTEMD_ANALYZE)).each(['mcp-bridge.service', 'mcp-bridge-edge.service'])(
  '[F-562] systemd takes %s, which people copy, without a word',
  async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-unit-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(import.meta.dirname, '../../../.github/deploy', name);
    expect(await saidOf(file, [], folder)).toBe('');
  },
);

/** What systemd has to say about a unit. */
async function saidOf(file: string, scope: readonly string[], folder: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    SYSTEMD_ANALYZE,
    ['verify', '--man=no', ...scope, file],
    { env: { ...process.env, XDG_RUNTIME_DIR: folder } },
  );
  // It came with systemd 254; older ones say so and go on.
  const said = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => !line.includes('DelegateSubgroup'));
  return said.join('');
}

test('[F-562] a unit quotes each word, and says whose it is only for the whole machine', () => {
  const unit = systemdUnit({ ...SERVICE, user: 'ann' });
  expect(unit).toContain(
    String.raw`"/opt/mcp bridge/mcp-bridge.js" "run" "--config" "/srv/50%% of $$HOME/\"a\" & <b>/mcp.json"`,
  );
  expect(unit).toContain('\nUser=ann\n');
  expect(unit).toContain('\nWantedBy=multi-user.target\n');
  expect(systemdUnit(SERVICE)).not.toContain('User=');
  expect(systemdUnit(SERVICE)).toContain('\nWantedBy=default.target\n');
});

test('[F-562] definitions in XML escape what is in a path', () => {
  const escaped = '/srv/50% of $HOME/&quot;a&quot; &amp; &lt;b&gt;/mcp.json';
  expect(launchdPlist(SERVICE)).toContain(`<string>${escaped}</string>`);
  expect(launchdPlist(SERVICE)).toContain('<string>/var/log/a &amp; b.log</string>');
  expect(windowsTask(SERVICE)).toContain(escaped);
});

test('each system has its manager, and each keeps the file of a user in their home', () => {
  expect(
    ['linux', 'darwin', 'win32', 'freebsd'].map((system) => managerOf(system as 'linux')),
  ).toEqual(['systemd', 'launchd', 'task', undefined]);
  const owner = { isSystem: false, home: '/home/ann', uid: 1000 };
  expect(MANAGERS.systemd.file(owner)).toBe('/home/ann/.config/systemd/user/mcp-bridge.service');
  expect(MANAGERS.systemd.file({ ...owner, isSystem: true })).toBe(
    '/etc/systemd/system/mcp-bridge.service',
  );
  expect(MANAGERS.launchd.install(owner)).toEqual([
    [
      'launchctl',
      'bootstrap',
      'gui/1000',
      '/home/ann/Library/LaunchAgents/mcp-edge-bridge.runner.plist',
    ],
  ]);
});

test('[F-625] a definition is known by the config file that its runner reads, and by no other', () => {
  for (const manager of Object.values(MANAGERS)) {
    const definition = manager.definition(SERVICE);
    expect(manager.isOf(definition, SERVICE.config)).toBe(true);
    expect(manager.isOf(definition, SERVICE.config.slice(0, -1))).toBe(false);
    expect(manager.isOf(definition, '/srv/mcp.json')).toBe(false);
    expect(manager.isOf(definition, SERVICE.program)).toBe(false);
  }
});
