// What the config of a runner forbids, through the whole bridge: every kind of client, servers of every era.
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import { failureOf, MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';
import { askModern } from './raw-modern.ts';
import { fixture, messageOf } from './raw-session.ts';

const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const node = (...args: string[]) => ({ command: process.execPath, args });
  const few = {
    tools: { allow: ['test_*'], deny: ['test_image_content'] },
    methods: { deny: ['prompts/*'] },
  };
  bridge = await startBridge({
    servers: {
      dual: { ...node(era('dual')), bridge: few },
      legacy: { ...node(era('legacy')), bridge: few },
      modern: { ...node(era('modern')), bridge: few },
      echo: {
        ...node(fixture('echo')),
        env: { JOURNAL: journal },
        bridge: { tools: { allow: [] } },
      },
    },
  });
  return async () => {
    await bridge.stop();
    remove();
  };
});

describe.each([...OFFICIAL_CLIENTS, ...MODERN_CLIENTS])('$name over $transport', (kind) => {
  test.each(['dual', 'legacy', 'modern'])(
    '[R-14] [F-454] [F-456] a %s server: what is allowed works, the rest is refused and not listed',
    async (server) => {
      const official = await kind.connect(new URL(`/${server}`, bridge.url));
      onTestFinished(() => official.end().catch(() => undefined));
      const { client, call } = official;
      const names = (await client.listTools()).tools.map(({ name }) => name);
      expect(names).toContain('test_simple_text');
      expect(names.filter((name) => !name.startsWith('test_'))).toEqual([]);
      expect(names).not.toContain('test_image_content');
      expect(await call('test_simple_text')).toContain('simple text response');
      for (const name of ['test_image_content', 'TEST_simple_text', 'unknown'])
        expect(await failureOf(call(name))).toMatch(/^42017: .*may not be called here/u);
      expect(await failureOf(client.listPrompts())).toMatch(/^42017: .*may not be used here/u);
      expect(await call('test_simple_text')).toContain('simple text response');
    },
  );
});

test('[R-14] [F-454] neither a header nor the spelling of the body opens what is forbidden', async () => {
  const call = (params: Record<string, unknown>, name: string) =>
    askModern(bridge.url, 'echo', 'tools/call', { id: 7, params, headers: { 'Mcp-Name': name } });
  expect(messageOf(await call({ name: 'echo', arguments: { text: 'x' } }, 'echo'))).toMatchObject({
    id: 7,
    error: { code: 42_017 },
  });
  expect((await call({ name: 'echo' }, 'other')).status).toBe(400);
  expect((await call({ name: 'other', Name: 'echo' }, 'other')).status).toBe(400);
  expect(readJournal(journal).filter(({ type }) => type === 'call')).toEqual([]);
});
