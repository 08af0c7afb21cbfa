// `mcp-bridge dev` as a user runs it: one command, URLs on the screen, a real client, Ctrl-C, nothing left.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, onTestFinished, test, vi } from 'vitest';

import { EDGE_HOST } from './edges.ts';
import { keyedFetch, printedKey } from './keyed-fetch.ts';
import { descendants, living } from './process-tree.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

const DEV_OPTIONS = ['--port', '0', '--edge', EDGE_HOST];

/** Processes of an edge outside of the program. */
const EDGES = EDGE_HOST === 'workerd' ? 1 : 0;

interface Dev {
  readonly process: ChildProcess;
  readonly url: string;
  readonly key: string;
  readonly storage: string;
}

async function startDev(folder: string): Promise<Dev> {
  const storage = join(folder, 'storage');
  const child = spawn(
    process.execPath,
    [program, 'dev', ...DEV_OPTIONS, '--storage', storage, '--', process.execPath, echo],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  const key = await vi.waitUntil(
    () => {
      if (child.exitCode !== null) throw new Error(output.join(''));
      return printedKey(output.join(''));
    },
    { timeout: 30_000, interval: 20 },
  );
  const url = /http:\S+\/echo\/mcp$/mu.exec(output.join(''))?.[0] ?? '';
  return { process: child, url, key, storage };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-dev-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function connect({ url, key }: Pick<Dev, 'url' | 'key'>): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: keyedFetch(key) }));
  return client;
}

test('one command serves a server; Ctrl-C ends it with exit code 0 and leaves no process', async () => {
  const dev = await startDev(temporaryFolder());
  const client = await connect(dev);
  const { tools } = await client.listTools();
  expect(tools.map((tool) => tool.name)).toContain('echo');
  const started = await descendants(dev.process.pid ?? 0);
  expect(started.filter((entry) => entry.command === 'workerd')).toHaveLength(EDGES);
  dev.process.kill('SIGINT');
  expect(await once(dev.process, 'exit')).toEqual([0, null]);
  expect(living(started)).toEqual([]);
});

test('[F-453] secret and key are made once, and are for their owner alone', async () => {
  const folder = temporaryFolder();
  const made: string[][] = [];
  for (let start = 0; start < 2; start += 1) {
    const dev = await startDev(folder);
    const paths = ['secret', 'key'].map((name) => join(dev.storage, name));
    for (const path of paths) expect(statSync(path).mode & 0o777).toBe(0o600);
    made.push(paths.map((path) => readFileSync(path, 'utf8')));
    expect(made[start]?.[1]).toBe(dev.key);
    dev.process.kill('SIGTERM');
    expect(await once(dev.process, 'exit')).toEqual([0, null]);
  }
  expect(made[0]?.[0]).toMatch(/^[0-9a-f]{64}$/u);
  expect(made[1]).toEqual(made[0]);
});

test('a second signal ends it at once, and leaves no process', async () => {
  const dev = await startDev(temporaryFolder());
  await connect(dev);
  const started = await descendants(dev.process.pid ?? 0);
  dev.process.kill('SIGINT');
  dev.process.kill('SIGTERM');
  const [code] = await once(dev.process, 'exit');
  // A system that has both to deliver runs the handler of the later one first, so either may count as the second.
  expect([0, 130, 143]).toContain(code);
  await vi.waitUntil(() => living(started).length === 0, { timeout: 60_000, interval: 20 });
});

test('no edge outlives a dev that is killed with SIGKILL, and the next dev starts', async () => {
  const folder = temporaryFolder();
  const dev = await startDev(folder);
  await connect(dev);
  const started = await descendants(dev.process.pid ?? 0);
  dev.process.kill('SIGKILL');
  const edge = started.filter((entry) => entry.command === 'workerd');
  expect(edge).toHaveLength(EDGES);
  await vi.waitUntil(() => living(edge).length === 0, { timeout: 60_000, interval: 20 });
  const next = await startDev(folder);
  await connect(next);
  // What the killed one's server processes left, the next one has swept.
  expect(living(started)).toEqual([]);
});

test('a request with a foreign Host is refused, as DNS rebinding would send it', async () => {
  const dev = await startDev(temporaryFolder());
  const { hostname, port, pathname } = new URL(dev.url);
  const { request } = await import('node:http');
  const sent = request({
    hostname,
    port,
    path: pathname,
    method: 'POST',
    headers: { host: 'evil.example' },
  });
  sent.end('{}');
  const [response] = await once(sent, 'response');
  expect(response.statusCode).toBe(421);
  response.resume();
});
