// The legacy transports as the specs describe them, as raw HTTP: HTTP+SSE of 2024-11-05, Streamable HTTP since 2025-03-26.
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { ask, listen, type Answer } from './raw-http.ts';
import {
  askForSession,
  fixture,
  initialize,
  messageOf,
  messagesOf,
  openSession,
  POST_HEADERS,
  SseSession,
  textOf,
  toolCall,
  type Message,
  type RawSession,
} from './raw-session.ts';
import { untilGone } from './runner-facts.ts';

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
  });
});
afterAll(() => bridge.stop());

async function open(revision?: string): Promise<RawSession> {
  const session = await openSession(bridge, 'echo', revision === undefined ? {} : { revision });
  onTestFinished(() => session.end().then(() => undefined));
  return session;
}

describe('HTTP+SSE of 2024-11-05', () => {
  test('the first event is the endpoint: a reference to this edge, with a session id of its own', async () => {
    const references: string[] = [];
    for (let n = 0; n < 2; n++) {
      const stream = await listen(bridge.url, {
        path: '/echo/sse',
        headers: { Accept: 'text/event-stream' },
      });
      expect(stream.status).toBe(200);
      expect(stream.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
      });
      expect(stream.headers).not.toHaveProperty('mcp-session-id');
      const first = await stream.next();
      expect(first).toMatchObject({ id: undefined, event: 'endpoint' });
      references.push(first?.data ?? '');
      stream.destroy();
    }
    for (const reference of references)
      expect(reference).toMatch(/^\?sessionId=[\w-]{22}\.[\w-]{22}&server=echo$/u);
    expect(references[0]).not.toBe(references[1]);
  });

  test('each POST gets 202 without an answer, and the answers come on the stream without ids', async () => {
    const session = await SseSession.open(bridge, 'echo');
    for (const text of ['first', 'second']) {
      const answer = await session.post(toolCall(text, 'echo', { text }));
      expect(answer).toMatchObject({ status: 202, body: 'Accepted' });
    }
    for (const text of ['first', 'second']) {
      const event = await session.stream.nextMessage();
      expect(event).toMatchObject({ id: undefined, event: 'message' });
      const message = JSON.parse(event?.data ?? '') as Message;
      expect(message.id).toBe(text);
      expect(textOf(message)).toBe(text);
    }
    session.stream.destroy();
  });

  test('progress and a slow answer come on the stream, in the order of the process', async () => {
    const session = await SseSession.open(bridge, 'echo');
    await session.post(toolCall('slow', 'slow', { ms: 400 }));
    await session.post(toolCall('progress', 'progress', { n: 3 }, { progressToken: 'token' }));
    const messages: Message[] = [];
    for (let n = 0; n < 5; n++) messages.push(await session.next());
    expect(messages).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'token', progress: 1 } },
      { method: 'notifications/progress', params: { progressToken: 'token', progress: 2 } },
      { method: 'notifications/progress', params: { progressToken: 'token', progress: 3 } },
      { id: 'progress' },
      { id: 'slow' },
    ]);
    session.stream.destroy();
  });

  test('a client that needs no Accept header on its POSTs is served', async () => {
    const session = await SseSession.open(bridge, 'echo');
    const answer = await ask(bridge.url, {
      method: 'POST',
      path: session.path,
      headers: { 'Content-Type': 'application/json' },
      body: toolCall(1, 'echo', { text: 'no Accept' }),
    });
    expect(answer.status).toBe(202);
    expect(textOf(await session.next())).toBe('no Accept');
    session.stream.destroy();
  });

  test('the session and its process end with the stream', async () => {
    const session = await SseSession.open(bridge, 'echo');
    const { pid } = JSON.parse(textOf(await session.call('whoami'))) as { pid: number };
    session.stream.destroy();
    // What is written shows that nobody reads; a stream where nothing is said has its keep-alives for that.
    await session.post(toolCall(2, 'notify', { n: 3 }));
    await untilGone(pid);
    expect((await session.post(toolCall(3, 'echo'))).status).toBe(404);
  });

  test('[F-23] the session id of one transport is unknown on the other', async () => {
    const streamable = await open();
    const sse = await SseSession.open(bridge, 'echo');
    const sseId = new URL(sse.path, bridge.url).searchParams.get('sessionId') ?? '';
    const [byHeader, byUrl] = await Promise.all([
      ask(bridge.url, {
        method: 'POST',
        path: '/echo/mcp',
        headers: { ...POST_HEADERS, 'Mcp-Session-Id': sseId },
        body: toolCall(1, 'echo', { text: 'crossed' }),
      }),
      ask(bridge.url, {
        method: 'POST',
        path: `/echo/message?sessionId=${streamable.id}`,
        headers: POST_HEADERS,
        body: toolCall(1, 'echo', { text: 'crossed' }),
      }),
    ]);
    expect([byHeader.status, byUrl.status]).toEqual([404, 404]);
    expect(textOf(await streamable.call('echo', { text: 'streamable' }))).toBe('streamable');
    expect(textOf(await sse.call('echo', { text: 'sse' }, 'sse'))).toBe('sse');
    sse.stream.destroy();
  });
});

describe('Streamable HTTP', () => {
  test('initialize returns the session id, as visible ASCII, and no other answer does', async () => {
    const answer = await askForSession(bridge, 'echo');
    expect(answer.headers['mcp-session-id']).toMatch(/^[\x21-\x7e]+$/u);
    const session = await open();
    expect((await session.post(toolCall(1, 'echo'))).headers).not.toHaveProperty('mcp-session-id');
    const path = '/echo/mcp';
    const headers = { 'Mcp-Session-Id': String(answer.headers['mcp-session-id']) };
    expect((await ask(bridge.url, { method: 'DELETE', path, headers })).status).toBe(204);
  });

  test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'a session on %s: requests answered, notifications and responses taken with 202',
    async (revision) => {
      const session = await open(revision);
      expect(textOf(await session.call('echo', { text: revision }))).toBe(revision);
      for (const body of [
        '{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}',
        '{"jsonrpc":"2.0","id":"nobody-asked","result":{}}',
        '{"jsonrpc":"2.0","id":"nobody-asked","error":{"code":1,"message":"no"}}',
      ]) {
        expect(await session.post(body)).toMatchObject({ status: 202, body: '' });
      }
    },
  );

  test('a quick answer is one JSON body, a slow one a stream, and both are complete', async () => {
    const session = await open('2025-11-25');
    const quick = await session.post(toolCall(1, 'echo', { text: 'quick' }));
    expect(quick.headers['content-type']).toBe('application/json');
    expect(textOf(messageOf(quick))).toBe('quick');
    const slow = await session.post(toolCall(2, 'slow', { ms: 600 }));
    expect(slow.headers['content-type']).toBe('text/event-stream');
    expect(textOf(messageOf(slow))).toBe('waited 600 ms');
  });

  test('a stream begins with an event to resume from since 2025-11-25, and not before', async () => {
    for (const [revision, primed] of [
      ['2025-11-25', true],
      ['2025-06-18', false],
    ] as const) {
      const session = await open(revision);
      const stream = await session.postStream(toolCall(1, 'slow', { ms: 400 }));
      const first = await stream.next();
      expect(first?.data === '').toBe(primed);
      expect(first?.id).toMatch(/^[\w-]+\.[01]$/u);
      await stream.rest();
    }
  });

  test('[R-4] a client that lost its POST resumes behind the event it saw last', async () => {
    const session = await open('2025-11-25');
    const lost = await session.postStream(
      toolCall(1, 'progress', { n: 5, ms: 100 }, { progressToken: 'p' }),
    );
    await lost.nextMessage();
    const seen = await lost.nextMessage();
    lost.destroy();
    const resumed = await session.get({ 'Last-Event-ID': seen?.id ?? '' });
    expect(resumed.status).toBe(200);
    const messages = (await resumed.rest()).map(({ data }) => JSON.parse(data) as Message);
    expect(messages).toMatchObject([
      { params: { progress: 3 } },
      { params: { progress: 4 } },
      { params: { progress: 5 } },
      { id: 1 },
    ]);
  });

  test('DELETE ends the session and its process; a second one finds nothing', async () => {
    const session = await openSession(bridge, 'echo');
    const { pid } = await session.whoami();
    const standing = await session.get();
    expect(await session.end()).toMatchObject({ status: 204, body: '' });
    expect(await standing.rest()).toEqual([]);
    await untilGone(pid);
    expect((await session.end()).status).toBe(404);
  });

  test('DELETE at the same time as calls leaves each with one answer', async () => {
    const session = await openSession(bridge, 'echo');
    const calls = Array.from({ length: 10 }, (_, id) =>
      session.post(toolCall(id, 'slow', { ms: 50 })),
    );
    const ends = [session.end(), session.end()];
    const answers: Answer[] = await Promise.all(calls);
    for (const [id, answer] of answers.entries()) {
      expect(messagesOf(answer)).toHaveLength(1);
      expect(messageOf(answer).id).toBe(id);
    }
    for (const { status } of await Promise.all(ends)) expect([204, 404]).toContain(status);
  });

  test('many sessions opened at once each have a process of their own', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => open()));
    const pids = await Promise.all(sessions.map(async (session) => (await session.whoami()).pid));
    expect(new Set(pids).size).toBe(8);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(8);
  });

  test('a session whose client never sends initialized still ends', async () => {
    const answer = await ask(bridge.url, {
      method: 'POST',
      path: '/echo/mcp',
      headers: POST_HEADERS,
      body: initialize(),
    });
    const headers = { 'Mcp-Session-Id': String(answer.headers['mcp-session-id']) };
    const end = await ask(bridge.url, { method: 'DELETE', path: '/echo/mcp', headers });
    expect(end.status).toBe(204);
  });

  test('nothing is left when all is over', async () => {
    // That a client has left may be noticed with the next keep-alive only.
    await vi.waitFor(async () => expect(await bridge.processesLeft()).toEqual([]), PATIENCE);
  });
});
