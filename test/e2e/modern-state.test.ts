// Clients of 2026-07-28 with a server that keeps state, through the whole chain: one process for each client, notifications in
// both directions, and the end of a process that answers nobody.
import { beforeAll, describe, expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder, type JournalFact } from './journal.ts';
import { askModern, listenModern, type ModernOptions } from './raw-modern.ts';
import { fixture, messageOf, textOf } from './raw-session.ts';

const ELICITATION = { elicitation: { form: {} } };
const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const echo = { command: process.execPath, args: [fixture('echo')], env: { JOURNAL: journal } };
  const silent = { requestTimeout: '1s' };
  bridge = await startBridge({
    servers: {
      counter: echo,
      notified: echo,
      fresh: echo,
      victim: echo,
      stateless: { ...echo, bridge: { stateless: true } },
      wedged: { ...echo, bridge: silent },
      slow: { ...echo, args: [fixture('slow-start'), '3000'] },
    },
  });
  return async () => {
    await bridge.stop();
    remove();
  };
});

const facts = (): JournalFact[] => readJournal(journal);

async function call(server: string, name: string, options: ModernOptions = {}): Promise<string> {
  const params = { name, ...options.params };
  return textOf(
    messageOf(await askModern(bridge.url, server, 'tools/call', { ...options, params })),
  );
}

const as = (name: string): ModernOptions => ({
  meta: { [CLIENT_INFO]: { name, version: '1' } },
});

describe('[F-200] five parallel calls of one client', () => {
  test.each<[string, ModernOptions]>([
    ['elicitation', { ...as('elicits'), capabilities: ELICITATION }],
    ['all there is', { ...as('all'), capabilities: { ...ELICITATION, sampling: {}, roots: {} } }],
    ['roots', { ...as('roots'), capabilities: { roots: {} } }],
    ['nothing', as('nothing')],
    ['a log level', { meta: { ...as('logs').meta, [LOG_LEVEL]: 'debug' } }],
  ])('who declares %s meet one state', async (_, options) => {
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => call('counter', 'inc', options)));
    const counted = answers.map((text) => JSON.parse(text) as { count: number; pid: number });
    expect(new Set(counted.map(({ count }) => count))).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(new Set(counted.map(({ pid }) => pid)).size).toBe(1);
  });

  test('of a server without state run side by side when one waits for its client', async () => {
    const options = { capabilities: ELICITATION };
    const params = { arguments: { kind: 'elicitation' } };
    const asked = await askModern(bridge.url, 'stateless', 'tools/call', {
      ...options,
      params: { name: 'ask', ...params },
    });
    expect(messageOf(asked).result).toMatchObject({ resultType: 'input_required' });
    const other = JSON.parse(await call('stateless', 'inc', options)) as { pid: number };
    const asking = facts().find(({ tool, arguments: args }) => tool === 'ask' && args?.['kind']);
    expect(other.pid).not.toBe(asking?.pid);
  });
});

describe('[F-202] notifications of their own', () => {
  const notify = (server: string, method: string, name?: string) =>
    askModern(bridge.url, server, method, {
      ...(name !== undefined && as(name)),
      isNotification: true,
    });

  test('of a server reach the call that runs', async () => {
    const params = { name: 'beat', arguments: { n: 2 } };
    const stream = await listenModern(bridge.url, 'notified', 'tools/call', { params });
    const seen = await stream.rest();
    expect(seen.map(({ data }) => JSON.parse(data) as object)).toMatchObject([
      { method: 'acme/heartbeat', params: { beat: 1 } },
      { method: 'acme/heartbeat', params: { beat: 2 } },
      { result: { resultType: 'complete' } },
    ]);
  });

  test('of a client reach its server, without what only the bridge reads', async () => {
    await call('notified', 'inc');
    const { status } = await notify('notified', 'acme/hello', 'raw');
    expect(status).toBe(202);
    await vi.waitUntil(
      () => facts().some(({ line }) => line?.includes('acme/hello') === true),
      PATIENCE,
    );
    const line = facts().find((fact) => fact.line?.includes('acme/hello'))?.line ?? '';
    expect(JSON.parse(line)).toEqual({ jsonrpc: '2.0', method: 'acme/hello', params: {} });
  });

  test('of a client that nothing can take are refused in words', async () => {
    const early = await notify('fresh', 'acme/hello');
    expect([early.status, messageOf(early).error]).toMatchObject([400, { code: -32600 }]);
    expect(messageOf(early).error?.message).toContain('Send a request first');
    await call('fresh', 'inc');
    for (const [method, name] of [
      ['notifications/initialized', 'raw'],
      ['acme/hello', 'stranger'],
    ] as const) {
      const answer = await notify('fresh', method, name);
      expect([answer.status, messageOf(answer).error]).toMatchObject([400, { code: -32600 }]);
    }
  });
});

test('[F-206] a call shows its first bytes at once, whatever has to be started behind it', async () => {
  const params = { name: 'echo', arguments: { text: 'slowly' } };
  const isCalled = (): boolean =>
    facts().some(({ arguments: args }) => args?.['text'] === 'slowly');
  const stream = await listenModern(bridge.url, 'slow', 'tools/call', { params });
  await vi.waitUntil(() => stream.comments.length > 0, PATIENCE);
  expect(isCalled()).toBe(false);
  const [last] = await stream.rest();
  expect(JSON.parse(last?.data ?? '')).toMatchObject({ result: { resultType: 'complete' } });
  expect(isCalled()).toBe(true);
});

test('[F-203] guessed ids cancel nobody’s call', async () => {
  const slow = call('victim', 'slow', { id: 3, params: { arguments: { ms: 1_500 } } });
  await vi.waitUntil(
    () => facts().some(({ tool, arguments: args }) => tool === 'slow' && args?.['ms'] === 1_500),
    PATIENCE,
  );
  for (const requestId of [1, 2, 3, 4, '3', 'bridge:1']) {
    const params = { requestId };
    const options = { ...as('thief'), isNotification: true, params };
    const { status } = await askModern(bridge.url, 'victim', 'notifications/cancelled', options);
    expect(status).toBe(400);
  }
  expect(await slow).toBe('waited 1500 ms');
});

test('[F-204] a process that answers nobody any more is ended within seconds, and the next call meets another', async () => {
  const first = JSON.parse(await call('wedged', 'inc', as('one'))) as { pid: number };
  const params = { name: 'wedge' };
  const wedged = await askModern(bridge.url, 'wedged', 'tools/call', { ...as('one'), params });
  expect(messageOf(wedged).error).toMatchObject({ data: { fault: 'deadline' } });
  // Clients that ask before that get an answer as well, and nobody waits longer than it takes.
  await vi.waitUntil(() => !isAlive(first.pid), { timeout: 15_000, interval: 50 });
  const second = JSON.parse(await call('wedged', 'inc', as('one'))) as {
    pid: number;
    count: number;
  };
  expect(second.count).toBe(1);
  expect(second.pid).not.toBe(first.pid);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
