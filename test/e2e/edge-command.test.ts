// `mcp-bridge edge` as an operator runs it: where it listens and with what, how it stops, and that it goes on where it was.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as plainConnect } from 'node:net';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test, vi } from 'vitest';

import { hashCredential } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { selfSigned } from '../fixtures/self-signed.ts';
import { startBridge } from './harness.ts';
import { temporaryFolder } from './journal.ts';
import { EventReader, RawClient } from './raw-client.ts';
import { ask } from './raw-http.ts';
import { fixture } from './raw-session.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

interface Started {
  readonly port: number;
  readonly folder: string;
  output(): string;
  kill(signal: NodeJS.Signals): void;
  readonly exit: Promise<unknown[]>;
}

interface Settings {
  readonly args?: (folder: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of file descriptors. */
  readonly limit?: number;
}

/** Starts one on a port and a storage of its own, and waits until it listens or has ended. */
async function start({ args, env = {}, limit }: Settings = {}): Promise<Started> {
  const { folder, remove } = temporaryFolder();
  const port = await freePort();
  const own = ['edge', '--listen', `127.0.0.1:${port}`, '--storage', join(folder, 'edge')];
  const command = [process.execPath, program, ...own, ...(args?.(folder) ?? [])];
  const limiting = limit === undefined ? '' : `ulimit -n ${limit}; `;
  const child = spawnBound('/bin/sh', ['-c', `${limiting}exec "$@"`, 'sh', ...command], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  const exit = once(child.process, 'exit');
  onTestFinished(async () => {
    child.process.kill('SIGKILL');
    await exit;
    remove();
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await vi.waitUntil(
    () => output.includes('"edge started"') || child.process.exitCode !== null,
    PATIENCE,
  );
  return {
    port,
    folder,
    exit,
    output: () => output,
    kill: (signal) => void child.process.kill(signal),
  };
}

test('[F-320] SIGTERM stops it in order, and a session with its open stream goes on when it is back', async () => {
  const bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
  });
  onTestFinished(() => bridge.stop());
  const client = await RawClient.open(bridge.mcpUrl('echo'));
  const before = await client.call(1, 'echo', { text: 'before' });
  expect(await before.text()).toContain('before');
  const stream = new EventReader(await client.get());
  const broken = stream.rest().then(
    () => 'ended',
    () => 'broke',
  );
  bridge.edge.kill('SIGTERM');
  expect(await bridge.edge.exited).toEqual([0, null]);
  // So that the client comes back.
  expect(await broken).toBe('broke');
  await bridge.restartEdge();
  await bridge.untilReady();
  const after = await client.call(2, 'echo', { text: 'after' });
  expect(await after.text()).toContain('after');
  expect((await client.delete()).status).toBe(204);
});

/** The certificate of an edge, and the first line of its answer. */
async function greet(
  port: number,
): Promise<{ readonly certificate: string; readonly line: string }> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate().raw.toString('hex');
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return { certificate, line: answer.toString().split('\r\n')[0] ?? '' };
}

test('[F-321] it has TLS from files, takes a new certificate when they change, and keeps the last one that is good', async () => {
  const write = (folder: string, { key, cert } = selfSigned()): void => {
    writeFileSync(join(folder, 'key.pem'), key);
    writeFileSync(join(folder, 'cert.pem'), cert);
  };
  const edge = await start({
    args: (folder) => {
      write(folder);
      return ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
    },
  });
  const first = await greet(edge.port);
  expect(first.line).toBe('HTTP/1.1 200 OK');
  write(edge.folder);
  await vi.waitUntil(
    async () => (await greet(edge.port)).certificate !== first.certificate,
    PATIENCE,
  );
  const second = await greet(edge.port);
  writeFileSync(join(edge.folder, 'cert.pem'), 'no certificate');
  edge.kill('SIGHUP');
  await vi.waitUntil(() => edge.output().includes('the certificate is not renewed'), PATIENCE);
  expect((await greet(edge.port)).certificate).toBe(second.certificate);
});

const PROXY = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'mcp.example' };

test('[F-322] what a proxy says of scheme and host is believed only where the operator trusts it', async () => {
  const env = { BRIDGE_HOSTS: 'mcp.example' };
  const trusting = await start({ env, args: () => ['--trust-proxy', 'loopback'] });
  const wary = await start({ env });
  const other = await start({ env, args: () => ['--trust-proxy', '10.0.0.0/8'] });
  const home = (port: number) =>
    ask(`http://127.0.0.1:${port}`, { method: 'GET', path: '/', headers: PROXY });
  const served = await home(trusting.port);
  expect([served.status, served.body.includes('https://mcp.example/<server>/mcp')]).toEqual([
    200,
    true,
  ]);
  for (const { port } of [wary, other]) expect((await home(port)).status).toBe(421);
});

test('it does not listen where others can reach it in clear, or without keys', async () => {
  const { cert, key } = { cert: 'cert.pem', key: 'key.pem' };
  const refused = async (args: readonly string[], env = {}): Promise<string> => {
    const edge = await start({ args: () => args, env });
    expect(await edge.exit).toEqual([2, null]);
    return edge.output();
  };
  const open = ['--listen', '0.0.0.0:1'];
  expect(await refused(open)).toContain('in clear');
  const tls = [...open, '--tls-cert', cert, '--tls-key', key];
  expect(await refused(tls, { BRIDGE_CLIENT_AUTH: 'none' })).toContain('BRIDGE_CLIENTS');
});

test('[F-317] a second edge in the same storage is refused, and says what to do', async () => {
  const first = await start();
  const second = await start({ args: () => ['--storage', join(first.folder, 'edge')] });
  expect(await second.exit).toEqual([1, null]);
  expect(second.output()).toContain('--storage');
  expect(
    (await ask(`http://127.0.0.1:${first.port}`, { method: 'GET', path: '/healthz' })).status,
  ).toBe(200);
});

test('[F-325] connections beyond its file descriptors are not taken, and those that come when some are free are', async () => {
  const edge = await start({ limit: 40 });
  const health = () =>
    ask(`http://127.0.0.1:${edge.port}`, { method: 'GET', path: '/healthz' }).then(
      ({ status }) => status,
      () => 0,
    );
  const crowd = Array.from({ length: 80 }, () => plainConnect(edge.port, '127.0.0.1'));
  for (const socket of crowd) socket.on('error', () => undefined);
  await vi.waitUntil(() => crowd.some(({ closed }) => closed), PATIENCE);
  for (const socket of crowd) socket.destroy();
  await vi.waitUntil(async () => (await health()) === 200, PATIENCE);
  expect(edge.output()).not.toContain('unexpected fault');
});

test('what is wrong with a setting is in the log, and nobody is served', async () => {
  const env = { BRIDGE_SECRET: 'x'.repeat(40), BRIDGE_METRICS_KEY: hashCredential('k') };
  const edge = await start({ env });
  expect(edge.output()).toContain('BRIDGE_SECRET is too easy to guess');
  const ready = await ask(`http://127.0.0.1:${edge.port}`, { method: 'GET', path: '/readyz' });
  expect(ready.status).toBe(503);
});
