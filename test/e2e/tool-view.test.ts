// What the config of a runner makes of a server's tools, through the whole bridge: every kind of client, servers of every era.
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import { startBridge, type Bridge } from './harness.ts';
import { failureOf, MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { askModern } from './raw-modern.ts';
import { messageOf } from './raw-session.ts';

const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

let bridge: Bridge;

beforeAll(async () => {
  const tools = {
    rename: { test_simple_text: 'simple', test_x_mcp_header: 'where' },
    describe: { test_simple_text: 'Says something simple.' },
    arguments: { test_x_mcp_header: { region: 'eu' } },
  };
  const server = (name: string) => ({
    command: process.execPath,
    args: [era(name)],
    bridge: { tools },
  });
  bridge = await startBridge({
    servers: { dual: server('dual'), legacy: server('legacy'), modern: server('modern') },
  });
  return () => bridge.stop();
});

describe.each([...OFFICIAL_CLIENTS, ...MODERN_CLIENTS])('$name over $transport', (kind) => {
  test.each(['dual', 'legacy', 'modern'])(
    '[R-14] [F-770] [F-772] [F-774] a %s server: other names and descriptions, and an argument that no client knows',
    async (server) => {
      const { client, call } = await ownClient(bridge, kind, server);
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['simple', 'where', 'test_error_handling']));
      expect(names).not.toContain('test_simple_text');
      expect(tools.find(({ name }) => name === 'simple')).toMatchObject({
        description: 'Says something simple.',
      });
      const where = tools.find(({ name }) => name === 'where');
      expect(where).toMatchObject({ inputSchema: { properties: { level: { type: 'integer' } } } });
      expect(JSON.stringify(where)).not.toContain('egion');
      expect(await call('simple')).toContain('simple text response');
      expect(await call('where', { level: 1 })).toBe('region=eu');
      expect(await failureOf(call('where', { region: 'us' }))).toMatch(
        /^42017: .*"region" is set/u,
      );
      expect(await failureOf(call('test_simple_text'))).toMatch(/^42017: .*called "simple" here/u);
    },
  );
});

test.each(['dual', 'legacy', 'modern'])(
  '[F-770] [F-774] a raw request to a %s server: Mcp-Name repeats the name that clients know',
  async (server) => {
    const call = (named: string) =>
      askModern(bridge.url, server, 'tools/call', {
        params: { name: 'where', arguments: { level: 1 } },
        headers: { 'Mcp-Name': named },
      });
    expect(messageOf(await call('where'))).toMatchObject({
      result: { content: [{ text: 'region=eu' }] },
    });
    expect((await call('test_x_mcp_header')).status).toBe(400);
  },
);
