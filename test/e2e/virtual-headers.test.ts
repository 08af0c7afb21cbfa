// Headers that repeat a tool's name and arguments, under the names that clients of a virtual server know, and under those that its members
// know: of servers of either era on stdio, and of one at a URL, whose own requests are looked at.
import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import { startBridge, type Bridge } from './harness.ts';
import { dualOverHttp } from './http-servers.ts';
import { failureOf, MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { askModern } from './raw-modern.ts';
import { messageOf } from './raw-session.ts';
import { recordFetch } from './recorded-fetch.ts';

const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

/** What was posted to the server at a URL, request by request. */
const posted: IncomingHttpHeaders[] = [];

let bridge: Bridge;

beforeAll(async () => {
  const remote = await dualOverHttp();
  const passing = createServer((incoming, outgoing) => {
    posted.push(incoming.headers);
    const { method, url: path, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port: remote.port, method, path, headers });
    onward.on('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  passing.listen(0, '127.0.0.1');
  await once(passing, 'listening');
  const { port } = passing.address() as AddressInfo;
  const node = (name: string) => ({ command: process.execPath, args: [era(name)] });
  const member = { tools: { rename: { test_x_mcp_header: 'where' } } };
  const fixed = { test_x_mcp_header: { region: 'eu' } };
  bridge = await startBridge({
    servers: {
      legacy: node('legacy'),
      modern: {
        ...node('modern'),
        bridge: { tools: { rename: { test_x_mcp_header: 'placed' } } },
      },
      web: { url: `http://127.0.0.1:${String(port)}/mcp` },
    },
    bridge: {
      virtual: {
        // The second has another name for its server, and a third as a member.
        named: {
          members: {
            legacy: member,
            modern: { tools: { rename: { placed: 'where' } } },
            web: { prefix: 'w', ...member },
          },
        },
        fixed: {
          members: {
            legacy: { tools: { arguments: fixed } },
            modern: { tools: { arguments: { placed: { region: 'eu' } } } },
            web: { tools: { arguments: fixed } },
          },
        },
        // Of the virtual server's own, by the names that its clients know.
        own: {
          members: { legacy: {}, modern: {}, web: {} },
          tools: {
            rename: {
              legacy__test_x_mcp_header: 'legacy-where',
              modern__placed: 'modern-where',
              web__test_x_mcp_header: 'web-where',
            },
            arguments: {
              legacy__test_x_mcp_header: { region: 'eu' },
              modern__placed: { region: 'eu' },
              web__test_x_mcp_header: { region: 'eu' },
            },
          },
        },
        alone: { members: { web: { prefix: '', ...member } } },
      },
    },
  });
  return async () => {
    await bridge.stop();
    passing.close();
    passing.closeAllConnections();
    await remote.kill();
  };
});

const KINDS = [...OFFICIAL_CLIENTS.slice(0, 1), ...MODERN_CLIENTS];

describe.each(KINDS)('$name over $transport', (kind) => {
  const isModern = MODERN_CLIENTS.includes(kind);

  test('[R-16] [F-914] a call under its new name: the client repeats that, and the bridge the own name of the member', async () => {
    const recorded = recordFetch();
    const { client, call } = await ownClient(bridge, kind, 'named', { fetch: recorded.fetch });
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['legacy__where', 'modern__where', 'w__where']));
    expect(await call('legacy__where', { region: 'us-east', level: 2 })).toBe('region=us-east');
    expect(await call('modern__where', { region: 'größe 東', level: 2 })).toBe('region=größe 東');
    posted.length = 0;
    expect(await call('w__where', { region: 'größe 東', level: 2 })).toBe('region=größe 東');
    if (!isModern) return;
    const sent = posted.find((headers) => headers['mcp-method'] === 'tools/call');
    expect(sent).toMatchObject({ 'mcp-name': 'test_x_mcp_header' });
    const { 'mcp-param-region': region = '' } = sent ?? {};
    const coded = /^=\?base64\?(.+)\?=$/u.exec(String(region))?.[1] ?? '';
    expect(Buffer.from(coded, 'base64').toString()).toBe('größe 東');
  });

  test('[R-16] [F-914] an argument that the config sets is no header of the client’s', async () => {
    for (const [server, names] of [
      ['fixed', ['legacy__test_x_mcp_header', 'modern__placed', 'web__test_x_mcp_header']],
      ['own', ['legacy-where', 'modern-where', 'web-where']],
    ] as const) {
      const { client, call } = await ownClient(bridge, kind, server);
      const { tools } = await client.listTools();
      for (const name of names) {
        const tool = tools.find((each) => each.name === name);
        expect(tool).toMatchObject({ inputSchema: { properties: { level: {} } } });
        expect(JSON.stringify(tool)).not.toContain('egion');
        posted.length = 0;
        expect([name, await call(name, { level: 1 })]).toEqual([name, 'region=eu']);
        expect(await failureOf(call(name, { region: 'us' }))).toMatch(/^42017: .*"region" is set/u);
        const regions = posted.flatMap((headers) => headers['mcp-param-region'] ?? []);
        expect(regions).toEqual(isModern && name.startsWith('web') ? ['eu'] : []);
      }
    }
  });
});

describe.each([
  ['legacy__where', 'named'],
  ['modern__where', 'named'],
  ['w__where', 'named'],
  ['where', 'alone'],
])('a raw call of %s of "%s"', (name, server) => {
  const call = async (headers: Record<string, string>, args: object = { region: 'us', level: 1 }) =>
    askModern(bridge.url, server, 'tools/call', {
      params: { name, arguments: args },
      headers,
    });

  test('[R-16] [F-914] is held to its headers, by the name that clients know', async () => {
    const right = { 'Mcp-Param-Region': 'us' };
    expect(messageOf(await call(right))).toMatchObject({
      result: { content: [{ text: 'region=us' }] },
    });
    const own = { ...right, 'Mcp-Name': 'test_x_mcp_header' };
    for (const wrong of [{}, { 'Mcp-Param-Region': 'eu' }, own]) {
      const answer = await call(wrong);
      expect(answer.status).toBe(400);
      expect(messageOf(answer)).toMatchObject({ error: { code: -32_020 } });
    }
    // No header for what is not there.
    expect(messageOf(await call({}, { level: 1 }))).toMatchObject({
      result: { content: [{ text: 'region=none' }] },
    });
  });
});
