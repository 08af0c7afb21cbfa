// Real workerd with a tiny worker: start, settings, storage, refusals, and that nothing is left.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterEach, expect, onTestFinished, test, vi } from 'vitest';

import {
  startLocalEdge,
  type LocalEdge,
  type LocalEdgeOptions,
} from '../../../runner/dev/local-edge.ts';
import { statOf } from '../../../runner/process/process-table.ts';

const tinyEdge = fileURLToPath(new URL('../../fixtures/tiny-edge.js', import.meta.url));
const edges: LocalEdge[] = [];

afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.stop();
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'local edge é-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(options: Partial<LocalEdgeOptions> = {}): Promise<LocalEdge> {
  const edge = await startLocalEdge({
    port: 0,
    storage: join(temporaryFolder(), 'storage'),
    settings: {},
    bundle: tinyEdge,
    log: { info: () => undefined, warn: () => undefined },
    ...options,
  });
  edges.push(edge);
  return edge;
}

async function gone(pid: number): Promise<void> {
  await vi.waitUntil(() => statOf(pid) === undefined, { timeout: 60_000, interval: 20 });
}

const bodyOf = async (url: string): Promise<string> => (await fetch(url)).text();

test('the worker sees the settings, and none of them is in a file of the storage folder', async () => {
  const storage = temporaryFolder();
  const settings = { BRIDGE_SECRET: 'k"\\\n$x é', BRIDGE_HOSTS: '127.0.0.1:1' };
  const edge = await start({ storage, settings });
  expect(JSON.parse(await bodyOf(`${edge.url}/settings`))).toEqual(settings);
  const files = readdirSync(storage, { withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map((file) => file.name).toSorted()).toEqual(['config.capnp', 'lock']);
  for (const file of files) {
    expect(readFileSync(join(storage, file.name), 'utf8')).not.toContain('$x');
  }
});

test('what an actor stored survives a stop and a SIGKILL', async () => {
  const storage = temporaryFolder();
  const first = await start({ storage });
  expect(await bodyOf(`${first.url}/count`)).toBe('1');
  await first.stop();
  const second = await start({ storage });
  expect(await bodyOf(`${second.url}/count`)).toBe('2');
  second.kill('SIGKILL');
  expect(await second.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
  const third = await start({ storage, port: second.port });
  expect(await bodyOf(`${third.url}/count`)).toBe('3');
});

test('stop ends workerd although a client holds a stream open', async () => {
  const edge = await start();
  const response = await fetch(`${edge.url}/open`);
  const reader = response.body?.getReader();
  await reader?.read();
  const broken = reader?.read().catch(() => 'broken');
  await edge.stop();
  expect(await broken).toBe('broken');
  expect(statOf(edge.pid)).toBeUndefined();
});

test('a line that the worker prints reaches the log', async () => {
  const lines: string[] = [];
  const { promise: said, resolve } = Promise.withResolvers<void>();
  const info = (_: string, fields?: Readonly<Record<string, string>>): void => {
    lines.push(fields?.['line'] ?? '');
    resolve();
  };
  const edge = await start({ log: { info, warn: info } });
  await bodyOf(`${edge.url}/say`);
  await said;
  expect(lines).toEqual(['said by the worker']);
});

test('a port in use is refused with the port and the option that chooses another', async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toMatchObject({
    reason: 'port_in_use',
    message: `Port ${port} on 127.0.0.1 is in use. Choose another with --port.`,
  });
});

test('a storage folder serves one workerd at a time', async () => {
  const storage = temporaryFolder();
  const edge = await start({ storage });
  await expect(start({ storage })).rejects.toMatchObject({
    reason: 'storage_in_use',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await edge.stop();
  await start({ storage });
});

test('a bundle that fails to load is refused with workerd’s own words', async () => {
  const folder = temporaryFolder();
  const bundle = join(folder, 'broken.js');
  writeFileSync(bundle, 'throw new Error("this bundle is broken");');
  const storage = join(folder, 'storage');
  await expect(start({ bundle, storage })).rejects.toMatchObject({
    reason: 'workerd_failed',
    message: expect.stringContaining('this bundle is broken'),
  });
  // And the folder is free again.
  await start({ storage });
});

test('a lock that a dead process left is taken over, and the workerd it names is ended', async () => {
  const storage = join(temporaryFolder(), 'storage');
  mkdirSync(storage);
  // Stands for a workerd that outlived its owner: only a program of that name is ended.
  const stand = join(temporaryFolder(), 'workerd');
  copyFileSync('/bin/sleep', stand);
  chmodSync(stand, 0o700);
  const orphan = spawn(stand, ['100'], { stdio: 'ignore' });
  const ended = once(orphan, 'exit');
  const orphanPid = orphan.pid ?? 0;
  const record = {
    // This process's pid with another start time: the owner's pid was reused.
    owner: { pid: process.pid, startTicks: 1 },
    workerd: { pid: orphanPid, startTicks: statOf(orphanPid)?.startTicks },
  };
  writeFileSync(join(storage, 'lock'), JSON.stringify(record));
  await start({ storage });
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('a process that reuses the pid in a stale lock is left alone', async () => {
  const storage = join(temporaryFolder(), 'storage');
  mkdirSync(storage);
  const stranger = spawn('sleep', ['100'], { stdio: 'ignore' });
  const pid = stranger.pid ?? 0;
  const record = { owner: { pid, startTicks: 1 }, workerd: { pid, startTicks: 1 } };
  writeFileSync(join(storage, 'lock'), JSON.stringify(record));
  await start({ storage });
  expect(statOf(pid)).toBeDefined();
  stranger.kill();
});

test('a file that is no lock record does not block the folder', async () => {
  const storage = join(temporaryFolder(), 'storage');
  mkdirSync(storage);
  writeFileSync(join(storage, 'lock'), '{"owner":{"pid":');
  const edge = await start({ storage });
  expect(await bodyOf(`${edge.url}/count`)).toBe('1');
});

test('workerd does not outlive an owner that is killed with SIGKILL', async () => {
  const storage = temporaryFolder();
  const program = fileURLToPath(new URL('../../fixtures/edge-owner.ts', import.meta.url));
  const owner = spawn(process.execPath, [program, storage, tinyEdge], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
  const { pid, url } = JSON.parse(line) as { pid: number; url: string };
  expect(await bodyOf(`${url}/count`)).toBe('1');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await gone(pid);
  const next = await start({ storage });
  expect(await bodyOf(`${next.url}/count`)).toBe('2');
});
