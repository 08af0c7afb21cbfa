// Servers that answer as no specification says, through the whole bridge, for clients of all three kinds: what every direct
// client accepts arrives, and what cannot be read ends its call at once.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startBridge, type Bridge } from './harness.ts';
import { askModern } from './raw-modern.ts';
import {
  askForSession,
  fixture,
  messageOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type Message,
} from './raw-session.ts';

const TAKEN = [
  'string-ids',
  'float-ids',
  'error-null',
  'bom',
  'escapes',
  'pretty',
  'bytes',
  'deep',
];
const UNREADABLE = ['nan', 'id-zero', 'id-null', 'python', 'cut', 'utf16'];

/** Well above the bridge's own doubt, well below any deadline. */
const SOON_MS = 15_000;

let bridge: Bridge;

beforeAll(async () => {
  const odd = (how: string, methods?: string, start = '30s') => ({
    command: process.execPath,
    args: [fixture('odd-answers'), how, ...(methods === undefined ? [] : [methods])],
    bridge: { startTimeout: start, requestTimeout: '60s' },
  });
  bridge = await startBridge({
    servers: {
      ...Object.fromEntries(TAKEN.map((how) => [how, odd(how)])),
      ...Object.fromEntries(UNREADABLE.map((how) => [how, odd(how, 'tools/call')])),
      echo: { command: process.execPath, args: [fixture('echo')] },
      framed: odd('framed'),
      banner: odd('banner', undefined, '3s'),
      zero: odd('id-zero'),
      'framed-again': odd('framed'),
      'banner-again': odd('banner', undefined, '3s'),
      'zero-again': odd('id-zero'),
    },
  });
});

afterAll(() => bridge.stop());

async function within<T>(work: Promise<T>): Promise<T> {
  const from = performance.now();
  const done = await work;
  expect(performance.now() - from).toBeLessThan(SOON_MS);
  return done;
}

const modernCall = async (server: string): Promise<Message> =>
  messageOf(
    await askModern(bridge.url, server, 'tools/call', { params: { name: 'echo', arguments: {} } }),
  );

describe.each(TAKEN)('[F-110] a server with %s', (server) => {
  test('serves a legacy client', async () => {
    const session = await openSession(bridge, server);
    expect(textOf(await session.call('echo'))).toBe('hello');
    expect((await session.end()).status).toBe(204);
  });

  test('serves a 2026-07-28 client', async () => {
    expect(textOf(await modernCall(server))).toBe('hello');
  });
});

describe.each(UNREADABLE)('[F-112] a server that answers a call with %s', (server) => {
  test('is told to a legacy client at once, and the session goes on', async () => {
    const session = await openSession(bridge, server);
    const answer = await within(session.post(toolCall(7, 'echo')));
    expect(messageOf(answer)).toMatchObject({ id: 7, error: { code: 42008 } });
    const list = await session.post('{"jsonrpc":"2.0","id":8,"method":"tools/list"}');
    expect(messageOf(list)).toMatchObject({ id: 8, result: {} });
    expect((await session.end()).status).toBe(204);
  });

  test('is told to a 2026-07-28 client at once', async () => {
    expect(await within(modernCall(server))).toMatchObject({ error: { code: 42008 } });
  });
});

describe('[F-114] a server that answers no initialize', () => {
  test.each([
    ['framed', 42_004, 'Content-Length'],
    ['banner', 42_004, 'Server listening on http://localhost:3000'],
    ['zero', 42_008, 'its id is that of no waiting request'],
  ])('%s is told with what was heard', async (server, code, words) => {
    const legacy = messageOf(await within(askForSession(bridge, server)));
    expect(legacy).toMatchObject({ error: { code } });
    expect(legacy.error?.message).toContain(words);
    // Another server of its kind: a process that goes on starting has said already what it says.
    const modern = await within(modernCall(`${server}-again`));
    expect(modern).toMatchObject({ error: { code } });
    expect(modern.error?.message).toContain(words);
  });
});

describe('[F-116] an answer of the client that is refused', () => {
  const huge = 'x'.repeat(5 * 1024 * 1024);
  const deep = '['.repeat(200) + ']'.repeat(200);

  test.each([
    [
      'too large, its id behind it',
      413,
      (id: string) => `{"result":{"text":"${huge}"},"jsonrpc":"2.0","id":${id}}`,
    ],
    [
      'too large, its id in front',
      413,
      (id: string) => `{"jsonrpc":"2.0","id":${id},"result":{"text":"${huge}"}}`,
    ],
    ['too deep', 400, (id: string) => `{"result":{"a":${deep}},"jsonrpc":"2.0","id":${id}}`],
    ['no JSON', 400, (id: string) => `{"jsonrpc":"2.0","id":${id},"result":{"a":NaN}}`],
  ])('ends the question at the server: %s', async (_what, status, answer) => {
    const session = await openSession(bridge, 'echo', { capabilities: { roots: {} } });
    const stream = await session.postStream(toolCall(1, 'ask', { kind: 'roots' }));
    const asked = JSON.parse((await stream.nextMessage())?.data ?? '') as Message;
    expect((await session.post(answer(JSON.stringify(asked.id)))).status).toBe(status);
    const [last] = await within(stream.rest());
    const told = JSON.parse(textOf(JSON.parse(last?.data ?? '') as Message)) as object;
    expect(told).toMatchObject({ error: { code: -32603 } });
    expect((await session.end()).status).toBe(204);
  });

  test.each([
    ['another Content-Type', 415, { 'Content-Type': 'text/plain' }],
    ['an Accept that nothing answers to', 406, { Accept: 'text/html' }],
    ['another revision', 400, { 'MCP-Protocol-Version': '1999-01-01' }],
  ])('ends the question at the server: %s', async (_what, status, headers) => {
    const session = await openSession(bridge, 'echo', { capabilities: { roots: {} } });
    const stream = await session.postStream(toolCall(1, 'ask', { kind: 'roots' }));
    const { id } = JSON.parse((await stream.nextMessage())?.data ?? '') as Message;
    const answer = JSON.stringify({ jsonrpc: '2.0', id, result: { roots: [] } });
    expect((await session.post(answer, headers)).status).toBe(status);
    const [last] = await within(stream.rest());
    const told = JSON.parse(textOf(JSON.parse(last?.data ?? '') as Message)) as object;
    expect(told).toMatchObject({ error: { code: -32603 } });
    expect((await session.end()).status).toBe(204);
  });

  test('ends the question over HTTP+SSE too', async () => {
    const sse = await SseSession.open(bridge, 'echo', { capabilities: { roots: {} } });
    await sse.post(toolCall(1, 'ask', { kind: 'roots' }));
    const asked = await sse.next();
    const answer = `{"result":{"text":"${huge}"},"jsonrpc":"2.0","id":${JSON.stringify(asked.id)}}`;
    expect((await sse.post(answer)).status).toBe(413);
    expect(JSON.parse(textOf(await within(sse.next())))).toMatchObject({ error: { code: -32603 } });
  });
});
