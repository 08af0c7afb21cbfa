// A virtual server that has it all, for each official client: the reference servers on stdio and at a URL, one that knows only 2026-07-28,
// and fixtures with tasks, pages and a journal. What clients do with it.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, vi } from 'vitest';

import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { everything, type Running } from './http-servers.ts';
import { readJournal, type JournalFact } from './journal.ts';
import type { OfficialClient } from './official-clients.ts';
import { fixture } from './raw-session.ts';

const inModules = (path: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${path}`, import.meta.url));
const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

export const ROOTS = ['file:///first/root', 'file:///second/root'] as const;
const WATCHED = 'demo://resource/dynamic/text/1';
export const OTHER = 'demo://resource/dynamic/text/2';

export interface WholeBridge {
  readonly bridge: Bridge;
  readonly folder: string;
  /** The reference server at a URL; a test that kills it puts another here, on the same port. */
  remote: Running;
  /** What the fixture with a journal was asked. */
  facts(): JournalFact[];
  stop(): Promise<void>;
}

/** Serves `all`. */
export async function startWholeBridge(): Promise<WholeBridge> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-virtual-')));
  writeFileSync(join(folder, 'note.txt'), 'in the folder');
  const journal = join(folder, 'journal');
  const node = (...args: string[]) => ({ command: process.execPath, args });
  const remote = await everything('streamableHttp', await freePort());
  const bridge = await startBridge({
    servers: {
      everything: { command: inModules('mcp-server-everything'), args: ['stdio'] },
      files: { command: inModules('mcp-server-filesystem'), args: [folder] },
      memory: {
        command: inModules('mcp-server-memory'),
        env: { MEMORY_FILE_PATH: join(folder, 'memory.json') },
      },
      remote: { url: `http://127.0.0.1:${String(remote.port)}/mcp` },
      modern: node(era('modern')),
      pages: node(fixture('pages')),
      tasks: node(fixture('modern-tasks')),
      echo: { ...node(fixture('echo')), env: { JOURNAL: journal } },
    },
    bridge: {
      virtual: {
        all: {
          members: {
            everything: {},
            files: {},
            memory: {},
            remote: {},
            modern: {},
            pages: {},
            tasks: {},
            echo: {},
          },
        },
      },
    },
  });
  const whole: WholeBridge = {
    bridge,
    folder,
    remote,
    facts: () => readJournal(journal),
    stop: async () => {
      await bridge.stop();
      await whole.remote.kill();
      rmSync(folder, { recursive: true });
    },
  };
  return whole;
}

/** Lists in pages of whatever length, and one of everything in them. Answers the names of the tools. */
export async function useLists(
  { client, call }: OfficialClient,
  folder: string,
): Promise<string[]> {
  expect(client.getServerVersion()?.name).toBe('all');
  expect(client.getServerCapabilities()).toMatchObject({
    tools: {},
    prompts: {},
    resources: {},
    completions: {},
  });
  const tools = await toolNames({ client });
  expect(tools).toEqual(
    expect.arrayContaining([
      'everything__echo',
      'files__read_text_file',
      'memory__read_graph',
      'remote__echo',
      'modern__test_simple_text',
      'tasks__later',
      'echo__whoami',
    ]),
  );
  const five = (prefix: string): string[] => [1, 2, 3, 4, 5].map((place) => prefix + place);
  const paged = (names: readonly string[]): string[] =>
    names.filter((name) => name.startsWith('pages'));
  expect(paged(tools)).toEqual(five('pages__tool-'));
  const prompts = await pages(client.listPrompts, client, ({ prompts }) =>
    prompts.map(({ name }) => name),
  );
  expect(prompts).toEqual(
    expect.arrayContaining([
      'everything__args-prompt',
      'remote__args-prompt',
      'modern__test_simple_prompt',
    ]),
  );
  expect(paged(prompts)).toEqual(five('pages__prompt-'));
  const resources = await pages(client.listResources, client, ({ resources }) =>
    resources.map(({ uri }) => uri),
  );
  expect(paged(resources)).toEqual(five('pages://'));
  expect(resources).toContain('test://static-text');
  expect(new Set(resources).size).toBe(resources.length);
  const templates = await pages(client.listResourceTemplates, client, ({ resourceTemplates }) =>
    resourceTemplates.map(({ uriTemplate }) => uriTemplate),
  );
  expect(templates).toEqual(expect.arrayContaining(['test://template/{id}/data']));
  expect(paged(templates)).toHaveLength(5);

  expect(await call('everything__echo', { message: 'grüezi 🌍' })).toBe('Echo: grüezi 🌍');
  expect(await call('remote__echo', { message: 'by HTTP' })).toBe('Echo: by HTTP');
  expect(await call('files__read_text_file', { path: join(folder, 'note.txt') })).toBe(
    'in the folder',
  );
  expect(await call('memory__read_graph')).toContain('entities');
  expect(await call('modern__test_simple_text')).toContain('simple text');
  expect(await call('pages__tool-5')).toBe('tool-5');
  expect(await call('tasks__later', { text: 'at once' })).toBe('at once');
  const sums = Array.from({ length: 10 }, (_, a) =>
    call(`${a % 2 === 0 ? 'everything' : 'remote'}__get-sum`, { a, b: 1000 }),
  );
  expect(await Promise.all(sums)).toEqual(
    Array.from({ length: 10 }, (_, a) => `The sum of ${a} and 1000 is ${a + 1000}.`),
  );
  for (const uri of [WATCHED, 'test://static-text', 'test://template/7/data'])
    expect((await client.readResource({ uri })).contents).toMatchObject([{ uri }]);
  const city = { arguments: { city: 'Zürich' } };
  for (const member of ['everything', 'remote'])
    expect(await client.getPrompt({ name: `${member}__args-prompt`, ...city })).toMatchObject({
      messages: [{ content: { text: "What's weather in Zürich?" } }],
    });
  const { messages } = await client.getPrompt({ name: 'modern__test_simple_prompt' });
  expect(messages).toHaveLength(1);
  for (const member of ['everything', 'remote']) {
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: `${member}__completable-prompt` },
      argument: { name: 'name', value: 'A' },
      context: { arguments: { department: 'Engineering' } },
    });
    expect(completion.values).toEqual(['Alice']);
  }
  return tools;
}

/** The names of all tools, page for page. */
export const toolNames = ({ client }: Pick<OfficialClient, 'client'>): Promise<string[]> =>
  pages(client.listTools, client, ({ tools }) => tools.map(({ name }) => name));

/** All elements of a list, page for page. */
async function pages<T extends { nextCursor?: string | undefined }>(
  list: (params: { cursor: string } | undefined) => Promise<T>,
  client: unknown,
  of: (page: T) => string[],
): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    // oxlint-disable-next-line no-await-in-loop -- one page says where the next begins
    const page = await list.call(client, cursor === undefined ? undefined : { cursor });
    found.push(...of(page));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** What members of each kind ask their client, in the middle of a call. Answers what the one of 2026-07-28 asked, in order. */
export async function beAsked({ call, asked }: OfficialClient): Promise<string[]> {
  for (const member of ['everything', 'remote']) {
    expect(await call(`${member}__trigger-sampling-request`, { prompt: 'Which?' })).toContain(
      'sampled by the client',
    );
    expect(await call(`${member}__trigger-elicitation-request`)).toContain('Name: Ada Lovelace');
    const url = { url: 'https://example.com/', elicitationId: 'one' };
    expect(await call(`${member}__trigger-url-elicitation`, url)).toContain('URL elicitation flow');
    expect(await call(`${member}__get-roots-list`)).toContain(ROOTS[0]);
  }
  expect(asked.filter((method) => method === 'sampling/createMessage')).toHaveLength(2);
  expect(asked.filter((method) => method === 'elicitation/create')).toHaveLength(4);
  const before = asked.length;
  expect(await call('modern__test_input_required_result_list_roots')).toContain(ROOTS[0]);
  expect(await call('modern__test_input_required_result_multiple_inputs')).toContain(
    'sampled by the client Ada Lovelace 1',
  );
  expect(await call('modern__test_input_required_result_multi_round')).toContain('Ada Lovelace');
  return asked.slice(before);
}

/** Progress of several members at once, each to its call; and a call that is cancelled. Answers what another call got meanwhile. */
export async function reportAndCancel(
  { call }: OfficialClient,
  facts: () => JournalFact[],
  label: string,
): Promise<string> {
  const heard = new Map<string, number[]>();
  const reporting = async (name: string, args: object): Promise<string> => {
    const seen: number[] = [];
    heard.set(name, seen);
    return call(name, { ...args }, { onprogress: ({ progress }) => seen.push(progress) });
  };
  const answers = await Promise.all([
    reporting('everything__trigger-long-running-operation', { duration: 0.8, steps: 4 }),
    reporting('remote__trigger-long-running-operation', { duration: 0.9, steps: 3 }),
    reporting('modern__test_tool_with_progress', {}),
    reporting('echo__progress', { n: 6, ms: 50 }),
  ]);
  expect(answers.map((text) => text.slice(0, 4))).toEqual(['Long', 'Long', 'prog', 'repo']);
  // The clients drop a report that reaches them in one piece with the answer, as the last one may.
  for (const [name, all] of [
    ['everything__trigger-long-running-operation', [1, 2, 3, 4]],
    ['remote__trigger-long-running-operation', [1, 2, 3]],
    ['modern__test_tool_with_progress', [0, 50, 100]],
    ['echo__progress', [1, 2, 3, 4, 5, 6]],
  ] as const) {
    const seen = heard.get(name) ?? [];
    expect([name, ...seen]).toEqual([name, ...all.slice(0, Math.max(all.length - 1, seen.length))]);
  }

  const abort = new AbortController();
  const cancelled = call('echo__slow', { ms: 60_000, label }, { signal: abort.signal });
  const going = call('everything__trigger-long-running-operation', { duration: 1, steps: 1 });
  const of = (type: string) => facts().filter((fact) => fact.type === type);
  const { pid, id } = await vi.waitUntil(
    () => of('call').find((fact) => fact.arguments?.['label'] === label),
    PATIENCE,
  );
  abort.abort('enough');
  await expect(cancelled).rejects.toThrow('enough');
  await vi.waitUntil(
    () => of('cancelled').some((fact) => fact.pid === pid && fact.id === id),
    PATIENCE,
  );
  return going;
}

/** Updates of a watched resource, and what members say of their lists. Answers what is updated when another is watched. */
export async function watch({ call, watch, notifications }: OfficialClient): Promise<unknown[]> {
  const heard = (method: string): unknown[] =>
    notifications.filter((said) => said.method === method).map(({ params }) => params);
  const updates = () => heard('notifications/resources/updated');
  const unwatch = await watch([WATCHED]);
  const toggle = () => call('everything__toggle-subscriber-updates');
  if (!(await toggle()).startsWith('Started')) await toggle();
  await vi.waitUntil(() => updates().length > 0, PATIENCE);
  await toggle();
  expect(updates()).toContainEqual(expect.objectContaining({ uri: WATCHED }));

  for (const kind of ['tool', 'prompt']) {
    const told = () => heard(`notifications/${kind}s/list_changed`).length;
    const before = told();
    await call(`modern__test_trigger_${kind}_change`);
    await vi.waitUntil(() => told() > before, PATIENCE);
  }
  await unwatch();
  const before = updates().length;
  const unwatchOther = await watch([OTHER]);
  await toggle();
  await vi.waitUntil(() => updates().length > before, PATIENCE);
  await toggle();
  await unwatchOther();
  return updates().slice(before);
}

/** Log messages of all members that log, of the level that the session set, and no others. */
export async function log({ client, call, notifications }: OfficialClient): Promise<void> {
  const logged = (): string =>
    JSON.stringify(notifications.filter(({ method }) => method === 'notifications/message'));
  await client.setLoggingLevel('error');
  await call('modern__test_tool_with_logging');
  await client.subscribeResource({ uri: OTHER });
  await client.setLoggingLevel('info');
  await client.unsubscribeResource({ uri: OTHER });
  await vi.waitUntil(() => logged().includes('Received Unsubscribe'), PATIENCE);
  expect(logged()).not.toContain('Received Subscribe');
  expect(logged()).not.toContain('Tool execution started');
  await call('modern__test_tool_with_logging');
  await vi.waitUntil(() => logged().includes('Tool execution completed'), PATIENCE);
}
