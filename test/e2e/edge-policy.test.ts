// The operator's policy through the whole bridge: set by command while everything runs, for keys and for apps that sign in, which step up.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Client as ClientTwo, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientOne } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as StreamableOne } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { Browser } from '../fixtures/browser.ts';
import { startBridge, type Bridge } from './harness.ts';
import { temporaryFolder } from './journal.ts';
import { fixture, messageOf, openSession, toolCall } from './raw-session.ts';
import { untilGone } from './runner-facts.ts';
import { KeptSignIn } from './signed-in-clients.ts';

const bin = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

const POLICY = {
  everything: {
    scopes: {
      read: { tools: ['echo'], words: 'Repeat what it is told' },
      write: { tools: ['get-*'], implies: ['read'] },
    },
    ask: ['read'],
    rules: [
      { who: ['person:owner'], scopes: ['write'] },
      { who: ['key:ci'], scopes: ['read'] },
    ],
  },
};

const ownerKey = mintOwnerKey();
const [ci, other] = [mintClientKey(), mintClientKey()];

let bridge: Bridge;
let folder: string;

/** Of the settings, read at each start of the edge. */
let ofSettings: object | undefined;

beforeAll(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  const client = (key: string) => ({ key: hashCredential(key), servers: ['*'] });
  bridge = await startBridge({
    servers: {
      everything: { command: bin('mcp-server-everything'), args: ['stdio'] },
      waiting: { command: process.execPath, args: [fixture('echo')] },
    },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ ci: client(ci), other: client(other) }),
    },
    settingsAt: (url) => ({
      BRIDGE_URL: url,
      BRIDGE_OWNER: hashCredential(ownerKey),
      ...(ofSettings && { BRIDGE_POLICY: JSON.stringify(ofSettings) }),
    }),
  });
  writeFileSync(join(folder, 'owner-key'), `${ownerKey}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'policy.json'), JSON.stringify(POLICY));
  return temporary.remove;
});
afterAll(() => bridge.stop());

async function policy(...words: string[]): Promise<string> {
  const owner = [`--edge=${bridge.url}`, `--owner-key-file=${join(folder, 'owner-key')}`];
  const args = [program, 'policy', ...words, ...owner];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

const call = (name: string, args: object = {}): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 5,
    method: 'tools/call',
    params: { name, arguments: args },
  });

const set = () => policy('set', join(folder, 'policy.json'));

test('[R-15] [F-530] [F-532] a policy that is set by command bites in the sessions that are open', async () => {
  await policy('remove');
  const file = join(folder, 'policy.json');
  const [mine, theirs] = [
    await openSession(bridge, 'everything', { key: ci }),
    await openSession(bridge, 'everything', { key: other }),
  ];
  const sum = call('get-sum', { a: 1, b: 2 });
  expect((await mine.post(sum)).status).toBe(200);

  expect(await policy('check', file)).toBe('The policy is valid.\n');
  const asked = ['--server=everything', '--key=ci', '--tool=get-sum'];
  expect(await policy('check', file, ...asked)).toBe('refused (403), by no rule\n');
  expect(await policy('check', ...asked)).toContain('allowed, by no policy');
  expect(await set()).toContain('within 30 seconds');
  expect(JSON.parse(await policy('show'))).toEqual(POLICY);

  const refused = await mine.post(sum);
  expect(refused.status).toBe(403);
  expect(messageOf(refused)).toMatchObject({ id: 5, error: { code: 42_030 } });
  expect((await mine.post(call('echo', { message: 'x' }))).status).toBe(200);
  expect((await theirs.post(call('echo', { message: 'x' }))).status).toBe(404);
});

/** What is open when a policy shuts its client out is over this soon. */
const SOON_MS = 5_000;

test('[R-15] [F-534] a policy that shuts a client out ends what it has open, and nothing of others', async () => {
  const opened = async (key: string) => openSession(bridge, 'waiting', { key });
  await policy('remove');
  const [mine, theirs] = [await opened(ci), await opened(other)];
  const [{ pid }, { pid: neighbour }] = [await mine.whoami(), await theirs.whoami()];
  const stream = await mine.get();
  const inFlight = await mine.postStream(toolCall('waits', 'hang', { text: 'x' }));

  writeFileSync(
    join(folder, 'narrow.json'),
    JSON.stringify({ waiting: { rules: [{ who: ['key:other'], tools: ['*'] }] } }),
  );
  await policy('set', join(folder, 'narrow.json'));
  const setAt = performance.now();
  const last = await inFlight.nextMessage();
  expect(JSON.parse(last?.data ?? '')).toMatchObject({
    id: 'waits',
    error: { code: 42_024, message: expect.stringContaining('policy') },
  });
  // oxlint-disable-next-line no-await-in-loop -- to the end
  while ((await stream.next()) !== undefined);
  await untilGone(pid);
  expect(performance.now() - setAt).toBeLessThan(SOON_MS);

  expect(await theirs.whoami()).toMatchObject({ pid: neighbour });
});

test('[R-15] [F-584] a policy of the settings that shuts a client out ends what it has open, once the edge is there again', async () => {
  await policy('remove');
  const opened = async (key: string) => openSession(bridge, 'waiting', { key });
  const [mine, theirs] = [await opened(ci), await opened(other)];
  const [{ pid }, { pid: neighbour }] = [await mine.whoami(), await theirs.whoami()];
  onTestFinished(async () => {
    ofSettings = undefined;
    await bridge.restartEdge();
    await bridge.untilReady();
  });
  const deploy = async (...who: readonly string[]): Promise<void> => {
    ofSettings = { waiting: { rules: [{ who, tools: ['*'] }] } };
    await bridge.restartEdge();
    await bridge.untilReady();
  };
  await deploy('key:ci', 'key:other');
  expect(await mine.whoami()).toMatchObject({ pid });
  await deploy('key:other');
  await untilGone(pid);
  expect(await theirs.whoami()).toMatchObject({ pid: neighbour });
});

const SUM = { name: 'get-sum', arguments: { a: 2, b: 3 } };
const ECHO = { name: 'echo', arguments: { message: 'hello' } };
const APP = { name: 'app', version: '1.0.0' };

async function allow(signIn: KeptSignIn): Promise<URLSearchParams> {
  const url = signIn.sentTo.at(-1);
  if (!url) throw new Error('nobody was sent to sign in');
  return (await new Browser().allow(url.href, ownerKey)).searchParams;
}

describe.each([
  ['legacy', 'legacy' as const],
  ['2026-07-28', { pin: '2026-07-28' }],
])('[R-15] [F-531] client 2.4.0, %s', (_, mode) => {
  test('signs in for what it needs at first, and steps up when it needs more', async () => {
    await set();
    const signIn = new KeptSignIn();
    const connected = async () => {
      const transport = new StreamableHTTPClientTransport(bridge.mcpUrl('everything'), {
        authProvider: signIn,
      });
      const client = new ClientTwo(APP, { versionNegotiation: { mode } });
      onTestFinished(() => client.close());
      return { transport, client, connecting: client.connect(transport) };
    };
    const first = await connected();
    await expect(first.connecting).rejects.toThrow(/unauthorized/iu);
    expect(signIn.sentTo.at(-1)?.searchParams.get('scope')).toContain('read');
    await first.transport.finishAuth(await allow(signIn));
    const { transport, client, connecting } = await connected();
    await connecting;
    expect(await client.callTool(ECHO)).toMatchObject({ content: [{ text: 'Echo: hello' }] });
    await expect(client.callTool(SUM)).rejects.toThrow(/unauthorized/iu);
    expect(signIn.sentTo).toHaveLength(2);
    expect(signIn.sentTo.at(-1)?.searchParams.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['read', 'write']),
    );
    await transport.finishAuth(await allow(signIn));
    expect(JSON.stringify(await client.callTool(SUM))).toContain('5');
    expect(JSON.stringify(await client.callTool(ECHO))).toContain('hello');
  });
});

test('[R-15] [F-531] sdk 1.32.2 is told that it may not, and goes on with what it may', async () => {
  await set();
  const signIn = new KeptSignIn();
  const connected = async () => {
    const transport = new StreamableOne(bridge.mcpUrl('everything'), { authProvider: signIn });
    const client = new ClientOne(APP);
    onTestFinished(() => client.close());
    return { transport, client, connecting: client.connect(transport) };
  };
  const first = await connected();
  await expect(first.connecting).rejects.toThrow(/unauthorized/iu);
  await first.transport.finishAuth((await allow(signIn)).get('code') ?? '');
  const { client, connecting } = await connected();
  await connecting;
  expect(JSON.stringify(await client.callTool(ECHO))).toContain('hello');
  // It refreshes, is refused again, and gives up: nobody is asked.
  await expect(client.callTool(SUM)).rejects.toThrow('403');
  expect(signIn.sentTo).toHaveLength(1);
  expect(JSON.stringify(await client.callTool(ECHO))).toContain('hello');
});
