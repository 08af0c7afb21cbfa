// Who may call which tool of a virtual server: the policy of the edge by the names that clients know, the rules of a server and of a member
// by its own names, also in lists; for keys, in either era.
import { fileURLToPath } from 'node:url';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import { failureOf } from './official-clients.ts';
import { askModern } from './raw-modern.ts';
import { bearer, fixture, messageOf, openSession, toolCall } from './raw-session.ts';

const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

const [ci, other] = [mintClientKey(), mintClientKey()];

/** By the names that clients see. That of a member says nothing of the virtual server. */
const POLICY = {
  work: {
    rules: [
      { who: ['key:ci'], tools: ['one__*', 'm__simple', 'm__test_image_content'] },
      { who: ['key:other'], tools: ['*'], methods: ['*'] },
      { who: ['*'], deny: { tools: ['one__exit'] } },
    ],
  },
  one: { rules: [{ who: ['key:other'], tools: ['*'] }] },
};

let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const client = (key: string) => ({ key: hashCredential(key), servers: ['*'] });
  const echo = { command: process.execPath, args: [fixture('echo')], env: { JOURNAL: journal } };
  bridge = await startBridge({
    servers: {
      // By its own names, wherever it is used.
      one: { ...echo, bridge: { tools: { deny: ['hang', 'spawn'], rename: { inc: 'count' } } } },
      two: echo,
      modern: { command: process.execPath, args: [era('modern')] },
    },
    bridge: {
      virtual: {
        work: {
          members: {
            // As it is known by itself, before it is a member.
            one: { tools: { deny: ['count'], rename: { whoami: 'who' } } },
            two: { tools: { allow: ['echo', 'in*'] } },
            modern: {
              prefix: 'm',
              tools: {
                allow: ['test_simple_text', 'test_image_content'],
                rename: { test_simple_text: 'simple' },
              },
            },
          },
          tools: { deny: ['two__inc', 'one__raw'] },
        },
      },
    },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ ci: client(ci), other: client(other) }),
      BRIDGE_POLICY: JSON.stringify(POLICY),
    },
  });
  return async () => {
    await bridge.stop();
    remove();
  };
});

const called = (): (string | undefined)[] =>
  readJournal(journal)
    .filter(({ type }) => type === 'call')
    .map(({ tool }) => tool);

describe.each(['legacy', { pin: '2026-07-28' }] as const)('client 2.4.0, %o', (mode) => {
  async function connect(key: string): Promise<Client> {
    const client = new Client({ name: 'c', version: '1' }, { versionNegotiation: { mode } });
    const requestInit = { headers: bearer(key) };
    await client.connect(new StreamableHTTPClientTransport(bridge.mcpUrl('work'), { requestInit }));
    onTestFinished(() => client.close());
    return client;
  }
  const call = async (client: Client, name: string, args: Record<string, unknown> = {}) => {
    const { content } = await client.callTool({ name, arguments: args });
    return (content as { text: string }[])[0]?.text;
  };

  test('[R-15] [R-16] [F-917] the config: own names of servers, names as a member, names as clients see them', async () => {
    const client = await connect(other);
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['one__echo', 'one__who', 'one__exit']));
    expect(names.filter((name) => !name.startsWith('one__'))).toEqual([
      'two__echo',
      'm__simple',
      'm__test_image_content',
    ]);
    const hidden = ['hang', 'spawn', 'inc', 'count', 'whoami', 'raw'].map((name) => `one__${name}`);
    for (const name of hidden) expect(names).not.toContain(name);
    expect(await call(client, 'one__echo', { text: 'here' })).toBe('here');
    expect(await call(client, 'one__who')).toContain('pid');
    expect(await call(client, 'two__echo', { text: 'there' })).toBe('there');
    expect(await call(client, 'm__simple')).toContain('simple text');
    const before = called();
    for (const name of [...hidden, 'two__inc', 'two__slow', 'm__test_simple_text', 'm__test_tool'])
      expect([name, await failureOf(call(client, name))]).toEqual([
        name,
        expect.stringMatching(/^42017: /u),
      ]);
    expect(called()).toEqual(before);
  });

  test('[R-15] [R-16] [F-917] the policy of the edge: the names that clients see, and no others', async () => {
    const client = await connect(ci);
    // A list shows what the config lets see; the policy judges calls.
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['one__echo', 'two__echo', 'm__simple']));
    expect(await call(client, 'one__echo', { text: 'here' })).toBe('here');
    expect(await call(client, 'one__who')).toContain('pid');
    expect(await call(client, 'm__simple')).toContain('simple text');
    const before = called();
    for (const name of ['two__echo', 'one__exit', 'echo', 'test_simple_text', 'simple'])
      expect([name, await failureOf(call(client, name))]).toEqual([
        name,
        expect.stringMatching(/42030|403|does not allow/u),
      ]);
    // Allowed here, forbidden there.
    expect(await failureOf(call(client, 'one__hang'))).toMatch(/42017/u);
    expect(called()).toEqual(before);
    expect(await failureOf(call(await connect(other), 'one__exit'))).toMatch(/42030|403/u);
  });
});

test('[R-15] [R-16] [F-917] a policy of a member counts for it under its own name alone', async () => {
  const path = '/one/mcp';
  const refused = await fetch(new URL(path, bridge.url), {
    method: 'POST',
    headers: {
      ...bearer(ci),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
  expect(refused.status).toBe(404);
  const session = await openSession(bridge, 'one', { key: other });
  expect((await session.post(toolCall(1, 'one__echo', { text: 'x' }))).body).toContain('-32602');
  expect(messageOf(await session.post(toolCall(1, 'echo', { text: 'x' })))).toMatchObject({
    result: { content: [{ text: 'x' }] },
  });
});

test('[R-15] [R-16] [F-917] neither a header nor the spelling of the body opens what is forbidden', async () => {
  const before = called();
  const ask = (params: Record<string, unknown>, name: string) =>
    askModern(bridge.url, 'work', 'tools/call', {
      params,
      headers: { ...bearer(ci), 'Mcp-Name': name },
    });
  expect((await ask({ name: 'two__echo' }, 'one__echo')).status).toBe(400);
  expect((await ask({ name: 'one__echo', Name: 'two__echo' }, 'one__echo')).status).toBe(400);
  for (const name of ['ONE__exit', 'one__EXIT'])
    expect([name, (await ask({ name }, name)).status]).toEqual([name, 403]);
  expect(called()).toEqual(before);
});
