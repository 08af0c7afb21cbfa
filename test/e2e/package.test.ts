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
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { publint } from 'publint';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { bareRoot, canHaveBareRoots } from './bare-root.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { cpuOf, imageOf, oldNode } from './package-facts.ts';
import { descendants } from './process-tree.ts';
import { RawClient } from './raw-client.ts';
import { ask } from './raw-http.ts';
import { bearer, initialize, POST_HEADERS } from './raw-session.ts';

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

test('publint finds nothing in it to better', async () => {
  const pkgDir = join(project, 'node_modules/mcp-edge-bridge');
  expect((await publint({ pkgDir, strict: true, pack: false })).messages).toEqual([]);
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

const old = await oldNode();
const noOld = old === undefined ? ' (there is none in /usr)' : '';

test.skipIf(old === undefined)(
  `[F-564] so is a real old Node of this machine${noOld}`,
  async () => {
    const launcher = join(project, 'node_modules/mcp-edge-bridge/bin/mcp-bridge.js');
    for (const words of [['up'], ['--version'], ['run', '--config', 'mcp.json']])
      await expect(run(old ?? '', [launcher, ...words])).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(
          /^mcp-bridge needs Node 22\.18 or newer, and this is v.*\n$/u,
        ),
      });
  },
);

test.skipIf(!existsSync('/proc/self/stat'))(
  '[F-742] up in an empty home comes to its first answered call within 10 s, and to the next within 3 s',
  async ({ task }) => {
    const home = join(folder, 'first');
    task.meta.measured = [];
    mkdirSync(home);
    for (const [what, most] of [
      ['cold', 10_000],
      ['again', 3_000],
    ] as const) {
      const since = performance.now();
      const child = spawn(program, ['up', '--port', '0', '--json', '--', process.execPath, echo], {
        cwd: home,
        env: { HOME: home, PATH: process.env['PATH'] },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      // oxlint-disable-next-line no-await-in-loop -- one start after the other
      const [told] = (await once(child.stdout, 'data')) as [Buffer];
      const wall = Math.round(performance.now() - since);
      const cpu = cpuOf(child.pid ?? 0);
      expect(JSON.parse(told.toString())).toMatchObject({ servers: [{ name: 'echo', ok: true }] });
      const load = loadavg().map((each) => each.toFixed(1));
      const line = `up, ${what}: ${wall} ms, of the processor ${cpu} ms, load ${load.join(' ')}`;
      task.meta.measured.push(line);
      // Others may use this machine too; its own work is what it can answer for.
      expect(cpu).toBeLessThan(most);
      child.kill('SIGTERM');
      // oxlint-disable-next-line no-await-in-loop -- one start after the other
      await once(child, 'exit');
    }
  },
);

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

test.skipIf(!canHaveBareRoots())(
  '[F-666] on a machine with nothing but Node: up, then an edge, a runner that joins it and a client; what is left is known',
  async () => {
    const modules = join(project, 'node_modules/mcp-edge-bridge');
    const serve = join(echo, '../serve.mjs');
    const machine = bareRoot(join(folder, 'root'), modules, [
      [echo, 'echo.mjs'],
      [serve, 'serve.mjs'],
    ]);
    const server = { command: 'node', args: ['/opt/echo.mjs'] };
    /** Starts a command that serves, and waits for what it says then. */
    const serving = async (words: string, environment = {}, ...command: string[]) => {
      const child = machine.start(command, environment);
      onTestFinished(() => void child.kill('SIGKILL'));
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
      await vi.waitUntil(() => {
        if (child.exitCode !== null) throw new Error(output);
        return output.includes(words);
      }, PATIENCE);
      return child;
    };
    const stopped = async (child: Awaited<ReturnType<typeof serving>>) => {
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    };

    const up = ['up', '--port', '0', '--json', '--', server.command, ...server.args];
    await stopped(await serving('"ok":true', {}, ...up));

    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const owner = await machine.run('credential', 'owner', '--out', 'owner-key');
    const settings = {
      BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
      BRIDGE_URL: url,
      BRIDGE_OWNER: /sha256:[0-9a-f]{64}/u.exec(owner.output)?.[0] ?? '',
    };
    const listen = ['edge', '--listen', `127.0.0.1:${port}`];
    const edge = await serving('edge started', settings, ...listen);
    const asOwner = ['--edge', url, '--owner-key-file', 'owner-key'];
    const invited = await machine.run('runner', 'add', 'vm', '--servers', 'echo', ...asOwner);
    const joined = await machine.run('join', url, /enr_\S+/u.exec(invited.output)?.[0] ?? '');
    const bridge: unknown = JSON.parse(/^"bridge": (\{.*\})$/mu.exec(joined.output)?.[1] ?? '');
    const config = { mcpServers: { echo: server }, bridge };
    writeFileSync(join(machine.home, 'mcp.json'), JSON.stringify(config));
    const runner = await serving('linked to the edge', {}, 'run');
    const added = await machine.run('client', 'add', 'ann', '--servers', 'echo', ...asOwner);
    const [key = ''] = /^mcpc_\S+$/mu.exec(added.output) ?? [];
    const opened = await ask(url, {
      method: 'POST',
      path: '/echo/mcp',
      headers: { ...POST_HEADERS, ...bearer(key) },
      body: initialize(),
    });
    expect(opened.status).toBe(200);
    await stopped(runner);
    await stopped(edge);

    const service = await machine.run('service', 'install', '--user', 'ann');
    expect(service.output).toContain('There is no systemctl on this machine. See with --print');
    const removed = await machine.run('service', 'uninstall');
    expect(removed.output).toContain('/etc/systemd/system/mcp-bridge.service is removed.');
    const own =
      /^\/home\/ann\/(?:\.bridge\/.*|\.bridge-edge\/.*|mcp\.json|owner-key|mcp-bridge\.runner-key)$/u;
    expect(machine.left().filter((path) => !own.test(path))).toEqual([]);
  },
);

test.skipIf(!canHaveBareRoots())(
  '[F-744] what the images start is up and healthy on a machine with nothing but Node, and ends when it is told to',
  async () => {
    const modules = join(project, 'node_modules/mcp-edge-bridge');
    const machine = bareRoot(join(folder, 'images'), modules, [
      [echo, 'echo.mjs'],
      [join(echo, '../serve.mjs'), 'serve.mjs'],
    ]);
    const [edgePort, statusPort] = [await freePort(), await freePort()];
    const isHealthy = (checks: readonly string[]): Promise<boolean> =>
      run(process.execPath, checks).then(
        () => true,
        () => false,
      );
    const url = `http://127.0.0.1:${edgePort}`;
    const owner = await machine.run('credential', 'owner', '--out', 'owner-key');
    const settings = {
      BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
      BRIDGE_URL: url,
      BRIDGE_OWNER: /sha256:[0-9a-f]{64}/u.exec(owner.output)?.[0] ?? '',
    };
    mkdirSync(join(machine.root, 'data'), { mode: 0o700 });
    const edgeImage = imageOf('edge/Dockerfile', { 8787: edgePort });
    expect(await isHealthy(edgeImage.checks)).toBe(false);
    const edge = machine.start(edgeImage.words, settings);
    onTestFinished(() => void edge.kill('SIGKILL'));
    await vi.waitUntil(() => isHealthy(edgeImage.checks), PATIENCE);

    const asOwner = ['--edge', url, '--owner-key-file', 'owner-key'];
    const invited = await machine.run('runner', 'add', 'vm', '--servers', 'echo', ...asOwner);
    const joined = await machine.run('join', url, /enr_\S+/u.exec(invited.output)?.[0] ?? '');
    const bridge = JSON.parse(/^"bridge": (\{.*\})$/mu.exec(joined.output)?.[1] ?? '') as object;
    const config = {
      mcpServers: { echo: { command: 'node', args: ['/opt/echo.mjs'] } },
      bridge: { ...bridge, statusPort },
    };
    mkdirSync(join(machine.root, 'etc/mcp-bridge'), { recursive: true });
    writeFileSync(join(machine.root, 'etc/mcp-bridge/mcp.json'), JSON.stringify(config));
    const runnerImage = imageOf('runner/Dockerfile', { 9464: statusPort });
    expect(await isHealthy(runnerImage.checks)).toBe(false);
    const runner = machine.start(runnerImage.words);
    onTestFinished(() => void runner.kill('SIGKILL'));
    await vi.waitUntil(() => isHealthy(runnerImage.checks), PATIENCE);
    for (const child of [runner, edge]) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      // oxlint-disable-next-line no-await-in-loop -- the runner first
      expect(await ended).toEqual([0, null]);
    }
    expect(await isHealthy(edgeImage.checks)).toBe(false);
  },
);
