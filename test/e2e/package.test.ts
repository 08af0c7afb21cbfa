// The package as a user gets it: built, packed, installed into an empty folder, and used there.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { descendants } from './process-tree.ts';
import { RawClient } from './raw-client.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

/** npm and curl-happy machines forgive more, but a runner VM may be small. */
const INSTALLED_BYTES = 8 * 1024 * 1024;

const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-package-'));
const project = join(folder, 'project');
const program = join(project, 'node_modules/.bin/mcp-bridge');

beforeAll(async () => {
  await run('npm', ['run', 'build'], { cwd: root });
  await run('npm', ['pack', './dist', '--pack-destination', folder], { cwd: root });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, tarball)], {
    cwd: project,
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the installed program; a failing one is an outcome too. */
async function installed(...args: string[]): Promise<{ code: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>();
  execFile(program, args, { cwd: project }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
  });
  return promise;
}

test('it installs alone, and small', () => {
  const modules = join(project, 'node_modules');
  const packages = readdirSync(modules).filter((name) => !name.startsWith('.'));
  expect(packages).toEqual(['mcp-edge-bridge']);
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
  const bytes = files
    .map((file) => statSync(join(modules, file)))
    .reduce((sum, { size }) => sum + size, 0);
  expect(bytes).toBeLessThan(INSTALLED_BYTES);
  expect(files).toContain('mcp-edge-bridge/bin/edge-worker.js');
  expect(files).toContain('mcp-edge-bridge/THIRD-PARTY-LICENSES.txt');
});

test('npx runs it and it knows its version', async () => {
  const { stdout } = await run('npx', ['--no-install', 'mcp-bridge', '--version'], {
    cwd: project,
  });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+ \(link /u);
});

test('the manifest is ready to be published: nothing runs at install, and only the program is in it', () => {
  const folder = join(project, 'node_modules/mcp-edge-bridge');
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    bin: { 'mcp-bridge': 'bin/mcp-bridge.js' },
    engines: { node: '>=22.18' },
    publishConfig: { access: 'public', provenance: true },
  });
  for (const member of ['scripts', 'dependencies', 'private', 'devDependencies'])
    expect(manifest).not.toHaveProperty(member);
  expect(readdirSync(folder).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'THIRD-PARTY-LICENSES.txt',
    'bin',
    'package.json',
  ]);
});

test('[F-563] npx runs up from an empty folder and an empty home, and says how to call it again', async () => {
  const home = join(folder, 'home');
  mkdirSync(join(home, 'work'), { recursive: true });
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const env = { HOME: home, PATH: process.env['PATH'] };
  const npx = [
    '--yes',
    '--offline',
    '--package',
    join(folder, tarball),
    'mcp-bridge',
    'up',
    '--port',
    '0',
  ];
  const nothing = run('npx', npx, { cwd: join(home, 'work'), env });
  await expect(nothing).rejects.toMatchObject({
    stderr: expect.stringContaining('npx mcp-edge-bridge up -- npx -y'),
  });
  const child = spawn('npx', [...npx, '--json', '--', process.execPath, echo], {
    cwd: join(home, 'work'),
    env,
    // npx hands a signal on to its shell alone; a terminal signals all of them.
    detached: true,
  });
  const end = (signal: NodeJS.Signals) => process.kill(-(child.pid ?? 0), signal);
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) end('SIGKILL');
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await vi.waitUntil(() => output.endsWith('\n'), PATIENCE);
  expect(JSON.parse(output)).toMatchObject({ servers: [{ name: 'echo', ok: true }] });
  end('SIGINT');
  await once(child, 'close');
});

test('[F-564] an old Node is told in one sentence which one is needed', async () => {
  const launcher = JSON.stringify(join(project, 'node_modules/mcp-edge-bridge/bin/mcp-bridge.js'));
  const script = `Object.defineProperty(process.versions, 'node', { value: '22.17.1' }); Object.defineProperty(process, 'version', { value: 'v22.17.1' }); await import(${launcher});`;
  const old = run(process.execPath, ['--input-type=module', '-e', script]);
  await expect(old).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^mcp-bridge needs Node 22\.18 or newer, and this is v22\.17\.1\..*\n$/u,
    ),
  });
});

test('[F-610] deploy takes the worker that is in the package: wrangler has nothing against it', async () => {
  const words = ['deploy', '--dry-run', '--json'];
  // Where wrangler is installed.
  const { stdout } = await run(program, words, { cwd: root });
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, name: 'mcp-edge-bridge' });
  expect(stdout).toMatch(/can be uploaded: [\d.]+ KiB/u);
});

test('check tries out a config with a real server', async () => {
  const config = { mcpServers: { echo: { command: process.execPath, args: [echo] } } };
  writeFileSync(join(project, 'mcp.json'), JSON.stringify(config));
  const { output } = await installed('check');
  expect(output).toMatch(/^ok {4}config: .*mcp\.json, 1 server$/mu);
  expect(output).toMatch(/^ok {4}server echo: /mu);
});

test('configs in the formats of other programs are read by what was installed', async () => {
  const command = JSON.stringify(process.execPath);
  const files = {
    'mcp.jsonc': `{ // ours\n "mcpServers": { "echo": { "command": ${command}, "args": ["${echo}"], }, }, }`,
    'config.toml': `[mcp_servers.echo]\ncommand = ${command}\nargs = ["${echo}"]\n`,
    'config.yaml': `extensions:\n  echo: { type: stdio, cmd: ${command}, args: ["${echo}"] }\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(project, name), text);
    const { output } = await installed('check', '--config', name);
    expect(output).toMatch(/^ok {4}server echo: /mu);
  }
});

test('schema prints the schema that lies beside the program', async () => {
  const { code, output } = await installed('schema');
  expect(code).toBe(0);
  expect(JSON.parse(output)).toHaveProperty('properties.mcpServers');
});

test('[F-315] dev serves a server with nothing but Node, and ends without a trace', async () => {
  const args = ['dev', '--no-key', '--port', '0', '--storage', join(folder, 'node'), '--'];
  const child = spawn(program, [...args, process.execPath, echo], { cwd: project });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const url = await vi.waitUntil(() => /http:\S+\/echo\/mcp$/mu.exec(output)?.[0], PATIENCE);
  const client = await RawClient.open(new URL(url));
  const answer = await client.call(1, 'echo', { text: 'packed' });
  expect(await answer.json()).toMatchObject({ result: { content: [{ text: 'packed' }] } });
  expect(await descendants(child.pid ?? 0)).toHaveLength(1);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(output).not.toMatch(/warning|error/iu);
});

test('dev with workerd says how to get it where it is not installed', async () => {
  // Node looks for packages in the folders above, too.
  expect(existsSync(join(folder, '../node_modules/workerd'))).toBe(false);
  const storage = join(folder, 'storage');
  const options = ['--edge', 'workerd', '--port', '0', '--storage', storage];
  const { code, output } = await installed('dev', ...options, '--', 'cat');
  expect(code).toBe(1);
  expect(output).toContain('npm install workerd');
});
