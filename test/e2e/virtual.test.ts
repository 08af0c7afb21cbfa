// Several servers as one, through the whole bridge: real servers and fixtures of every era behind one address, every kind of client.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { freePort } from '../../runner/dev/free-port.ts';
import { startBridge, type Bridge } from './harness.ts';
import { everything } from './http-servers.ts';
import { failureOf, MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';

const inModules = (path: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${path}`, import.meta.url));

const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

let bridge: Bridge;

beforeAll(async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-virtual-')));
  writeFileSync(join(folder, 'note.txt'), 'in the folder');
  const remote = await everything('streamableHttp', await freePort());
  bridge = await startBridge({
    servers: {
      everything: { command: inModules('mcp-server-everything'), args: ['stdio'] },
      files: { command: inModules('mcp-server-filesystem'), args: [folder] },
      memory: {
        command: inModules('mcp-server-memory'),
        env: { MEMORY_FILE_PATH: join(folder, 'memory.json') },
        bridge: { served: false },
      },
      legacy: { command: process.execPath, args: [era('legacy')] },
      modern: { command: process.execPath, args: [era('modern')] },
      dual: { command: process.execPath, args: [era('dual')] },
      remote: { url: `http://127.0.0.1:${String(remote.port)}/mcp` },
    },
    bridge: {
      virtual: {
        work: {
          members: {
            everything: { tools: { deny: ['get-env'], rename: { echo: 'say' } } },
            files: { prefix: 'docs' },
            memory: { prefix: '' },
          },
        },
        eras: { members: { legacy: {}, modern: {}, dual: {}, remote: {} } },
      },
    },
  });
  return async () => {
    await bridge.stop();
    await remote.kill();
    rmSync(folder, { recursive: true });
  };
});

describe.each([...OFFICIAL_CLIENTS, ...MODERN_CLIENTS])('$name over $transport', (kind) => {
  test('[R-16] real servers as one: lists, calls, resources, prompts, completions, logging', async () => {
    const official = await kind.connect(new URL('/work', bridge.url), { roots: ['file:///r'] });
    onTestFinished(() => official.end().catch(() => undefined));
    const { client, call } = official;
    expect(client.getServerVersion()?.name).toBe('work');
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['everything__say', 'docs__read_text_file', 'read_graph']),
    );
    expect(names).not.toContain('everything__echo');
    expect(names).not.toContain('everything__get-env');
    expect(await call('everything__say', { message: 'hello' })).toBe('Echo: hello');
    expect(await call('read_graph')).toContain('entities');
    expect(await call('docs__list_allowed_directories')).toContain('Allowed');
    expect(await failureOf(call('everything__get-env'))).toMatch(/^42017: /u);
    const { prompts } = await client.listPrompts();
    const prompt = prompts.find(({ name }) => name.startsWith('everything__'))?.name ?? '';
    expect(prompt).not.toBe('');
    const { resources } = await client.listResources();
    const [resource] = resources;
    expect(resource).toBeDefined();
    expect((await client.readResource({ uri: resource?.uri ?? '' })).contents).toHaveLength(1);
    if (!MODERN_CLIENTS.includes(kind)) await client.setLoggingLevel('debug');
    const seen: number[] = [];
    await call(
      'everything__trigger-long-running-operation',
      { duration: 1, steps: 3 },
      { onprogress: ({ progress }) => seen.push(progress) },
    );
    expect(seen.length).toBeGreaterThan(0);
  });

  test('[R-16] servers of every era as one: what they ask their clients, and what is of each era', async () => {
    const official = await kind.connect(new URL('/eras', bridge.url), { roots: ['file:///r'] });
    onTestFinished(() => official.end().catch(() => undefined));
    const { client, call } = official;
    const names = (await client.listTools()).tools.map(({ name }) => name);
    for (const name of ['legacy', 'modern', 'dual']) {
      expect(names).toContain(`${name}__test_simple_text`);
      expect(await call(`${name}__test_simple_text`)).toContain('simple text response');
      expect(await call(`${name}__test_sampling`, { prompt: 'q' })).not.toBe('');
    }
    expect(official.asked.filter((method) => method === 'sampling/createMessage')).toHaveLength(3);
    expect(await call('remote__echo', { message: 'by HTTP' })).toBe('Echo: by HTTP');
  });
});

test('[R-16] a server that is not served by itself is reached as a member alone', async () => {
  const [kind] = OFFICIAL_CLIENTS;
  const refused = await failureOf(
    kind?.connect(new URL('/memory', bridge.url)) ?? Promise.reject(),
  );
  expect(refused).toMatch(/42001/u);
});
