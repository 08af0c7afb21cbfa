// Servers at a URL behind the bridge, for the official clients of every era: Streamable HTTP, HTTP+SSE, both eras, and the edge of
// another bridge, reached with a key.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import {
  Client as ModernClient,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { hashCredential } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import {
  OFFICIAL_CLIENTS,
  type OfficialClient,
  type OfficialClientKind,
} from './official-clients.ts';

const EVERYTHING = fileURLToPath(
  new URL(
    '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js',
    import.meta.url,
  ),
);
const DUAL = fileURLToPath(new URL('../conformance/servers/dual-over-http.mjs', import.meta.url));
const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
const KEY = `mcpc_${'k'.repeat(43)}`;

interface Running {
  readonly port: number;
  kill(): Promise<void>;
}

/** Runs a program of Node that serves HTTP, and waits for what it prints when it does. */
async function run(args: readonly string[], listens: RegExp, port: number): Promise<Running> {
  const child = spawnBound(process.execPath, [...args], {
    cwd: process.cwd(),
    env: { ...process.env, PORT: String(port) },
  });
  child.control.resume();
  const found = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      const match = listens.exec(line);
      if (match) found.resolve(match[1] ?? '');
    });
  const said = await found.promise;
  const kill = async (): Promise<void> => {
    if (child.process.exitCode !== null || child.process.signalCode !== null) return;
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
  };
  return { port: Number(said) || port, kill };
}

const everything = async (mode: 'streamableHttp' | 'sse', port: number): Promise<Running> =>
  run([EVERYTHING, mode], /(?:listening|running) on port (\d+)/u, port);

let bridge: Bridge;
let other: Bridge;
let running: Running[];

beforeAll(async () => {
  const [streamable, sse] = await Promise.all([
    freePort().then((port) => everything('streamableHttp', port)),
    freePort().then((port) => everything('sse', port)),
  ]);
  const dual = await run([DUAL], /127\.0\.0\.1:(\d+)/u, 0);
  running = [streamable, sse, dual];
  other = await startBridge({
    servers: { echo: { command: process.execPath, args: [ECHO] } },
    settings: {
      BRIDGE_CLIENT_AUTH: 'key',
      BRIDGE_CLIENTS: JSON.stringify({ runner: { key: hashCredential(KEY), servers: ['*'] } }),
    },
  });
  const headers = { Authorization: `Bearer \${OTHER_KEY}` };
  bridge = await startBridge({
    environment: { OTHER_KEY: KEY },
    servers: {
      streamable: { type: 'http', url: `http://127.0.0.1:${streamable.port}/mcp` },
      sse: { type: 'sse', url: `http://127.0.0.1:${sse.port}/sse` },
      found: { url: `http://127.0.0.1:${sse.port}/sse` },
      dual: { url: `http://127.0.0.1:${dual.port}/mcp` },
      other: { url: String(other.mcpUrl('echo')), headers },
      'other-sse': { type: 'sse', url: String(other.sseUrl('echo')), headers },
      stranger: { url: String(other.mcpUrl('echo')) },
    },
  });
});

afterAll(async () => {
  await bridge.stop();
  await other.stop();
  for (const each of running) await each.kill();
});

async function connect(kind: OfficialClientKind, server: string): Promise<OfficialClient> {
  const client = await kind.connect(new URL(`/${server}`, bridge.url), {
    roots: ['file:///first/root'],
  });
  onTestFinished(() => client.end().catch(() => undefined));
  return client;
}

describe.each(OFFICIAL_CLIENTS)('[F-790] $name over $transport', (kind) => {
  test.each(['streamable', 'sse', 'found'])('with server-everything as %s', async (server) => {
    const client = await connect(kind, server);
    expect(client.client.getServerVersion()).toMatchObject({ name: 'mcp-servers/everything' });
    expect(await client.call('echo', { message: 'größe 😀' })).toBe('Echo: größe 😀');
    const progress: number[] = [];
    const slow = { duration: 0.4, steps: 4 };
    await client.call('trigger-long-running-operation', slow, {
      onprogress: (told) => progress.push(told.progress),
    });
    expect(progress.length).toBeGreaterThan(0);
    // The server asks, and the client's answer reaches it.
    const sampled = { prompt: 'hello', maxTokens: 10 };
    expect(await client.call('trigger-sampling-request', sampled)).toContain(
      'sampled by the client',
    );
    expect(client.asked).toContain('sampling/createMessage');
    expect((await client.client.listResources()).resources.length).toBeGreaterThan(0);
    expect(await client.client.ping()).toBeDefined();
  });

  test.each(['other', 'other-sse'])('with a server of another bridge as %s', async (server) => {
    const [one, two] = await Promise.all([connect(kind, server), connect(kind, server)]);
    const [first, second] = await Promise.all([
      one.call('echo', { text: 'one' }),
      two.call('echo', { text: 'two' }),
    ]);
    expect([first, second]).toEqual([
      expect.stringContaining('one'),
      expect.stringContaining('two'),
    ]);
  });
});

test('[F-796] a client of 2026-07-28 with servers of either era', async () => {
  for (const server of ['dual', 'streamable', 'other']) {
    const client = new ModernClient(
      { name: 'm', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    );
    await client.connect(new StreamableHTTPClientTransport(bridge.mcpUrl(server)));
    onTestFinished(() => client.close());
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  }
});

test('[F-795] without the key of the other bridge the client is told why, and nothing of it', async () => {
  const [kind] = OFFICIAL_CLIENTS;
  if (!kind) throw new Error('there is a client');
  const failure = await kind
    .connect(new URL('/stranger', bridge.url))
    .catch((error: unknown) => String(error));
  expect(failure).toContain('asks for credentials (HTTP 401)');
  expect(bridge.logs().join('\n')).not.toContain(KEY);
});

test('[F-794] a server that is killed and started again: the session is over, the next one is served', async () => {
  const [kind] = OFFICIAL_CLIENTS;
  if (!kind) throw new Error('there is a client');
  const client = await connect(kind, 'streamable');
  await client.call('echo', { message: 'before' });
  const [streamable] = running;
  if (!streamable) throw new Error('it runs');
  const call = client
    .call('trigger-long-running-operation', { duration: 30, steps: 3 })
    .catch((error: unknown) => String(error));
  await vi.waitFor(() => expect(bridge.logs().length).toBeGreaterThan(0), PATIENCE);
  await streamable.kill();
  expect(await call).toMatch(/broke the connection off|does not listen|The server process/u);
  running[0] = await everything('streamableHttp', streamable.port);
  await vi.waitFor(async () => {
    const again = await connect(kind, 'streamable');
    expect(await again.call('echo', { message: 'after' })).toBe('Echo: after');
  }, PATIENCE);
});
