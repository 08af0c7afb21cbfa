// Servers at a URL behind the bridge, for every official client over each of its transports.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connectTo, startHttpServers, type HttpServers } from './http-servers.ts';
import { OFFICIAL_CLIENTS } from './official-clients.ts';

let servers: HttpServers;

beforeAll(async () => {
  servers = await startHttpServers();
});

afterAll(() => servers.stop());

describe.each(OFFICIAL_CLIENTS)('[F-790] $name over $transport', (kind) => {
  test.each(['streamable', 'sse', 'found'])('with server-everything as %s', async (server) => {
    const client = await connectTo(servers, kind, server);
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
    const [one, two] = await Promise.all([
      connectTo(servers, kind, server),
      connectTo(servers, kind, server),
    ]);
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
