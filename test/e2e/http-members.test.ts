// Servers at a URL behind the bridge, for official clients of either era; what clients hear when such a server is not there any more.
import {
  Client as ModernClient,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { connectTo, everything, KEY, startHttpServers, type HttpServers } from './http-servers.ts';
import { OFFICIAL_CLIENTS } from './official-clients.ts';

let servers: HttpServers;

beforeAll(async () => {
  servers = await startHttpServers();
});

afterAll(() => servers.stop());

test('[F-790] each transport of MCP, questions of the server, and a server of another bridge', async () => {
  const [kind] = OFFICIAL_CLIENTS;
  if (!kind) throw new Error('there is a client');
  for (const server of ['streamable', 'found']) {
    const client = await connectTo(servers, kind, server);
    expect(await client.call('echo', { message: 'größe 😀' })).toBe('Echo: größe 😀');
    const asked = await client.call('trigger-sampling-request', { prompt: 'hi', maxTokens: 9 });
    expect(asked).toContain('sampled by the client');
  }
  const [one, two] = await Promise.all([
    connectTo(servers, kind, 'other'),
    connectTo(servers, kind, 'other'),
  ]);
  const answers = await Promise.all([
    one.call('echo', { text: 'one' }),
    two.call('echo', { text: 'two' }),
  ]);
  expect(answers).toEqual([expect.stringContaining('one'), expect.stringContaining('two')]);
});

test('[F-796] a client of 2026-07-28 with servers of either era', async () => {
  for (const server of ['dual', 'streamable', 'other']) {
    const client = new ModernClient(
      { name: 'm', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    );
    await client.connect(new StreamableHTTPClientTransport(servers.bridge.mcpUrl(server)));
    onTestFinished(() => client.close());
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  }
});

test('[F-795] without the key of the other bridge the client is told why, and nothing of it', async () => {
  const [kind] = OFFICIAL_CLIENTS;
  if (!kind) throw new Error('there is a client');
  const failure = await kind
    .connect(new URL('/stranger', servers.bridge.url))
    .catch((error: unknown) => String(error));
  expect(failure).toContain('asks for credentials (HTTP 401)');
  expect(servers.bridge.logs().join('\n')).not.toContain(KEY);
});

test('[F-794] a server that is killed and started again: the session is over, the next one is served', async () => {
  const [kind] = OFFICIAL_CLIENTS;
  if (!kind) throw new Error('there is a client');
  const client = await connectTo(servers, kind, 'streamable');
  await client.call('echo', { message: 'before' });
  const { streamable } = servers;
  const call = client
    .call('trigger-long-running-operation', { duration: 30, steps: 3 })
    .catch((error: unknown) => String(error));
  await vi.waitFor(() => expect(servers.bridge.logs().length).toBeGreaterThan(0), PATIENCE);
  await streamable.kill();
  expect(await call).toMatch(/broke the connection off|does not listen|The server process/u);
  servers.streamable = await everything('streamableHttp', streamable.port);
  await vi.waitFor(async () => {
    const again = await connectTo(servers, kind, 'streamable');
    expect(await again.call('echo', { message: 'after' })).toBe('Echo: after');
  }, PATIENCE);
});
