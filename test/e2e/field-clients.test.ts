// Clients as they occur: behind proxies, with odd ways to resolve a URL, with revisions of their own, preferring a stream.
import { createServer, request as httpRequest, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { startBridge, type Bridge } from './harness.ts';
import { ask, listen, RawConnection } from './raw-http.ts';
import {
  BOTH,
  fixture,
  initialize,
  messageOf,
  openSession,
  POST_HEADERS,
  toolCall,
} from './raw-session.ts';

/** A server that answers every `initialize` with a revision of its own, as hand-written ones do. */
const OWN_REVISION = `
  const readline = require('node:readline');
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    const results = {
      initialize: { protocolVersion: process.argv[1], capabilities: { tools: {} }, serverInfo: { name: 'own', version: '1' } },
      'tools/list': { tools: [{ name: 'a', inputSchema: { type: 'object' } }] },
    };
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }));
  });
`;

let bridge: Bridge;

beforeAll(async () => {
  const own = (revision: string) => ({
    command: process.execPath,
    args: ['-e', OWN_REVISION, revision],
  });
  bridge = await startBridge({
    servers: {
      echo: { command: process.execPath, args: [fixture('echo')] },
      old: own('2024-10-07'),
      odd: own('draft-3'),
    },
  });
});
afterAll(() => bridge.stop());

/** A proxy that serves the edge under /gateway and tells it nothing of that. */
async function gateway(): Promise<string> {
  const edge = new URL(bridge.url);
  const proxy: Server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith('/gateway/')) return void outgoing.writeHead(404).end();
    const path = url.slice('/gateway'.length);
    const up = httpRequest(
      {
        host: edge.hostname,
        port: edge.port,
        method,
        path,
        headers: { ...headers, host: edge.host },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(up);
    outgoing.on('close', () => up.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/gateway`;
}

describe('[F-185] the endpoint event', () => {
  test.each(['directly', 'behind a proxy that takes a prefix off'])(
    'serves the official client %s',
    async (way) => {
      const base = way === 'directly' ? bridge.url : await gateway();
      const client = new Client({ name: 'field', version: '1' });
      await client.connect(new SSEClientTransport(new URL(`${base}/echo/sse`)));
      const { content } = await client.callTool({ name: 'echo', arguments: { text: 'there' } });
      expect(content).toEqual([{ type: 'text', text: 'there' }]);
      await client.close();
    },
  );

  test('leads to the session however a client puts its URL together', async () => {
    const stream = await listen(bridge.url, {
      path: '/echo/sse',
      headers: { Accept: 'text/event-stream' },
    });
    const reference = (await stream.next())?.data ?? '';
    const paths = ['/echo/sse', '/echo/sse/', '/echo/', '/echo', '/', '/echo/message'];
    for (const path of paths) {
      const wish = {
        method: 'POST',
        headers: POST_HEADERS,
        body: '{"jsonrpc":"2.0","method":"notifications/x"}',
      };
      const answer = await ask(bridge.url, { ...wish, path: `${path}${reference}` });
      expect([path, answer.status]).toEqual([path, 202]);
      const other = reference.replace('server=echo', 'server=old');
      const foreign = await ask(bridge.url, { ...wish, path: `/${other}` });
      expect(foreign.status).toBe(404);
    }
    stream.destroy();
  });
});

describe('[F-186] a revision that only client and server know', () => {
  test.each([
    ['old', '2024-10-07'],
    ['odd', 'draft-3'],
  ])('%s: %s is served on every method, and no other unknown one', async (server, revision) => {
    const session = await openSession(bridge, server, { revision });
    const asked = (header: string, method: string) =>
      ask(bridge.url, {
        method,
        path: `/${server}/mcp`,
        headers: { ...POST_HEADERS, ...session.headers, 'MCP-Protocol-Version': header },
        ...(method === 'POST' && { body: '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' }),
      });
    for (const method of ['POST', 'GET', 'DELETE'])
      expect((await asked('2023-01-01', method)).status).toBe(400);
    expect((await asked(revision, 'POST')).status).toBe(200);
    const stream = await listen(bridge.url, {
      path: `/${server}/mcp`,
      headers: {
        ...session.headers,
        Accept: 'text/event-stream',
        'MCP-Protocol-Version': revision,
      },
    });
    expect(stream.status).toBe(200);
    stream.destroy();
    expect((await asked(revision, 'DELETE')).status).toBe(204);
  });

  test('the official client goes on with it', async () => {
    const client = new Client({ name: 'field', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${bridge.url}/old/mcp`)));
    expect((await client.listTools()).tools).toHaveLength(1);
    await client.close();
  });

  test('[F-24] initialize with the id of a session that is gone begins nothing, and says so with 404', async () => {
    const session = await openSession(bridge, 'echo');
    const again = () =>
      ask(bridge.url, {
        method: 'POST',
        path: '/echo/mcp',
        headers: { ...POST_HEADERS, 'Mcp-Session-Id': session.id },
        body: initialize(),
      });
    expect((await again()).status).toBe(400);
    await session.end();
    expect((await again()).status).toBe(404);
  });
});

describe('[F-189] a request without a sensible place', () => {
  test.each([
    ['GET /healthz HTTP/1.1', 'a b'],
    ['GET /healthz HTTP/1.1', '[::1'],
    ['GET /healthz HTTP/1.1', '127.0.0.1:99999'],
    ['OPTIONS * HTTP/1.1', '127.0.0.1:1'],
  ])('%s, Host %s: 400, and no word in the log', async (line, host) => {
    const connection = new RawConnection(bridge.url);
    await connection.write(`${line}\r\nHost: ${host}\r\n\r\n`);
    expect(await connection.status()).toBe(400);
    expect(connection.received).not.toContain('-32603');
    connection.destroy();
  });
});

describe('[F-192] a client that would rather have a stream', () => {
  const call = (accept: string, meta?: object) =>
    openSession(bridge, 'echo', { revision: '2025-11-25' }).then(async (session) => {
      onTestFinished(() => session.end().then(() => undefined));
      return ask(bridge.url, {
        method: 'POST',
        path: '/echo/mcp',
        headers: { ...session.headers, ...POST_HEADERS, Accept: accept },
        body: toolCall(1, 'echo', { text: 'here' }, meta),
      });
    });

  test.each<[string, object | undefined]>([
    ['text/event-stream, application/json', undefined],
    ['application/json;q=0.5, text/event-stream', undefined],
    [BOTH, { progressToken: 'p' }],
  ])('%s, %j: an event with an id at once, then the answer', async (accept, meta) => {
    const answer = await call(accept, meta);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(answer.body).toMatch(/^id: \S+\.0\nretry: 1000\ndata: \n\n/u);
    expect(answer.body).toContain('"text":"here"');
  });

  test('all others get JSON', async () => {
    const answer = await call(BOTH);
    expect(answer.headers['content-type']).toBe('application/json');
  });

  test('what is refused before it began has its status', async () => {
    const session = await openSession(bridge, 'echo');
    await session.end();
    const answer = await ask(bridge.url, {
      method: 'POST',
      path: '/echo/mcp',
      headers: {
        ...session.headers,
        ...POST_HEADERS,
        Accept: 'text/event-stream, application/json',
      },
      body: toolCall(1, 'echo'),
    });
    expect(answer.status).toBe(404);
    expect(messageOf(answer).error?.code).toBe(42012);
  });
});
