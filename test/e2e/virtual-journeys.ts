// What clients do with several servers as one, and the bridge that serves them: real servers, one at a URL, and fixtures of every era.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { freePort } from '../../runner/dev/free-port.ts';
import { startBridge, type Bridge } from './harness.ts';
import { everything } from './http-servers.ts';
import {
  failureOf,
  MODERN_CLIENTS,
  type OfficialClient,
  type OfficialClientKind,
} from './official-clients.ts';

const inModules = (path: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${path}`, import.meta.url));

const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

export interface VirtualBridge {
  readonly bridge: Bridge;
  stop(): Promise<void>;
}

/** Serves `work` (real servers) and `eras` (a server of each era, and one at a URL). */
export async function startVirtualBridge(): Promise<VirtualBridge> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-virtual-')));
  writeFileSync(join(folder, 'note.txt'), 'in the folder');
  const remote = await everything('streamableHttp', await freePort());
  const bridge = await startBridge({
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
  const stop = async (): Promise<void> => {
    await bridge.stop();
    await remote.kill();
    rmSync(folder, { recursive: true });
  };
  return { bridge, stop };
}

/** Lists, calls, resources, prompts, logging and progress of real servers. Answers how often a call reported progress. */
export async function useRealServers(
  kind: OfficialClientKind,
  official: OfficialClient,
): Promise<number> {
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
  return seen.length;
}

/** Calls, questions and answers with servers of every era at once. Answers what the server at a URL said. */
export async function useEveryEra(official: OfficialClient): Promise<string> {
  const { client, call } = official;
  const names = (await client.listTools()).tools.map(({ name }) => name);
  for (const name of ['legacy', 'modern', 'dual']) {
    expect(names).toContain(`${name}__test_simple_text`);
    expect(await call(`${name}__test_simple_text`)).toContain('simple text response');
    expect(await call(`${name}__test_sampling`, { prompt: 'q' })).not.toBe('');
  }
  expect(official.asked.filter((method) => method === 'sampling/createMessage')).toHaveLength(3);
  return call('remote__echo', { message: 'by HTTP' });
}
