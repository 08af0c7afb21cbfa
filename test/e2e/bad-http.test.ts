// Bad HTTP (test/faults.ts) through the whole bridge: what is refused never reaches the runner, let alone a process.
import { gzipSync } from 'node:zlib';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { CLIENT_MESSAGE_BYTES } from '../../shared/limits.ts';
import { startBridge, type Bridge } from './harness.ts';
import { ask, listen, RawConnection, type Answer } from './raw-http.ts';
import {
  BOTH,
  fixture,
  initialize,
  messageOf,
  openSession,
  POST_HEADERS,
  SseSession,
  textOf,
  toolCall,
} from './raw-session.ts';
import { sessionsOpened } from './runner-facts.ts';

const key = mintClientKey();
const authorized = { Authorization: `Bearer ${key}` };
const server = { command: process.execPath, args: [fixture('echo')] };

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: server, private: server },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ alice: { key: hashCredential(key), servers: ['echo'] } }),
    },
  });
});
afterAll(() => bridge.stop());

const post = (
  headers: Record<string, string>,
  body: string | Uint8Array = initialize(),
  path = '/echo/mcp',
): Promise<Answer> => ask(bridge.url, { method: 'POST', path, headers, body });

/** 100 MiB as 100 KB. */
const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, ' '));

const head = (lines: readonly string[], path = '/echo/mcp'): string =>
  [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(bridge.url).host}`,
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Accept: ${BOTH}`,
    ...lines,
    '',
    '',
  ].join('\r\n');

/** Ends a session that was opened only to see that it can be. */
async function end({ headers }: Answer): Promise<void> {
  const id = String(headers['mcp-session-id']);
  const path = '/echo/mcp';
  const asked = { method: 'DELETE', path, headers: { 'Mcp-Session-Id': id, ...authorized } };
  expect((await ask(bridge.url, asked)).status).toBe(204);
}

describe('refused before anything is opened', () => {
  let before: number;
  async function expectNothingOpened(): Promise<void> {
    expect(await sessionsOpened(bridge)).toBe(before);
    expect(await bridge.processesLeft()).toEqual([]);
  }
  beforeEach(async () => {
    before = await sessionsOpened(bridge);
  });
  afterEach(expectNothingOpened);

  test.each(['/echo/mcp', '/echo/message?sessionId=none'])(
    '[F-01] a body announced as 4 MiB + 1 is refused before a byte of it was sent: %s',
    async (path) => {
      const connection = new RawConnection(bridge.url);
      await connection.write(head([`Content-Length: ${CLIENT_MESSAGE_BYTES + 1}`], path));
      expect(await connection.status()).toBe(413);
      connection.destroy();
    },
  );

  test('[F-02] a chunked body is refused at 4 MiB and its connection closed', async () => {
    const connection = new RawConnection(bridge.url);
    await connection.write(head(['Transfer-Encoding: chunked']));
    const chunk = 'x'.repeat(64 * 1024);
    let sentBytes = 0;
    while (connection.received === '' && !connection.isClosed && sentBytes < 64 * 1024 * 1024) {
      await connection.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
      sentBytes += chunk.length;
    }
    expect(await connection.status()).toBe(413);
    await connection.closed();
    // What lies above the cap was on its way when the answer came: the buffers of the sockets.
    expect(sentBytes).toBeLessThan(CLIENT_MESSAGE_BYTES + 16 * 1024 * 1024);
  });

  test('[F-02] a length that lies low cuts the body there, and the rest is no request of ours', async () => {
    const connection = new RawConnection(bridge.url);
    const body = initialize();
    await connection.write(head([`Content-Length: ${body.length - 5}`]) + body + '\r\n\r\n');
    expect(await connection.status()).toBe(400);
    await connection.closed();
    expect(connection.received).toContain('"code":-32700');
    expect(connection.received).not.toMatch(/HTTP\/1\.1 2/u);
  });

  test('[F-02] Content-Length and Transfer-Encoding together open nothing', async () => {
    const connection = new RawConnection(bridge.url);
    const smuggled = head(['Content-Length: 0'], '/private/mcp');
    await connection.write(
      `${head(['Content-Length: 4', 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`,
    );
    expect(await connection.status()).toBe(400);
    connection.destroy();
  });

  test.each(['gzip', 'deflate', 'br', 'identity, gzip', 'x-unknown'])(
    '[F-03] a body encoded as %s is refused and never inflated',
    async (encoding) => {
      const headers = { ...POST_HEADERS, ...authorized, 'Content-Encoding': encoding };
      expect(await post(headers, bomb)).toMatchObject({ status: 415 });
    },
  );

  test.each([
    'text/plain',
    undefined,
    '',
    'application/jsonx',
    'application/json-patch+json',
    'text/html;application/json',
    'application/json, text/plain',
    'application/json;charset=utf-16',
    'multipart/form-data; boundary=application/json',
    'application/x-www-form-urlencoded',
  ])('[F-04] Content-Type %j is refused', async (type) => {
    const headers = {
      Accept: BOTH,
      ...authorized,
      ...(type !== undefined && { 'Content-Type': type }),
    };
    expect(await post(headers)).toMatchObject({ status: 415 });
  });

  test.each([
    undefined,
    'application/json',
    'text/event-stream',
    'application/json, text/event-stream;q=0',
    'text/html, */*;q=0',
    'image/*',
  ])('[F-05] a POST that accepts %j is refused at once', async (accept) => {
    const headers = {
      'Content-Type': 'application/json',
      ...authorized,
      ...(accept !== undefined && { Accept: accept }),
    };
    const answer = await post(headers);
    expect(answer.status).toBe(406);
    expect(messageOf(answer).error?.message).toContain('text/event-stream');
  });

  test.each(['/echo/mcp', '/echo/sse'])(
    '[F-05] a GET of %s that takes no event stream is refused',
    async (path) => {
      const headers = { ...authorized, Accept: 'application/json' };
      expect(await ask(bridge.url, { path, headers })).toMatchObject({ status: 406 });
    },
  );

  test.each([
    ['/echo/mcp', ['PUT', 'PATCH', 'TRACE', 'HEAD', 'PROPFIND'], 'POST, GET, DELETE'],
    ['/echo/sse', ['POST', 'PUT', 'DELETE', 'PATCH'], 'GET'],
    ['/echo/message', ['GET', 'PUT', 'DELETE'], 'POST'],
  ])('[F-06] %s refuses other methods and names its own', async (path, methods, allow) => {
    for (const method of methods) {
      const answer = await ask(bridge.url, { method, path, headers: authorized });
      expect([method, answer]).toMatchObject([method, { status: 405, headers: { allow } }]);
    }
  });

  test.each([
    '//echo/mcp',
    '/echo//mcp',
    '/echo/mcp/',
    '/echo/mcp//',
    '/%65cho/mcp',
    '/echo/%6dcp',
    '/echo%2fmcp',
    '/echo/mcp%00',
    '/echo/mcp%20',
    '/echo/mcp;v=1',
    '/ECHO/mcp',
    '/Echo/mcp',
    '/echo/MCP',
    '/%C3%A9cho/mcp',
    '/echo/%E2%82%AC',
    '/%e2%82/mcp',
    '/%252e%252e/echo/mcp',
    '/echo/..%2fprivate/mcp',
    '/private%2f..%2fecho/mcp',
    '/mcp',
    '/__proto__/mcp',
    '/constructor/mcp',
  ])('[F-07] %s is no route', async (path) => {
    const headers = { ...POST_HEADERS, ...authorized };
    expect(await post(headers, initialize(), path)).toMatchObject({ status: 404 });
  });

  test.each([
    '/private/mcp',
    '/echo/../private/mcp',
    '/echo/%2e%2e/private/mcp',
    '/echo/.%2E/private/mcp',
    '/./private/mcp',
    String.raw`/echo\..\private\mcp`,
    '/PRIVATE/mcp',
    '/private//mcp',
  ])("[F-07] %s does not lead to a server that the client's key does not open", async (path) => {
    const headers = { ...POST_HEADERS, ...authorized };
    expect(await post(headers, initialize(), path)).toMatchObject({ status: 404 });
  });

  test('[F-09] a client that leaves in the middle of its body has opened nothing', async () => {
    const body = initialize();
    const connection = new RawConnection(bridge.url);
    await connection.write(head([`Content-Length: ${body.length}`]) + body.slice(0, -5));
    connection.destroy();
    // Another exchange, begun later, is through: so the first had its time.
    expect((await ask(bridge.url, { path: '/healthz' })).status).toBe(200);
  });
});

describe('served, though close to the edge of what is refused', () => {
  test('[F-01] a body of exactly 4 MiB is served', async () => {
    const start = initialize();
    const padding = ' '.repeat(CLIENT_MESSAGE_BYTES - start.length);
    const answer = await post({ ...POST_HEADERS, ...authorized }, start + padding);
    expect(answer.status).toBe(200);
    await end(answer);
  });

  test('[F-01] a message of 4 MiB + 1 on HTTP+SSE is refused, and the session lives on', async () => {
    const session = await SseSession.open(bridge, 'echo', { key });
    const connection = new RawConnection(bridge.url);
    await connection.write(head([`Content-Length: ${CLIENT_MESSAGE_BYTES + 1}`], session.path));
    expect(await connection.status()).toBe(413);
    connection.destroy();
    expect(textOf(await session.call('echo', { text: 'alive' }))).toBe('alive');
    session.stream.destroy();
  });

  test('[F-01] arguments of nearly 4 MiB reach the process and come back', async () => {
    const session = await openSession(bridge, 'echo', { key });
    const text = 'é'.repeat((CLIENT_MESSAGE_BYTES - 200) / 2);
    expect(textOf(await session.call('echo', { text })) === text).toBe(true);
    await session.end();
  });

  test.each([
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;charset="UTF-8"',
  ])('[F-04] Content-Type %s is served', async (type) => {
    const answer = await post({ Accept: BOTH, ...authorized, 'Content-Type': type });
    expect(answer.status).toBe(200);
    await end(answer);
  });

  test.each(['*/*', 'application/*, text/*', 'text/event-stream;q=0.1, application/json;q=0.9'])(
    '[F-05] a POST that accepts %s is served',
    async (accept) => {
      const headers = { 'Content-Type': 'application/json', ...authorized, Accept: accept };
      const answer = await post(headers);
      expect(answer.status).toBe(200);
      await end(answer);
    },
  );

  test('[F-05] a GET that accepts everything is served', async () => {
    const session = await openSession(bridge, 'echo', { key });
    const stream = await listen(bridge.url, {
      path: session.path,
      headers: { ...session.headers, Accept: '*/*' },
    });
    expect(stream.status).toBe(200);
    expect(stream.headers['content-type']).toBe('text/event-stream');
    stream.destroy();
    await session.end();
  });

  test('[F-07] the exact route is served', async () => {
    const answer = await post({ ...POST_HEADERS, ...authorized }, initialize(), '/echo/mcp?utm=1');
    expect(answer.status).toBe(200);
    await end(answer);
  });

  test('[F-09] a slow body opens nothing until it is complete, and holds up nobody', async () => {
    const body = initialize();
    const before = await sessionsOpened(bridge);
    const slow = new RawConnection(bridge.url);
    await slow.write(head([`Content-Length: ${body.length}`, 'Connection: close']));
    for (const byte of body.slice(0, 20)) await slow.write(byte);

    const session = await openSession(bridge, 'echo', { key });
    expect(textOf(await session.call('echo', { text: 'in between' }))).toBe('in between');
    await session.end();
    expect(await sessionsOpened(bridge)).toBe(before + 1);
    expect(slow.received).toBe('');

    await slow.write(body.slice(20));
    expect(await slow.status()).toBe(200);
    expect(await sessionsOpened(bridge)).toBe(before + 2);
    const id = /mcp-session-id: (\S+)/iu.exec(slow.received)?.[1] ?? '';
    await end({ status: 200, headers: { 'mcp-session-id': id }, body: '' });
    slow.destroy();
  });

  test('requests on one kept connection are answered in turn', async () => {
    const session = await openSession(bridge, 'echo', { key });
    const connection = new RawConnection(bridge.url);
    const requests = ['first', 'second', 'third'].map((text, index) => {
      const body = toolCall(index, 'echo', { text });
      const lines = [`Mcp-Session-Id: ${session.id}`, `Content-Length: ${body.length}`];
      return head(lines) + body;
    });
    await connection.write(requests.join(''));
    await connection.until(/first.*second.*third/su);
    expect(connection.received).toMatch(/first.*second.*third/su);
    connection.destroy();
    await session.end();
  });
});
