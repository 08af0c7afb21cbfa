// From an edge with one secret and an owner key to a served client: every step by the commands that an operator types.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync, readFileSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startTestEdge, type TestEdge } from './edges.ts';
import { temporaryFolder } from './journal.ts';
import { ask } from './raw-http.ts';
import { bearer, fixture, initialize, POST_HEADERS } from './raw-session.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

const { folder, remove } = temporaryFolder();
const OWNER_KEY = mintOwnerKey();

let edge: TestEdge;
let asOwner: string[];

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  edge = await startTestEdge({
    port,
    storage: join(folder, 'edge'),
    settings: {
      BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
      BRIDGE_URL: url,
      BRIDGE_OWNER: hashCredential(OWNER_KEY),
    },
    log: () => undefined,
  });
  writeFileSync(join(folder, 'owner-key'), OWNER_KEY, { mode: 0o600 });
  asOwner = ['--edge', url, '--owner-key-file', join(folder, 'owner-key')];
});

afterAll(async () => {
  await edge.stop();
  remove();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `mcp-bridge` as an operator does. */
function bridge(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: folder }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

const keyIn = ({ out }: Ended): string => /^mcpc_[\w-]{43}$/mu.exec(out)?.[0] ?? '';

const open = async (key: string): Promise<number> => {
  const headers = { ...POST_HEADERS, ...bearer(key) };
  const wish = { method: 'POST', path: '/echo/mcp', headers, body: initialize() };
  return (await ask(edge.url, wish)).status;
};

test('[F-62] [F-505] invite, join, run, and let a client in; then take both away', async ({
  onTestFinished,
}) => {
  const invited = await bridge('runner', 'add', 'vm', '--servers', 'echo', ...asOwner);
  expect(invited).toMatchObject({ code: 0, err: '' });
  const [, code = ''] = /^mcp-bridge join \S+ (enr_\S+)$/mu.exec(invited.out) ?? [];

  const joined = await bridge('join', edge.url, code);
  expect(joined).toMatchObject({ code: 0, err: '' });
  const file = join(folder, 'mcp-bridge.runner-key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(joined.out).not.toContain(readFileSync(file, 'utf8').trim());
  const block = /^"bridge": (\{.*\})$/mu.exec(joined.out)?.[1] ?? '';
  expect(JSON.parse(block)).toEqual({ edge: edge.url, runner: 'vm', tokenFile: file });
  const again = await bridge('join', edge.url, code, '--out', join(folder, 'other'));
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('mcp-bridge runner add') });

  const mcpServers = { echo: { command: process.execPath, args: [fixture('echo')] } };
  const config = join(folder, 'mcp.json');
  writeFileSync(config, JSON.stringify({ mcpServers, bridge: JSON.parse(block) as object }));
  const runner = spawnBound(process.execPath, [program, 'run', '--config', config], {
    cwd: folder,
    env: process.env,
  });
  onTestFinished(() => void runner.process.kill('SIGKILL'));
  let log = '';
  runner.process.stderr?.on('data', (text) => (log += String(text)));
  await vi.waitUntil(() => log.includes('linked to the edge'), PATIENCE);

  const key = keyIn(await bridge('client', 'add', 'ann', '--servers', 'echo', ...asOwner));
  expect(await open(key)).toBe(200);
  expect((await ask(edge.url, { path: '/readyz' })).status).toBe(200);
  const rotated = keyIn(
    await bridge('client', 'rotate', 'ann', '--overlap-hours', '0', ...asOwner),
  );
  expect(await open(rotated)).toBe(200);

  const runners = await bridge('runner', 'list', ...asOwner);
  expect(runners.out).toMatch(/^vm {2}echo {2}made .* used /mu);
  // In workerd alone, without the network in front of it, nobody tells an address.
  expect(runners.out).toMatch(/^vm: linked(?: from 127\.0\.0\.1)?, serves echo, 2 sessions$/mu);
  const clients = await bridge('client', 'list', '--json', ...asOwner);
  expect(JSON.parse(clients.out)).toMatchObject([{ name: 'ann', servers: ['echo'] }]);
  expect(clients.out).not.toContain(rotated);

  expect((await bridge('runner', 'revoke', 'vm', ...asOwner)).code).toBe(0);
  await vi.waitUntil(() => log.includes('the credential was removed'), PATIENCE);
  expect((await bridge('runner', 'list', ...asOwner)).out).toContain('No machine has joined.');
  expect((await bridge('client', 'revoke', 'ann', ...asOwner)).code).toBe(0);
  expect((await bridge('client', 'list', ...asOwner)).out).toBe('No client has a key here.\n');
});

test('[F-506] without the owner key nothing is told or done, and the reason is', async () => {
  writeFileSync(join(folder, 'wrong-key'), mintOwnerKey(), { mode: 0o600 });
  const wrong = ['--edge', edge.url, '--owner-key-file', join(folder, 'wrong-key')];
  expect(await bridge('client', 'list', ...wrong)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('This is not the owner key.'),
  });
  expect(await bridge('client', 'list', '--edge', edge.url)).toMatchObject({
    code: 2,
    err: expect.stringContaining('--owner-key-file'),
  });
});

/** An address of the edge whose first answer gets lost. */
async function losingAnAnswer(): Promise<{ readonly url: string; close(): void }> {
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const host = new URL(edge.url).host;
    const passed = request(edge.url + (incoming.url ?? ''), {
      method,
      headers: { ...headers, host },
    });
    passed.on('response', (answer) => {
      if (lost++ === 0) return void outgoing.destroy();
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

test('[F-860] an answer that is lost costs no code: the same command goes on', async ({
  onTestFinished,
}) => {
  const between = await losingAnAnswer();
  onTestFinished(() => between.close());
  const invited = await bridge('runner', 'add', 'far', '--servers', 'echo', ...asOwner);
  const [, code = ''] = /^mcp-bridge join \S+ (enr_\S+)$/mu.exec(invited.out) ?? [];
  const command = ['join', between.url, code, '--out', join(folder, 'far-key')];
  const lost = await bridge(...command);
  expect(lost).toMatchObject({ code: 1, err: expect.stringContaining('same command again') });
  expect(existsSync(join(folder, 'far-key'))).toBe(false);
  expect(await bridge(...command)).toMatchObject({ code: 0, err: '' });
  expect(existsSync(join(folder, 'far-key.joining'))).toBe(false);
  expect(statSync(join(folder, 'far-key')).mode & 0o777).toBe(0o600);
  const repeated = await bridge(...command);
  expect(repeated).toMatchObject({ code: 1, err: expect.stringContaining('is not overwritten') });
});
