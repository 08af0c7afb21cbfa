// Everything an official client can do with the reference server `server-everything`, for each client and transport.
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import {
  OFFICIAL_CLIENTS,
  type ConnectOptions,
  type OfficialClient,
  type OfficialClientKind,
} from './official-clients.ts';
import { recordFetch } from './recorded-fetch.ts';

const program = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

const TEXT_URI = 'demo://resource/dynamic/text/1';
const OTHER_URI = 'demo://resource/dynamic/text/2';
const ROOTS = ['file:///first/root', 'file:///second/root'];

/** A loaded machine is slow to start and end a Node process. */
let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  bridge = await startBridge({
    servers: {
      everything: { command: program('mcp-server-everything'), args: ['stdio'] },
      echo: { command: process.execPath, args: [echo], env: { JOURNAL: journal } },
      // A server of its own: what crashes again and again is not started again at once.
      crashing: { command: process.execPath, args: [echo] },
      memory: {
        command: program('mcp-server-memory'),
        env: { MEMORY_FILE_PATH: `${folder}/memory.jsonl` },
      },
      filesystem: { command: program('mcp-server-filesystem'), args: [folder] },
    },
  });
  return async () => {
    await bridge.stop();
    remove();
  };
});

const base = (server: string): URL => new URL(`/${server}`, bridge.url);

/** A client of its own for one test. */
async function connect(
  kind: OfficialClientKind,
  server: string,
  options: ConnectOptions = {},
): Promise<OfficialClient> {
  const client = await kind.connect(base(server), options);
  onTestFinished(() => client.end().catch(() => undefined));
  return client;
}

const heard = ({ notifications }: OfficialClient, method: string): unknown[] =>
  notifications
    .filter((notification) => notification.method === method)
    .map(({ params }) => params);

describe.each(OFFICIAL_CLIENTS)('$name over $transport', (kind) => {
  describe('with server-everything', () => {
    let official: OfficialClient;

    beforeAll(async () => {
      official = await kind.connect(base('everything'), { roots: ROOTS.slice(0, 1) });
    });
    afterAll(() => official.end());

    test('learns who the server is', () => {
      expect(official.client.getServerVersion()).toMatchObject({ name: 'mcp-servers/everything' });
      expect(official.client.getServerCapabilities()).toMatchObject({ tools: {}, logging: {} });
    });

    test('pings', async () => {
      expect(await official.client.ping()).toEqual({});
    });

    test('lists tools and calls one', async () => {
      const { tools } = await official.client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['echo', 'trigger-sampling-request', 'get-roots-list']),
      );
      expect(await official.call('echo', { message: 'grüezi 🌍' })).toBe('Echo: grüezi 🌍');
    });

    test('gets the answers of calls in flight together, each its own', async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const sums = numbers.map((a) => official.call('get-sum', { a, b: 1000 }));
      expect(await Promise.all(sums)).toEqual(
        numbers.map((a) => `The sum of ${a} and 1000 is ${a + 1000}.`),
      );
    });

    test("gets the server's own error of a call that fails", async () => {
      expect(await official.call('get-sum', { a: 'one' })).toContain('-32602');
    });

    test('lists and reads resources', async () => {
      const { resources } = await official.client.listResources();
      expect(resources.length).toBeGreaterThan(0);
      const { resourceTemplates } = await official.client.listResourceTemplates();
      expect(resourceTemplates.length).toBeGreaterThan(0);
      const { contents } = await official.client.readResource({ uri: TEXT_URI });
      expect(contents).toMatchObject([{ uri: TEXT_URI, mimeType: 'text/plain' }]);
    });

    test('lists and gets prompts, and completes an argument', async () => {
      const { prompts } = await official.client.listPrompts();
      expect(prompts.map(({ name }) => name)).toContain('args-prompt');
      const { messages } = await official.client.getPrompt({
        name: 'args-prompt',
        arguments: { city: 'Zürich' },
      });
      expect(messages).toMatchObject([{ content: { text: "What's weather in Zürich?" } }]);
      const { completion } = await official.client.complete({
        ref: { type: 'ref/prompt', name: 'completable-prompt' },
        argument: { name: 'name', value: 'A' },
        context: { arguments: { department: 'Engineering' } },
      });
      expect(completion.values).toEqual(['Alice']);
    });

    test('hears the progress of a call before its answer', async () => {
      const progress: number[] = [];
      const answer = await official.call(
        'trigger-long-running-operation',
        { duration: 0.6, steps: 3 },
        { onprogress: (report) => progress.push(report.progress) },
      );
      expect(answer).toContain('Long running operation completed');
      // The clients drop a report that reaches them in one piece with the answer, as the last one may.
      expect([1, 2, 3]).toEqual(expect.arrayContaining(progress));
      expect(progress.slice(0, 2)).toEqual([1, 2]);
    });

    test('is asked to sample in the middle of a call', async () => {
      const answer = await official.call('trigger-sampling-request', { prompt: 'Which?' });
      expect(answer).toContain('sampled by the client');
      expect(official.asked).toContain('sampling/createMessage');
    });

    test('is asked for input in the middle of a call, by form and by URL', async () => {
      expect(await official.call('trigger-elicitation-request')).toContain('Name: Ada Lovelace');
      const url = { url: 'https://example.com/', elicitationId: 'one' };
      expect(await official.call('trigger-url-elicitation', url)).toContain('URL elicitation flow');
    });

    test('is asked for its roots, and again when they change', async () => {
      expect(await official.call('get-roots-list')).toContain(ROOTS[0]);
      const before = official.asked.length;
      await official.changeRoots(ROOTS);
      await vi.waitUntil(
        () =>
          official.asked.slice(before).includes('roots/list') &&
          JSON.stringify(official.notifications).includes('Roots updated: 2 root(s)'),
        PATIENCE,
      );
      expect(await official.call('get-roots-list')).toContain(ROOTS[1]);
    });

    test('gets log messages of the level it set and above, and no others', async () => {
      const logged = (): string => JSON.stringify(heard(official, 'notifications/message'));
      await official.client.setLoggingLevel('error');
      await official.client.subscribeResource({ uri: OTHER_URI });
      await official.client.setLoggingLevel('info');
      await official.client.unsubscribeResource({ uri: OTHER_URI });
      await vi.waitUntil(() => logged().includes('Received Unsubscribe'), PATIENCE);
      expect(logged()).not.toContain(`Received Subscribe Resource request for URI: ${OTHER_URI}`);
    });

    test('hears that a resource it subscribed to was updated', async () => {
      await official.client.subscribeResource({ uri: TEXT_URI });
      await official.call('toggle-subscriber-updates');
      await vi.waitUntil(
        () => heard(official, 'notifications/resources/updated').length > 0,
        PATIENCE,
      );
      await official.call('toggle-subscriber-updates');
      expect(heard(official, 'notifications/resources/updated')).toContainEqual({ uri: TEXT_URI });
    });
  });

  test('F-95: a call it cancels is cancelled in the process, and nothing is left open', async () => {
    const recorded = recordFetch();
    const official = await connect(kind, 'echo', { fetch: recorded.fetch });
    const abort = new AbortController();
    const label = `${kind.name} ${kind.transport}`;
    const call = official.call('slow', { ms: 60_000, label }, { signal: abort.signal });
    const facts = (type: string) => readJournal(journal).filter((fact) => fact.type === type);
    const started = await vi.waitUntil(
      () => facts('call').find((fact) => fact.arguments?.['label'] === label),
      PATIENCE,
    );
    if (kind.transport === 'Streamable HTTP')
      await vi.waitUntil(() => recorded.open('POST') === 1, PATIENCE);
    abort.abort('enough');
    await expect(call).rejects.toThrow('enough');
    const { pid, id } = started;
    await vi.waitUntil(
      () => facts('cancelled').some((fact) => fact.pid === pid && fact.id === id),
      PATIENCE,
    );
    await vi.waitUntil(() => recorded.open('POST') === 0, PATIENCE);
    expect(await official.call('echo', { text: 'still here' })).toBe('still here');
  });

  test('F-71: a call whose process exits fails at once with how it ended', async () => {
    const official = await connect(kind, 'crashing');
    await expect(official.call('exit', { code: 3 })).rejects.toThrow(/code 3/u);
  });

  test('works with server-filesystem', async () => {
    const official = await connect(kind, 'filesystem');
    const allowed = (await official.call('list_allowed_directories')).split('\n')[1] ?? '';
    const path = `${allowed}/${kind.name.replace(/\W/gu, '-')}-${kind.transport}.txt`;
    await official.call('write_file', { path, content: 'line one\nline two\n' });
    expect(await official.call('read_text_file', { path })).toBe('line one\nline two\n');
    expect(await official.call('list_directory', { path: allowed })).toContain(kind.transport);
  });

  test("keeps a session's state in its own process", async () => {
    const [one, other] = [await connect(kind, 'everything'), await connect(kind, 'everything')];
    expect(await one.call('toggle-simulated-logging')).toContain('Started');
    expect(await other.call('toggle-simulated-logging')).toContain('Started');
    expect(await one.call('toggle-simulated-logging')).toContain('Stopped');
  });

  test('works with server-memory: what a session writes, a later one reads', async () => {
    const official = await connect(kind, 'memory');
    const name = `${kind.name} ${kind.transport}`;
    const entity = { name, entityType: 'client', observations: ['was here'] };
    await official.call('create_entities', { entities: [entity] });
    const found = async (client: OfficialClient): Promise<unknown> =>
      JSON.parse(await client.call('search_nodes', { query: name }));
    expect(await found(official)).toMatchObject({ entities: [entity] });
    await official.end();
    expect(await found(await connect(kind, 'memory'))).toMatchObject({ entities: [entity] });
  });
});

const STREAMABLE = OFFICIAL_CLIENTS.filter(({ transport }) => transport === 'Streamable HTTP');

describe.each(STREAMABLE)('$name over $transport', (kind) => {
  test('a call it cancelled leaves it in peace: it does not come back for ever to a stream that is over', async () => {
    const recorded = recordFetch();
    const official = await connect(kind, 'echo', { fetch: recorded.fetch });
    const abort = new AbortController();
    const cancelled = official.call('slow', { ms: 60_000 }, { signal: abort.signal });
    await vi.waitUntil(() => recorded.open('POST') === 1, PATIENCE);
    abort.abort('enough');
    await expect(cancelled).rejects.toThrow('enough');
    // The client asks for what follows a stream that ended without an answer; 204 says that nothing does.
    const resumed = () => recorded.exchanges.filter(({ lastEventId }) => lastEventId !== null);
    await vi.waitUntil(() => resumed().length === 1, PATIENCE);
    expect(resumed()).toMatchObject([{ status: 204 }]);
    expect(recorded.open('GET')).toBe(1);
    expect(official.errors).toEqual([]);
  });
});

test('the end of a session is the end of its process, for every client and transport', async () => {
  const ended = OFFICIAL_CLIENTS.map(async (kind) => {
    const official = await connect(kind, 'echo');
    const { pid } = JSON.parse(await official.call('whoami')) as { pid: number };
    expect(await bridge.processesLeft()).toContain(pid);
    await official.end();
    // HTTP+SSE has no word for the end: the edge notices with its next keep-alive that nobody reads.
    await vi.waitUntil(async () => !(await bridge.processesLeft()).includes(pid), PATIENCE);
  });
  await Promise.all(ended);
});
