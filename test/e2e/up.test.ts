// `mcp-bridge up` as a stranger runs it: in an empty folder, beside a config, or on a machine where other programs have servers.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { descendants, living } from './process-tree.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

/** The working folder is `work` in an empty home. */
function emptyHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'mcp-bridge-up-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, 'work'));
  return home;
}

function writeCursor(home: string, servers: object): void {
  mkdirSync(join(home, '.cursor'));
  writeFileSync(join(home, '.cursor/mcp.json'), JSON.stringify({ mcpServers: servers }));
}

const ECHO = { command: process.execPath, args: [echo] };

interface Up {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
}

function up(home: string, ...words: readonly string[]): Up {
  const env = { HOME: home, PATH: process.env['PATH'] };
  const child = spawn(process.execPath, [program, 'up', '--port', '0', ...words], {
    cwd: join(home, 'work'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return { process: child, stdout: () => stdout, stderr: () => stderr };
}

async function said({ process: child, stdout, stderr }: Up, words: string): Promise<string> {
  await vi.waitUntil(() => {
    if (child.exitCode !== null) throw new Error(stdout() + stderr());
    return stdout().includes(words);
  }, PATIENCE);
  return stdout();
}

test('[F-560] a command is served and called, what is printed works when pasted, and Ctrl-C leaves nothing', async () => {
  const running = up(emptyHome(), '--', process.execPath, echo);
  const text = await said(running, 'Make it public');
  expect(text).toMatch(/^ {2}✓ echo {2}http:\/\/127\.0\.0\.1:\d+\/echo\/mcp {2}\d+ tools, /mu);
  expect(text).toMatch(/It answered: echo, /u);
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  const [curl = 'false'] = /^ {2}curl [^]*?'\n\n/mu.exec(text) ?? [];
  const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
  expect(stdout).toContain('"tools"');
  const processes = await descendants(running.process.pid ?? 0);
  running.process.kill('SIGINT');
  expect(await once(running.process, 'exit')).toEqual([0, null]);
  expect(living(processes)).toEqual([]);
});

test("[F-560] --yes --json takes another program's file, and tells a script in one line what answers and what does not", async () => {
  const home = emptyHome();
  writeCursor(home, { echo: ECHO, gone: { command: 'no-such-program' } });
  const running = up(home, '--yes', '--json');
  const line = await said(running, '\n');
  const told = JSON.parse(line) as { edge: string; key: string };
  expect(told).toMatchObject({
    edge: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/u),
    key: expect.stringMatching(/^mcpc_/u),
    config: join(home, '.cursor/mcp.json'),
    servers: [
      { name: 'echo', ok: true, tools: expect.arrayContaining(['echo']) },
      { name: 'gone', ok: false, what: expect.stringContaining('no-such-program') },
    ],
  });
  expect(line.trim().split('\n')).toHaveLength(1);
  running.process.kill('SIGTERM');
  expect(await once(running.process, 'exit')).toEqual([0, null]);
});

test('[F-560] without a terminal to ask at, it lists what it found and says how to choose', async () => {
  const home = emptyHome();
  writeCursor(home, { echo: ECHO });
  const running = up(home);
  expect(await once(running.process, 'close')).toEqual([1, null]);
  expect(running.stderr()).toContain('1  Cursor  ~/.cursor/mcp.json\n');
  expect(running.stderr()).toContain(
    `mcp-bridge up --config ${JSON.stringify(join(home, '.cursor/mcp.json'))}`,
  );
  expect(running.stdout()).toBe('');
});

test('[F-561] where there is nothing to serve, or nothing answers, it says so and ends with exit code 1', async () => {
  const nothing = up(emptyHome());
  expect(await once(nothing.process, 'close')).toEqual([1, null]);
  expect(nothing.stderr()).toContain('mcp-bridge up -- npx -y');
  const script = 'console.error("set GITHUB_TOKEN"); process.exit(3)';
  const broken = up(emptyHome(), '--name', 'github', '--', process.execPath, '-e', script);
  expect(await once(broken.process, 'close')).toEqual([1, null]);
  expect(broken.stdout()).toMatch(/^ {2}✗ github /mu);
  expect(broken.stdout()).toContain('| set GITHUB_TOKEN');
  expect(broken.stderr()).toContain('No server answers');
});

test('[F-1190] of a server that throws at its start the message is shown, however deep it was', async () => {
  const script =
    'const f = (n) => { if (n) return f(n - 1); throw Error("set GITHUB_TOKEN"); }; f(20)';
  const broken = up(emptyHome(), '--name', 'github', '--', process.execPath, '-e', script);
  expect(await once(broken.process, 'close')).toEqual([1, null]);
  expect(broken.stdout()).toContain('| Error: set GITHUB_TOKEN');
});

test('[F-1191] of a server that does not answer, what its config lacks is told while it is waited for', async () => {
  const home = emptyHome();
  const silent = { command: process.execPath, argz: [echo], bridge: { startTimeout: '6s' } };
  writeFileSync(join(home, 'work/mcp.json'), JSON.stringify({ mcpServers: { silent } }));
  const running = up(home);
  const text = await said(running, 'silent does not answer yet');
  expect(text).toContain('Did you mean "args"?');
  running.process.kill('SIGINT');
  expect(await once(running.process, 'exit')).toEqual([0, null]);
});

test('[F-1193] a second one in the same folder says what runs there, and starts beside it as it says', async () => {
  const home = emptyHome();
  await said(up(home, '--', process.execPath, echo), 'Make it public');
  const second = up(home, '--', process.execPath, echo);
  expect(await once(second.process, 'close')).toEqual([1, null]);
  expect(second.stderr()).toMatch(/^Another mcp-bridge serves from here [^]*--port 0/u);
  expect(second.stderr()).not.toContain('sqlite');
  await said(up(home, '--storage', 'other', '--', process.execPath, echo), 'Make it public');
});

test('[F-1194] a second one in the same folder, with another command, takes nothing from the first', async () => {
  const home = emptyHome();
  const first = up(home, '--', process.execPath, echo);
  const text = await said(first, 'Make it public');
  const [curl = 'false'] = /^ {2}curl [^]*?'\n\n/mu.exec(text) ?? [];
  const second = up(home, '--name', 'other', '--', process.execPath, echo);
  expect(await once(second.process, 'close')).toEqual([1, null]);
  // A watcher would have read the file anew by the time that a third one has started and ended.
  const third = up(home, '--name', 'another', '--', process.execPath, echo);
  expect(await once(third.process, 'close')).toEqual([1, null]);
  const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
  expect(stdout).toContain('"tools"');
  expect(first.stdout() + first.stderr()).not.toContain('Reloaded');
});

describe('[F-648] the console of a local bridge', () => {
  test('has its address on the screen, and a key of its own in a file that its user alone can read', async () => {
    const home = emptyHome();
    const keys = [];
    for (let start = 0; start < 2; start += 1) {
      const running = up(home, '--', process.execPath, echo);
      // oxlint-disable-next-line no-await-in-loop -- one start after the other
      const text = await said(running, 'Make it public');
      const [, url = '', file = ''] =
        /^Console\n {2}(http:\/\/127\.0\.0\.1:\d+\/-\/)\n[^]*?^ {2}(\S+owner-key)\n/mu.exec(text) ??
        [];
      const path = join(home, 'work', file);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const key = readFileSync(path, 'utf8');
      keys.push(key);
      // oxlint-disable-next-line no-await-in-loop -- of this start
      const shown = await fetch(url, { headers: { Authorization: `Bearer ${key}` } });
      // oxlint-disable-next-line no-await-in-loop -- of this start
      const words = await shown.text();
      expect(words).toMatch(/^1 runner linked, 1 server, /u);
      expect(words).not.toContain('Calls are not recorded');
      // oxlint-disable-next-line no-await-in-loop -- of this start
      expect(await signIn(url, key, new URL(url).origin)).toEqual([303, true]);
      // oxlint-disable-next-line no-await-in-loop -- a page that another program of this machine serves
      expect(await signIn(url, key, 'http://127.0.0.1:9')).toEqual([403, false]);
      running.process.kill('SIGTERM');
      // oxlint-disable-next-line no-await-in-loop -- of this start
      expect(await once(running.process, 'exit')).toEqual([0, null]);
      for (const output of [running.stdout(), running.stderr()]) expect(output).not.toContain(key);
    }
    expect(keys[0]).toMatch(/^mcpo_[\w-]{43}$/u);
    expect(keys[1]).toBe(keys[0]);
  });

  test('is told to scripts by its file, and there is none where nobody is asked for a key', async () => {
    const home = emptyHome();
    const named = up(home, '--json', '--', process.execPath, echo);
    const told = JSON.parse(await said(named, '\n')) as { edge: string; ownerKeyFile: string };
    expect(told).toMatchObject({
      console: `${told.edge}/-/`,
      ownerKeyFile: join('.bridge', 'owner-key'),
    });
    named.process.kill('SIGTERM');
    await once(named.process, 'exit');
    const other = emptyHome();
    const open = up(other, '--no-key', '--', process.execPath, echo);
    expect(await said(open, 'Make it public')).not.toContain('Console');
    expect(existsSync(join(other, 'work/.bridge/owner-key'))).toBe(false);
  });
});

/** The status of a sign-in at the console by a page of this origin, and whether it is signed in then. */
async function signIn(url: string, key: string, Origin: string): Promise<[number, boolean]> {
  const answer = await fetch(`${url}sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin },
    body: new URLSearchParams({ key }),
  });
  return [answer.status, answer.headers.getSetCookie().length === 1];
}
