// Servers whose tools are searched, through the whole bridge: every kind of client, servers of every era, several as one, pins, rules,
// the policy of the edge, both records and the console.
import { fileURLToPath } from 'node:url';

import { Client as ClientTwo, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientOne } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as StreamableOne } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { keyedFetch } from './keyed-fetch.ts';
import { failureOf, MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { fixture } from './raw-session.ts';

const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

const ERAS = ['dual', 'legacy', 'modern'];
const [ownerKey, allKey, fewKey] = [mintOwnerKey(), mintClientKey(), mintClientKey()];

let bridge: Bridge;

beforeAll(async () => {
  const discovery = 'search';
  const server = (name: string, more: object = {}) => ({
    command: process.execPath,
    args: [era(name)],
    bridge: { discovery, ...more },
  });
  const client = (key: string) => ({ key: hashCredential(key), servers: ['*'] });
  bridge = await startBridge({
    servers: {
      dual: server('dual'),
      legacy: server('legacy'),
      modern: server('modern'),
      echo: { command: process.execPath, args: [fixture('echo')] },
      ruled: server('dual', {
        tools: {
          deny: ['test_image_content'],
          rename: { test_simple_text: 'say_something' },
          arguments: { test_x_mcp_header: { region: 'eu' } },
        },
        pin: true,
      }),
    },
    bridge: {
      virtual: {
        work: {
          discovery,
          members: { dual: {}, echo: { tools: { deny: ['exit'] } }, ruled: { prefix: 'r' } },
        },
      },
    },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ all: client(allKey), few: client(fewKey) }),
      BRIDGE_POLICY: JSON.stringify({
        work: {
          rules: [
            { who: ['key:all'], tools: ['*'] },
            { who: ['key:few'], tools: ['search_tools', 'call_tool', 'echo__e*'] },
            { who: ['*'], deny: { tools: ['echo__signal'] } },
          ],
        },
      }),
    },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(ownerKey) }),
  });
  return () => bridge.stop();
});

const KINDS = [...OFFICIAL_CLIENTS, ...MODERN_CLIENTS];
const asAll = { fetch: keyedFetch(allKey) };

describe.each(KINDS)('$name over $transport', (kind) => {
  const connect = (server: string) => ownClient(bridge, kind, server, asAll);

  test.each(ERAS)(
    '[F-785] [F-788] a %s server: two tools, which find and call the others as if they were called themselves',
    async (server) => {
      const official = await connect(server);
      const { tools } = await official.client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(['search_tools', 'call_tool']);
      // These clients check a result against the tool's schema of it.
      const found = await official.call('search_tools', { query: 'simple text', limit: 2 });
      expect(JSON.parse(found.split('\n')[1] ?? '')).toMatchObject({ name: 'test_simple_text' });
      const by = (name: string, args?: object): Promise<string> =>
        official.call('call_tool', { name, ...(args && { arguments: args }) });
      expect(await by('test_simple_text')).toContain('simple text response');
      expect(await official.call('test_simple_text')).toContain('simple text response');
      expect(await by('test_x_mcp_header', { region: 'eu', level: 1 })).toBe('region=eu');
      expect(await by('test_error_handling')).toContain('error');
      expect(await by('test_simple_txt')).toMatch(/no tool "test_simple_txt".*"test_simple_text"/u);
      expect(await by('call_tool', { name: 'test_simple_text' })).toContain('does not call itself');
      const progress: number[] = [];
      await official.call(
        'call_tool',
        { name: 'test_tool_with_progress' },
        { onprogress: (told) => progress.push(told.progress) },
      );
      expect(progress.length).toBeGreaterThan(1);
      const answer = await by('test_elicitation', { message: 'Who?' });
      expect(answer).toMatch(/accept/u);
      expect(official.asked).toContain('elicitation/create');
    },
  );

  test('[R-14] [F-785] [F-787] several servers as one: found and called under the names of the whole, by the rules and pins of each', async () => {
    const official = await connect('work');
    const { tools } = await official.client.listTools();
    expect(tools).toHaveLength(2);
    const names = async (query: string): Promise<string[]> => {
      const lines = (await official.call('search_tools', { query, limit: 50 })).split('\n');
      return lines.flatMap((line) =>
        line.startsWith('{') ? [(JSON.parse(line) as { name: string }).name] : [],
      );
    };
    const by = (name: string, args: object = {}): Promise<string> =>
      official.call('call_tool', { name, arguments: args });
    expect((await names('answers its text'))[0]).toBe('echo__echo');
    expect(await by('echo__echo', { text: 'hello' })).toBe('hello');
    expect(await by('dual__test_simple_text')).toContain('simple text response');
    expect(await names('exits exit code')).not.toContain('echo__exit');
    expect(await failureOf(by('echo__exit'))).toMatch(/^42017|no tool/u);
    expect((await names('say something'))[0]).toBe('r__say_something');
    expect(await by('r__say_something')).toContain('simple text response');
    expect(await by('r__test_x_mcp_header', { level: 1 })).toBe('region=eu');
    expect(await names('image content')).not.toContain('r__test_image_content');
    expect(await names('image content')).toContain('dual__test_image_content');
  });

  test('[F-785] a cancelled call by way of another is cancelled where it runs', async () => {
    const official = await connect('work');
    await official.client.listTools();
    const leave = new AbortController();
    const cancelled = (): number =>
      bridge.logs().filter((line) => /"tool":"echo__progress".*"outcome":"cancelled"/u.test(line))
        .length;
    const before = cancelled();
    const running = official.call(
      'call_tool',
      { name: 'echo__progress', arguments: { n: 1_000, ms: 50 } },
      { signal: leave.signal, onprogress: () => leave.abort() },
    );
    expect(await failureOf(running)).not.toContain('no failure');
    await vi.waitFor(() => expect(cancelled()).toBeGreaterThan(before), PATIENCE);
  });
});

test('[F-785] structured results are whole definitions, and those of no hit hold all names', async () => {
  const requestInit = { headers: { Authorization: `Bearer ${allKey}` } };
  const one = new ClientOne({ name: 'one', version: '1' });
  await one.connect(new StreamableOne(bridge.mcpUrl('dual'), { requestInit }));
  const two = new ClientTwo(
    { name: 'two', version: '1' },
    { versionNegotiation: { mode: 'auto' } },
  );
  await two.connect(new StreamableHTTPClientTransport(bridge.mcpUrl('dual'), { requestInit }));
  onTestFinished(async () => {
    await Promise.all([one.close(), two.close()]);
  });
  for (const client of [one, two]) {
    await client.listTools();
    const search = (query: string) =>
      client.callTool({ name: 'search_tools', arguments: { query } });
    const { structuredContent } = await search('x_mcp_header');
    expect(structuredContent).toMatchObject({
      tools: [
        { name: 'test_x_mcp_header', inputSchema: { properties: { region: expect.anything() } } },
      ],
    });
    const none = await search('qqqqzzzz');
    expect(none.structuredContent).toMatchObject({
      tools: [],
      names: expect.arrayContaining(['test_simple_text', 'test_x_mcp_header']),
    });
  }
});

test.each(KINDS)(
  '[R-15] [F-787] the policy of an edge judges what $name over $transport calls by way of another tool',
  async (kind) => {
    const few = await ownClient(bridge, kind, 'work', { fetch: keyedFetch(fewKey) });
    const all = await ownClient(bridge, kind, 'work', asAll);
    const by = (client: typeof few, name: string): Promise<string> =>
      client.call('call_tool', { name, arguments: { text: 'x' } });
    await few.client.listTools();
    expect(await few.call('search_tools', { query: 'echo' })).toContain('echo__echo');
    expect(await by(few, 'echo__echo')).toBe('x');
    expect(await failureOf(by(few, 'echo__whoami'))).not.toContain('no failure');
    expect(await by(all, 'echo__whoami')).toContain('pid');
    expect(await failureOf(by(all, 'echo__signal'))).not.toContain('no failure');
    expect(await failureOf(by(all, 'ECHO__signal'))).not.toContain('no failure');
  },
);

test('[F-789] both records tell the tool that was called, by whatever way', async () => {
  const [kind] = OFFICIAL_CLIENTS;
  if (!kind) throw new Error('there is a client');
  const official = await ownClient(bridge, kind, 'work', asAll);
  await official.call('call_tool', { name: 'echo__inc', arguments: {} });
  await official.call('search_tools', { query: 'canary-of-a-query' });
  const told = (what: string, tool: string): boolean =>
    bridge.logs().some((line) => line.includes(`"${what}"`) && line.includes(`"tool":"${tool}"`));
  await vi.waitFor(() => {
    expect(told('call', 'echo__inc')).toBe(true);
    expect(told('edge: call', 'echo__inc')).toBe(true);
    expect(told('edge: call', 'search_tools')).toBe(true);
  }, PATIENCE);
  expect(bridge.logs().join('\n')).not.toContain('canary-of-a-query');
});

test('[F-785] the console shows all tools, and tries them by their names', async () => {
  const page = await fetch(`${bridge.url}/-/servers?server=dual`, {
    headers: { Authorization: `Bearer ${ownerKey}` },
  });
  const text = await page.text();
  expect(text).toContain('test_simple_text');
  expect(text).not.toContain('call_tool');
});
