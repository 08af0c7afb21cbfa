// What a user does first: `npm start`, a client on the URL it prints, Ctrl-C. With the servers of the example config.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { mintOwnerKey } from '../../runner/credential.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { EDGE_HOST } from './edges.ts';
import { keyedFetch, printedKey } from './keyed-fetch.ts';
import { descendants, living } from './process-tree.ts';
import { OFFICIAL_CLIENTS } from './official-clients.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Node is the default. */
const edge = EDGE_HOST === 'workerd' ? ['--edge', EDGE_HOST] : [];

interface Started {
  readonly process: ChildProcess;
  readonly origin: string;
  /** With the key that it printed. */
  readonly fetch: typeof fetch;
  /** What it has printed so far. */
  output(): string;
}

/** Runs the command of `npm start`, or another of the program's, on a port and a storage of its own. */
async function start(words: readonly string[]): Promise<Started> {
  const storage = mkdtempSync(join(tmpdir(), 'mcp-bridge-start-'));
  onTestFinished(() => rmSync(storage, { recursive: true, force: true }));
  const port = await freePort();
  const [program = '', ...options] = words;
  const own = ['--port', String(port), '--storage', storage, ...edge];
  const child = spawn(process.execPath, [program, 'dev', ...own, ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const key = await vi.waitUntil(() => {
    if (child.exitCode !== null) throw new Error(output);
    return printedKey(output);
  }, PATIENCE);
  return {
    process: child,
    origin: `http://127.0.0.1:${port}`,
    fetch: keyedFetch(key),
    output: () => output,
  };
}

/** The words after `node` and before the options of `npm start`, which must be what this file runs. */
function startCommand(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  const [, program = '', options = ''] = /node (\S+) dev (.*)$/u.exec(scripts.start) ?? [];
  return [program, ...options.split(' ')];
}

test('[F-434] dev lets apps in by sign-in too, with an owner key', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-owner-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'owner-key');
  writeFileSync(file, mintOwnerKey(), { mode: 0o600 });
  const [program = ''] = startCommand();
  const started = await start([program, ...startCommand().slice(1), '--owner-key-file', file]);
  const check = ['check', '--oauth', `${started.origin}/everything/mcp`];
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, program), ...check]);
  expect(stdout.match(/^ok /gmu)).toHaveLength(3);
});

describe('npm start', () => {
  test('serves the example servers to every official client, soon', async () => {
    const begin = performance.now();
    const started = await start(startCommand());
    const ready = performance.now();
    let first = 0;
    for (const kind of OFFICIAL_CLIENTS) {
      const official = await kind.connect(new URL('/everything', started.origin), started);
      expect(await official.call('echo', { message: 'hello' })).toBe('Echo: hello');
      first ||= performance.now();
      await official.end();
    }
    for (const server of ['filesystem', 'memory']) {
      const [kind] = OFFICIAL_CLIENTS;
      const official = await kind?.connect(new URL(`/${server}`, started.origin), started);
      expect((await official?.client.listTools())?.tools.length).toBeGreaterThan(0);
      await official?.end();
    }
    const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(1);
    console.log(
      `npm start: ready after ${seconds(begin, ready)} s, first answer after ${seconds(begin, first)} s`,
    );
  });

  test('prints the URL of each server for each transport', async () => {
    const started = await start(startCommand());
    for (const server of ['everything', 'filesystem', 'memory']) {
      expect(started.output()).toContain(`${started.origin}/${server}/mcp`);
    }
    expect(started.output()).toContain('/sse');
  });

  test('[F-453] what it prints works as it is when it is pasted, and nothing does without the key', async () => {
    const started = await start(startCommand());
    const [, mcp, typescript, curl] =
      /\n {4}(\{"servers".*)\n[^]*?install @modelcontextprotocol\/client\n([^]*?)\n {2}curl\n {4}(.*)\n/u.exec(
        started.output(),
      ) ?? [];
    const run = promisify(execFile);
    const { stdout } = await run('sh', ['-c', curl ?? 'false']);
    expect(stdout).toContain('"serverInfo"');
    const { stdout: refused } = await run('sh', [
      '-c',
      (curl ?? '').replace(/ -H 'Auth[^']*'/u, ''),
    ]);
    expect(refused).toContain('42020');

    const [server] = Object.values(
      (JSON.parse(mcp ?? '') as { servers: Record<string, { url: string; headers: object }> })
        .servers,
    );
    const listed = await fetch(server?.url ?? '', {
      method: 'POST',
      headers: {
        ...server?.headers,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    expect(listed.status).not.toBe(401);

    const script = join(root, `test/e2e/pasted-${process.pid}.mjs`);
    onTestFinished(() => rmSync(script, { force: true }));
    const tail = 'console.log(client.getServerVersion().name); await client.close();';
    writeFileSync(script, `${typescript}\n${tail}`);
    expect((await run(process.execPath, [script])).stdout).toContain('everything');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends it with exit code 0 and leaves no process, with sessions open and a call running',
    async (signal) => {
      const started = await start(startCommand());
      const clients = await Promise.all(
        OFFICIAL_CLIENTS.map((kind) =>
          kind.connect(new URL('/everything', started.origin), started),
        ),
      );
      const [running] = clients;
      // Calls that have not reached the server by then are refused, as they may be.
      const begun = Promise.withResolvers<void>();
      const call = running?.call(
        'trigger-long-running-operation',
        { duration: 1, steps: 4 },
        { onprogress: () => begun.resolve() },
      );
      await begun.promise;
      const processes = await descendants(started.process.pid ?? 0);
      const isOutside = processes.some(({ command }) => command === 'workerd');
      expect(isOutside).toBe(EDGE_HOST === 'workerd');
      // A process for every session.
      expect(processes.length).toBeGreaterThanOrEqual(clients.length);
      started.process.kill(signal);
      const exit = once(started.process, 'exit');
      expect(await call).toContain('completed');
      expect(await exit).toEqual([0, null]);
      expect(living(processes)).toEqual([]);
      await Promise.all(clients.map(({ client }) => client.close()));
    },
  );
});

test('`mcp-bridge dev -- <command>` serves that one command under its name', async () => {
  const [program = ''] = startCommand();
  const started = await start([program, '--', 'node', 'test/fixtures/servers/echo.mjs']);
  for (const kind of OFFICIAL_CLIENTS) {
    const official = await kind.connect(new URL('/echo', started.origin), started);
    expect(await official.call('echo', { text: 'one server' })).toBe('one server');
    await official.end();
  }
  const url = new URL('/everything/mcp', started.origin);
  expect((await started.fetch(url, { method: 'POST' })).status).not.toBe(401);
  expect((await started.fetch(url, { method: 'POST' })).ok).toBe(false);
});
