// Many requests on one session and many sessions on one server: every answer goes where it belongs, and nowhere else.
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import {
  OFFICIAL_CLIENTS,
  type OfficialClient,
  type OfficialClientKind,
} from './official-clients.ts';
import { EventReader, messagesOf, RawClient } from './raw-client.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/servers/${name}.mjs`, import.meta.url));

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
  });
  return () => bridge.stop();
});

async function open(): Promise<RawClient> {
  const client = await RawClient.open(bridge.mcpUrl('echo'));
  onTestFinished(async () => void (await client.delete()));
  return client;
}

const answerOf = (id: number, text: string): object => ({
  jsonrpc: '2.0',
  id,
  result: { content: [{ type: 'text', text }], isError: false },
});

test('F-16: requests in flight with one and the same id are each answered on their own POST', async () => {
  const client = await open();
  const asked = [client.call(1, 'slow', { ms: 700 }), client.call(1, 'slow', { ms: 500 })];
  asked.push(client.call(1, 'echo', { text: 'at once' }));
  const answers = await Promise.all(asked.map(async (response) => messagesOf(await response)));
  expect(answers).toEqual([
    [answerOf(1, 'waited 700 ms')],
    [answerOf(1, 'waited 500 ms')],
    [answerOf(1, 'at once')],
  ]);
});

test('F-16: progress under one and the same token goes to the POST of its own call', async () => {
  const client = await open();
  const meta = { progressToken: 'token' };
  const asked = [2, 3].map((n) => client.call(1, 'progress', { n, ms: 150 }, meta));
  const answers = await Promise.all(asked.map(async (response) => messagesOf(await response)));
  const expected = [2, 3].map((n) => [
    ...Array.from({ length: n }, (_, index) => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 'token', progress: index + 1, total: n },
    })),
    answerOf(1, `reported ${n} times`),
  ]);
  expect(answers).toEqual(expected);
});

test('R-4: an answered stream that a client resumes at its start is told again, event by event', async () => {
  const client = await open();
  const response = await client.call(1, 'progress', { n: 3, ms: 150 }, { progressToken: 7 });
  const [priming, ...events] = await new EventReader(response).rest();
  expect(priming?.data).toBe('');
  expect(events).toHaveLength(4);
  const again = await new EventReader(await client.get(priming?.id)).rest();
  expect(again).toEqual(events);
  const tail = await new EventReader(await client.get(events[1]?.id)).rest();
  expect(tail).toEqual(events.slice(2));
  const nothing = await client.get(events.at(-1)?.id);
  expect(nothing.status).toBe(204);
});

test('F-27: an event id of another session is unknown here', async () => {
  const [one, other] = [await open(), await open()];
  const response = await one.call(1, 'progress', { n: 2, ms: 300 }, { progressToken: 7 });
  const events = await new EventReader(response).rest();
  expect(events.length).toBeGreaterThan(0);
  for (const { id } of events) expect((await other.get(id)).status).toBe(404);
});

test('F-23: after its end a session is unknown, and unknown sessions look alike', async () => {
  const client = await open();
  expect((await client.delete()).status).toBe(204);
  const refused = await client.call(1, 'echo', {});
  expect(refused.status).toBe(404);
  expect(await refused.json()).toMatchObject({
    id: 1,
    error: { data: { fault: 'session_not_found' } },
  });
});

describe.each(OFFICIAL_CLIENTS)('$name over $transport', (kind) => {
  test('R-9: two sessions never see a message of each other', async () => {
    const names = ['one', 'other'];
    const sessions = await Promise.all(names.map(() => connect(kind)));
    const pairs = names.map((name, index) => ({ name, official: sessions[index] }));
    // Both do the same at the same time, with equal ids and tokens; the notifications tell whose they are.
    await Promise.all(pairs.map(({ name, official }) => chatter(official, name)));
    for (const { name, official } of pairs) {
      const heard = official?.notifications.map(({ params }) => params?.['data']);
      expect(heard).toEqual(Array.from({ length: ROUNDS }, () => name));
    }
  });
});

const ROUNDS = 10;

async function connect(kind: OfficialClientKind): Promise<OfficialClient> {
  const official = await kind.connect(new URL('/echo', bridge.url));
  onTestFinished(() => official.end().catch(() => undefined));
  return official;
}

async function chatter(official: OfficialClient | undefined, name: string): Promise<void> {
  const params = { level: 'info', data: name };
  const line = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params });
  for (let round = 0; round < ROUNDS; round += 1) {
    const [text] = await Promise.all([
      official?.call('echo', { text: name }),
      official?.call('raw', { text: line }),
    ]);
    expect(text).toBe(name);
  }
  await vi.waitUntil(() => official?.notifications.length === ROUNDS, PATIENCE);
}
