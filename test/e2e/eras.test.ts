// Every kind of client with every kind of server: clients of both eras, official and raw, with processes of both.
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test, vi } from 'vitest';

import { soonestOf } from '../fixtures/growth.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder, type JournalFact } from './journal.ts';
import {
  failureOf,
  MODERN_CLIENTS,
  OFFICIAL_CLIENTS,
  type ConnectOptions,
  type OfficialClient,
  type OfficialClientKind,
} from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { askModern, listenModern } from './raw-modern.ts';
import { fixture, messageOf, textOf } from './raw-session.ts';

const program = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

const ROOTS = ['file:///first/root'];

let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const node = (...args: string[]) => ({ command: process.execPath, args });
  bridge = await startBridge({
    servers: {
      everything: { command: program('mcp-server-everything'), args: ['stdio'] },
      filesystem: { command: program('mcp-server-filesystem'), args: [folder] },
      memory: {
        command: program('mcp-server-memory'),
        env: { MEMORY_FILE_PATH: `${folder}/memory.jsonl` },
      },
      dual: node(era('dual')),
      legacy: node(era('legacy')),
      modern: node(era('modern')),
      echo: { ...node(fixture('echo')), env: { JOURNAL: journal } },
      tasks: node(fixture('modern-tasks')),
    },
  });
  return async () => {
    await bridge.stop();
    remove();
  };
});

const connect = (
  kind: OfficialClientKind,
  server: string,
  options?: ConnectOptions,
): Promise<OfficialClient> => ownClient(bridge, kind, server, options);

const facts = (): JournalFact[] => readJournal(journal);

describe.each([...OFFICIAL_CLIENTS, ...MODERN_CLIENTS])('$name over $transport', (kind) => {
  test('server-everything: tools, resources, prompts, completion', async () => {
    const { client, call } = await connect(kind, 'everything', { roots: ROOTS });
    expect(client.getServerVersion()).toMatchObject({ name: 'mcp-servers/everything' });
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    expect(await call('echo', { message: 'grüezi 🌍' })).toBe('Echo: grüezi 🌍');
    const uri = 'demo://resource/dynamic/text/1';
    expect((await client.readResource({ uri })).contents).toMatchObject([{ uri }]);
    const { messages } = await client.getPrompt({
      name: 'args-prompt',
      arguments: { city: 'Zürich' },
    });
    expect(messages).toMatchObject([{ content: { text: "What's weather in Zürich?" } }]);
  });

  test('progress reaches its call', async () => {
    const { call } = await connect(kind, 'echo');
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }): number => seen.push(progress);
    await call('progress', { n: 6, ms: 50 }, { onprogress });
    // The client forgets a call with its answer, and may do so before it has looked at the message just before that.
    expect([1, 2, 3, 4, 5, 6].slice(0, Math.max(5, seen.length))).toEqual(seen);
  });

  test('server-everything: a long call ends, although the server asks for roots in the middle of it', async () => {
    const { call } = await connect(kind, 'everything', { roots: ROOTS });
    const done = await call('trigger-long-running-operation', { duration: 0.5, steps: 5 });
    expect(done).toContain('Long running operation completed');
  });

  test('server-filesystem and server-memory: a file, an entity', async () => {
    const files = await connect(kind, 'filesystem');
    expect(await files.call('list_allowed_directories')).toContain('Allowed directories');
    const memory = await connect(kind, 'memory');
    const entity = { name: kind.name, entityType: kind.transport, observations: ['was here'] };
    await memory.call('create_entities', { entities: [entity] });
    expect(await memory.call('search_nodes', { query: kind.name })).toContain(kind.name);
  });

  test.each(['dual', 'legacy', 'modern'])(
    'a %s server asks for input, a sample and roots',
    async (server) => {
      const { call, asked } = await connect(kind, server, { roots: ROOTS });
      expect(await call('test_simple_text')).toBe('This is a simple text response for testing.');
      expect(await call('test_elicitation', { message: 'Who?' })).toContain('Ada Lovelace');
      expect(await call('test_sampling', { prompt: 'Hm?' })).toContain('sampled by the client');
      await call('test_input_required_result_list_roots');
      expect(asked).toEqual(['elicitation/create', 'sampling/createMessage', 'roots/list']);
    },
  );

  test.each(['dual', 'legacy', 'modern'])('a %s server’s error is the client’s', async (server) => {
    const { client } = await connect(kind, server);
    const failure = await failureOf(client.readResource({ uri: 'test://no/such/resource' }));
    expect(failure).toMatch(/-3260\d|-32002/u);
  });
});

describe('modern clients of one principal', () => {
  const ELICITATION = { elicitation: { form: {} } };

  test('ten calls in parallel, five of them asked: every question reaches the caller it is for', async () => {
    const ask = async (text: string): Promise<unknown> => {
      const params = { name: 'ask', arguments: { kind: 'elicitation', text } };
      const first = await askModern(bridge.url, 'echo', 'tools/call', {
        id: text,
        params,
        capabilities: ELICITATION,
      });
      const { inputRequests, requestState } = messageOf(first).result as {
        inputRequests: Record<string, { params: { message: string } }>;
        requestState: string;
      };
      const answers = Object.entries(inputRequests).map(
        ([
          key,
          {
            params: { message },
          },
        ]) => [key, { action: 'accept', content: { answer: `${message}, answered` } }],
      );
      const retry = { ...params, inputResponses: Object.fromEntries(answers), requestState };
      const second = await askModern(bridge.url, 'echo', 'tools/call', {
        id: `${text}-again`,
        params: retry,
        capabilities: ELICITATION,
      });
      return JSON.parse(textOf(messageOf(second)));
    };
    const say = async (text: string): Promise<string> =>
      textOf(
        messageOf(
          await askModern(bridge.url, 'echo', 'tools/call', {
            id: 1,
            params: { name: 'echo', arguments: { text } },
          }),
        ),
      );
    const numbers = [1, 2, 3, 4, 5];
    const [asked, said] = await Promise.all([
      Promise.all(numbers.map((number) => ask(`question ${number}`))),
      Promise.all(numbers.map((number) => say(`word ${number}`))),
    ]);
    expect(asked).toEqual(
      numbers.map((number) => ({
        result: { action: 'accept', content: { answer: `question ${number}, answered` } },
      })),
    );
    expect(said).toEqual(numbers.map((number) => `word ${number}`));
  });

  test('[F-95] [R-5] who leaves has cancelled, within a second', async () => {
    let round = 0;
    const tookMs = await soonestOf(async () => {
      const text = `left behind ${(round += 1)}`;
      const params = { name: 'slow', arguments: { ms: 60_000, text } };
      const stream = await listenModern(bridge.url, 'echo', 'tools/call', { params });
      const call = await vi.waitUntil(
        () => facts().find((fact) => fact.arguments?.['text'] === text),
        PATIENCE,
      );
      const leftAt = performance.now();
      stream.destroy();
      await vi.waitUntil(
        () =>
          facts().some(
            (fact) => fact.type === 'cancelled' && fact.id === call.id && fact.pid === call.pid,
          ),
        PATIENCE,
      );
      return performance.now() - leftAt;
    }, 1_000);
    expect(tookMs).toBeLessThan(1_000);
  });

  test('a tampered or foreign requestState reaches no process', async () => {
    const params = { name: 'ask', arguments: { kind: 'elicitation', text: 'sealed' } };
    const options = { params, capabilities: ELICITATION };
    const first = messageOf(await askModern(bridge.url, 'echo', 'tools/call', options));
    const state = String(first.result?.['requestState']);
    const known = facts().length;
    const otherEnd = state.slice(0, -2) + (state.endsWith('AA') ? 'BA' : 'AA');
    for (const requestState of [otherEnd, 'x', '']) {
      const retry = { ...params, inputResponses: {}, requestState };
      const answer = await askModern(bridge.url, 'echo', 'tools/call', {
        ...options,
        params: retry,
      });
      expect(messageOf(answer).error).toMatchObject({ code: -32602 });
    }
    expect(facts().length).toBe(known);
  });

  test('[F-22] a method that the process does not know is refused with 404, and the next request is served', async () => {
    const unknown = await askModern(bridge.url, 'echo', 'no/such', { id: 'n' });
    expect(unknown.status).toBe(404);
    expect(messageOf(unknown)).toMatchObject({ id: 'n', error: { code: -32601 } });
    const discovered = messageOf(await askModern(bridge.url, 'echo', 'server/discover'));
    expect(discovered.result).toMatchObject({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      cacheScope: 'private',
      ttlMs: 0,
    });
  });

  test('a process that dies is told once, and the next request finds another', async () => {
    const params = { name: 'exit', arguments: { code: 3 } };
    const answer = await askModern(bridge.url, 'echo', 'tools/call', { params });
    expect(messageOf(answer).error).toMatchObject({ code: 42003, data: { phase: 'sent' } });
    const next = await askModern(bridge.url, 'echo', 'tools/call', {
      params: { name: 'echo', arguments: { text: 'on' } },
    });
    expect(textOf(messageOf(next))).toBe('on');
  });

  test('the tasks extension of a process passes through', async () => {
    const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
    const discovered = messageOf(await askModern(bridge.url, 'tasks', 'server/discover'));
    expect(discovered.result?.['capabilities']).toMatchObject(capabilities);
    const params = { name: 'later', arguments: { text: 'done' } };
    const begun = messageOf(
      await askModern(bridge.url, 'tasks', 'tools/call', { params, capabilities }),
    );
    expect(begun.result).toMatchObject({ resultType: 'task', status: 'working' });
    const taskId = String(begun.result?.['taskId']);
    await vi.waitFor(async () => {
      const task = messageOf(
        await askModern(bridge.url, 'tasks', 'tasks/get', {
          params: { taskId },
          capabilities,
          headers: { 'Mcp-Name': taskId },
        }),
      );
      expect(task.result).toMatchObject({
        resultType: 'complete',
        status: 'completed',
        result: { content: [{ type: 'text', text: 'done' }] },
      });
    }, PATIENCE);
  });
});
