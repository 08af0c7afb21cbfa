import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { checkIsolation } from '../../runner/check/isolation.ts';
import { watchTerminal } from '../../runner/commands/signals.ts';
import { machineProblems } from '../../runner/config/machine.ts';
import { readConfig } from '../../runner/config/read.ts';
import { processServers, type RunnerConfig } from '../../runner/config/runner-config.ts';
import { processSpec } from '../../runner/configured-process.ts';
import { readTokenFile } from '../../runner/credential.ts';
import { ownFolder, readOwnSecret, writeOwnFile } from '../../runner/dev/own-storage.ts';
import { containmentFields } from '../../runner/process/containment.ts';
import { usersIn, whyNoOtherUser } from '../../runner/process/process-user.ts';
import { psSystem } from '../../runner/process/ps-system.ts';
import { systemOf } from '../../runner/process/this-system.ts';
import { windowsSystem } from '../../runner/process/windows-system.ts';
import { containmentOf } from './process/systems.ts';

const folder = mkdtempSync(join(tmpdir(), 'portable-'));

/** A config with one server that asks for these settings. */
async function configWith(settings: object, tokenFile?: string): Promise<RunnerConfig> {
  const path = join(folder, 'mcp.json');
  const bridge = tokenFile === undefined ? {} : { tokenFile };
  writeFileSync(
    path,
    JSON.stringify({ mcpServers: { echo: { command: 'node', bridge: settings } }, bridge }),
  );
  const reading = await readConfig(path, process.env);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.config;
}

it('[F-350] each platform has its kind', () => {
  expect(systemOf('linux').mode).toBe('process marks');
  for (const platform of ['darwin', 'freebsd'] as const)
    expect(systemOf(platform).mode).toBe('process groups');
  expect(systemOf('win32').mode).toBe('process trees');
});

describe.each([psSystem('darwin'), windowsSystem])('[F-350] without cgroups: $mode', (system) => {
  const containment = containmentOf(system);

  it('the log and check say what holds, why, and whom it does not hold', async () => {
    const why = 'cgroups exist on Linux only';
    expect(containmentFields(containment)).toEqual({
      mode: system.mode,
      why,
      escapes: system.escapes,
    });
    const [outcome] = await checkIsolation(await configWith({}), containment);
    expect(outcome).toEqual({
      verdict: 'ok',
      subject: 'containment',
      what: `${system.mode}, since ${why}; ${system.escapes} can outlive its session`,
    });
  });

  it('limits are refused, and the advice is none that only Linux could follow', async () => {
    const config = await configWith({ limits: { pids: 8 } });
    expect(machineProblems(config, containment)).toMatchObject([
      {
        what: 'cannot be set here: cgroups exist on Linux only',
        fix: 'Remove "limits", or run mcp-bridge on Linux.',
      },
    ]);
  });
});

it('[F-352] on Windows a process gets what it cannot start without, each name once', async () => {
  const config = await configWith({ inheritEnv: ['my_*'] });
  const [server] = processServers(config.servers.values());
  if (server === undefined) throw new Error('The config has a server.');
  const environment = {
    Path: 'C:\\bin',
    SystemRoot: 'C:\\Windows',
    'ProgramFiles(x86)': 'C:\\P',
    ComSpec: 'cmd.exe',
    MY_KEY: 'v',
    GITHUB_TOKEN: 'x',
    mcp_bridge_x: 'x',
  };
  const spec = (env: Record<string, string>) =>
    processSpec(
      { ...server, source: { ...server.source, env } },
      { environment, containment: containmentOf(windowsSystem), secrets: [] },
    ).env;
  expect(spec({})).toEqual({
    PATH: 'C:\\bin',
    SYSTEMROOT: 'C:\\Windows',
    'PROGRAMFILES(X86)': 'C:\\P',
    COMSPEC: 'cmd.exe',
    MY_KEY: 'v',
  });
  expect(spec({ path: 'D:\\own' })['PATH']).toBe('D:\\own');
});

it('[F-352] SIGHUP on Windows means that the window was closed', () => {
  expect(watchTerminal('win32')()).toBe(true);
});

it('[F-352] users as macOS prints them', () => {
  expect(usersIn('mcp:********:501:20::0:0:M C P:/Users/mcp:/bin/zsh\n')).toEqual([
    { name: 'mcp', uid: 501, gid: 20, home: '/Users/mcp' },
  ]);
});

describe('[F-352] where files have no owners and modes', () => {
  const real = Object.getOwnPropertyDescriptor(process, 'geteuid');
  beforeEach(() => {
    Object.defineProperty(process, 'geteuid', { ...real, value: undefined });
  });
  afterEach(() => {
    if (real) Object.defineProperty(process, 'geteuid', real);
  });

  it('a token file and the secrets of dev are read whatever their mode seems to be', async () => {
    const own = mkdtempSync(join(tmpdir(), 'portable-own-'));
    onTestFinished(() => rmSync(own, { recursive: true }));
    const path = join(own, 'secret');
    writeOwnFile(path, 'mcpr_x');
    chmodSync(path, 0o666);
    ownFolder(own);
    expect(readOwnSecret(path, /^mcpr_x$/u)).toBe('mcpr_x');
    expect(await readTokenFile(path)).toEqual({ ok: true, token: 'mcpr_x' });
  });

  it('check says that nobody knows who can read the token file', async () => {
    const path = join(folder, 'token');
    const outcomes = await checkIsolation(await configWith({}, path), containmentOf(windowsSystem));
    expect(outcomes).toContainEqual(
      expect.objectContaining({
        verdict: 'warn',
        subject: 'token file',
        what: expect.stringContaining('who can read it is not checked on this system'),
      }),
    );
  });

  it('no other user is to be had', () => {
    expect(whyNoOtherUser()).toBe('Windows has no such users');
  });
});
