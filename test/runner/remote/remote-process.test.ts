// A server at a URL over real connections: what breaks, what is too much, what must not be followed, and what is told of it.
import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { selfSigned } from '../../fixtures/self-signed.ts';
import { PATIENCE } from '../../fixtures/patience.ts';
import {
  eventOf,
  EVENTS_HEAD,
  initialized,
  JSON_HEAD,
  playServer,
  resultOf,
  startDriven,
} from './played-remote.ts';

const SECRET = 'Bearer sk-1234567890';

test('[F-790] a session: headers of the config in each request, an end that is told', async () => {
  const server = await playServer(
    initialized(({ method, message }, response) => {
      if (method === 'DELETE') response.writeHead(204).end();
      else if (method === 'GET') response.writeHead(405).end();
      else response.writeHead(200, JSON_HEAD).end(resultOf(message?.id, { ok: true }));
    }),
  );
  const driven = startDriven(server.url, { headers: { Authorization: SECRET } });
  await driven.begin();
  driven.write({ id: 2, method: 'tools/call' });
  expect(await driven.answerTo(2)).toMatchObject({ result: { ok: true } });
  const facts = await driven.process.terminate('done');
  expect(facts).toMatchObject({ reason: 'terminated', because: 'done' });
  const methods = server.requests.map(({ method }) => method);
  expect([methods.at(0), methods.at(-1)]).toEqual(['POST', 'DELETE']);
  expect(methods.toSorted()).toEqual(['DELETE', 'GET', 'POST', 'POST', 'POST']);
  expect(server.requests.every(({ headers }) => headers.authorization === SECRET)).toBe(true);
});

test('[F-791] a redirect is not followed, be it to another origin or within its own', async () => {
  const other = await playServer((_request, response) => response.writeHead(200).end());
  for (const location of [other.url, '/mcp/']) {
    const server = await playServer((_request, response) =>
      response.writeHead(307, { location }).end(),
    );
    const driven = startDriven(server.url, { headers: { Authorization: SECRET } });
    driven.write({ id: 1, method: 'initialize' });
    const facts = await driven.exit;
    expect(facts).toMatchObject({ reason: 'spawn_failed', spawnError: { code: 'HTTP 307' } });
    expect(JSON.stringify(facts)).not.toContain('sk-');
    expect(server.requests).toHaveLength(1);
  }
  expect(other.requests).toEqual([]);
});

test('[F-791] an endpoint of another origin gets nothing', async () => {
  const other = await playServer((_request, response) => response.writeHead(202).end());
  const server = await playServer((_request, response) => {
    response.writeHead(200, EVENTS_HEAD).write(`event: endpoint\n${eventOf(other.url)}`);
  });
  const driven = startDriven(server.url, { transport: 'sse', headers: { Authorization: SECRET } });
  driven.write({ id: 1, method: 'initialize' });
  expect(await driven.exit).toMatchObject({
    reason: 'spawn_failed',
    spawnError: { code: 'ORIGIN' },
  });
  expect(other.requests).toEqual([]);
});

test('[F-792] HTTP+SSE: found out by itself, and over when its stream is', async () => {
  let stream: ServerResponse | undefined;
  const server = await playServer(({ method, path, message }, response) => {
    if (method === 'GET') {
      stream = response.writeHead(200, EVENTS_HEAD);
      stream.write('event: endpoint\r\ndata: /post?session=1\r\n\r\n');
    } else if (path !== '/post?session=1')
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>');
    else {
      response.writeHead(202).end();
      if (message?.id !== undefined)
        stream?.write(`event: message\r\n${eventOf(resultOf(message.id, {}))}`);
    }
  });
  const driven = startDriven(server.url);
  await driven.begin();
  driven.write({ id: 2, method: 'ping' });
  expect(await driven.answerTo(2)).toMatchObject({ result: {} });
  stream?.end();
  expect(await driven.exit).toMatchObject({ reason: 'broken', because: 'closed its stream' });
});

test('[F-793] a stream that breaks in the middle of a call goes on; bytes that come one by one make the same message', async () => {
  const server = await playServer(
    initialized(({ method, headers, message }, response) => {
      if (method !== 'POST' && headers['last-event-id'] === undefined)
        return void response.writeHead(405).end();
      response.writeHead(200, EVENTS_HEAD);
      if (method === 'POST') {
        const progress = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x' });
        response.write(`retry: 10\n${eventOf(progress, 'a-1')}`);
        setTimeout(() => response.destroy(), 20);
        return;
      }
      expect([headers['last-event-id'], message]).toEqual(['a-1', undefined]);
      const bytes = Buffer.from(
        eventOf(resultOf(2, { text: 'größe 😀' }), 'a-2').replaceAll('\n', '\r\n'),
      );
      const drip = (at: number): void => {
        if (at === bytes.length) return void response.end();
        response.write(bytes.subarray(at, at + 1), () => setImmediate(drip, at + 1));
      };
      drip(0);
    }),
  );
  const driven = startDriven(server.url);
  await driven.begin();
  driven.write({ id: 2, method: 'tools/call' });
  expect(await driven.answerTo(2)).toMatchObject({ result: { text: 'größe 😀' } });
  expect(driven.lines).toHaveLength(3);
});

test('[F-794] a server that is killed and comes back: the call fails, and so the session', async () => {
  const play = (knows: boolean) =>
    initialized(({ method, headers }, response) => {
      if (method === 'POST' && !knows && headers['mcp-session-id'] !== undefined)
        response
          .writeHead(404, JSON_HEAD)
          .end('{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}');
      else response.writeHead(200, EVENTS_HEAD).write(': here\n\n');
    });
  const server = await playServer(play(true));
  const driven = startDriven(server.url);
  await driven.begin();
  driven.write({ id: 2, method: 'tools/call' });
  await vi.waitFor(
    () => expect(server.requests.at(-1)?.message?.method).toBe('tools/call'),
    PATIENCE,
  );
  await server.kill();
  expect(await driven.answerTo(2)).toMatchObject({ error: { data: { phase: 'sent' } } });
  const port = Number(new URL(server.url).port);
  await playServer(play(false), { port });
  driven.write({ id: 3, method: 'tools/call' });
  expect(await driven.exit).toMatchObject({
    reason: 'broken',
    because: expect.stringMatching(/does not know its session/u),
  });
});

test('[R-6] [F-795] nothing listens, or not any more', async () => {
  const server = await playServer(
    initialized((_request, response) => response.writeHead(405).end()),
  );
  const driven = startDriven(server.url);
  await driven.begin();
  await server.kill();
  driven.write({ id: 2, method: 'tools/call' });
  expect(await driven.exit).toMatchObject({
    reason: 'broken',
    because: expect.stringContaining('ECONNREFUSED'),
  });
  const late = startDriven(server.url);
  late.write({ id: 1, method: 'initialize' });
  expect(await late.exit).toMatchObject({
    reason: 'spawn_failed',
    spawnError: {
      code: 'ECONNREFUSED',
      message: expect.stringContaining(
        `the server at ${new URL(server.url).origin} does not listen`,
      ),
      words: 'it does not listen at its address (ECONNREFUSED)',
    },
  });
});

test.each([
  ['in one body', JSON_HEAD, (text: string) => resultOf(2, { text })],
  ['in one event', EVENTS_HEAD, (text: string) => eventOf(resultOf(2, { text }))],
  [
    'in one event, of fewer characters',
    EVENTS_HEAD,
    () => eventOf(resultOf(2, { text: 'ß'.repeat(600 * 1024) })),
  ],
  ['in an event without end', EVENTS_HEAD, (text: string) => `data: ${text}`],
])('[F-797] more than a line may hold fails its call alone: %s', async (_title, head, form) => {
  const server = await playServer(
    initialized(({ method, message }, response) => {
      if (method === 'GET') return void response.writeHead(405).end();
      if (message?.id === 2) response.writeHead(200, head).end(form('x'.repeat(2 * 1024 * 1024)));
      else response.writeHead(200, JSON_HEAD).end(resultOf(message?.id, {}));
    }),
  );
  const driven = startDriven(server.url);
  await driven.begin();
  driven.write({ id: 2, method: 'tools/call' });
  expect(await driven.answerTo(2)).toMatchObject({ error: { data: { fault: 'too_large' } } });
  driven.write({ id: 3, method: 'tools/call' });
  expect(await driven.answerTo(3)).toMatchObject({ result: {} });
});

test('[F-797] what nobody takes is not read on: a flood waits in its own connection', async () => {
  let written = 0;
  const server = await playServer(
    initialized(({ method }, response) => {
      if (method === 'GET') return void response.writeHead(405).end();
      response.writeHead(200, EVENTS_HEAD);
      const line = eventOf(
        JSON.stringify({ jsonrpc: '2.0', method: 'n', params: { t: 'x'.repeat(10_000) } }),
      );
      const flood = (): void => {
        while (written < 100 * 1024 * 1024 && !response.destroyed) {
          written += line.length;
          if (!response.write(line)) return void response.once('drain', flood);
        }
      };
      flood();
    }),
  );
  const driven = startDriven(server.url);
  await driven.begin();
  driven.process.pause();
  driven.write({ id: 2, method: 'tools/call' });
  let before = -1;
  await vi.waitFor(
    () => {
      const isStill = written > 0 && written === before;
      before = written;
      expect(isStill).toBe(true);
    },
    { ...PATIENCE, interval: 200 },
  );
  expect(written).toBeLessThan(20 * 1024 * 1024);
  expect(driven.lines).toHaveLength(1);
});

test('[F-795] TLS: a certificate of an own authority is trusted where it is named, and nowhere else', async () => {
  const tls = selfSigned();
  const server = await playServer(
    initialized((_request, response) => response.writeHead(405).end()),
    { tls },
  );
  const url = server.url.replace('127.0.0.1', 'localhost');
  const unknown = startDriven(url, { headers: { Authorization: SECRET } });
  unknown.write({ id: 1, method: 'initialize' });
  expect(await unknown.exit).toMatchObject({
    reason: 'spawn_failed',
    spawnError: {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      message: expect.stringContaining('name the file with its certificate as "ca"'),
    },
  });
  expect(server.requests).toEqual([]);
  const known = startDriven(url, { ca: tls.cert });
  await known.begin();
  const other = startDriven(server.url.replace('https:', 'http:'));
  other.write({ id: 1, method: 'initialize' });
  expect(await other.exit).toMatchObject({ reason: 'spawn_failed' });
});

test('[F-798] a server that hangs is left, and holds nothing up', async () => {
  const server = await playServer(() => undefined);
  const driven = startDriven(server.url);
  driven.write({ id: 1, method: 'initialize' });
  await vi.waitFor(() => expect(server.requests).toHaveLength(1), PATIENCE);
  expect(await driven.process.terminate('too late')).toMatchObject({ reason: 'terminated' });
  const ends = await playServer(
    initialized(({ method }, response) => {
      if (method === 'GET') response.writeHead(405).end();
    }),
  );
  const begun = startDriven(ends.url);
  await begun.begin();
  const startedAt = performance.now();
  await begun.process.terminate('done');
  // It never answers the DELETE.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test('[F-798] nothing of a session stays open when it is over, however it ends', async () => {
  const server = await playServer(
    initialized(({ method, message }, response) => {
      if (method === 'DELETE') response.writeHead(204).end();
      else if (message?.id === 3) response.writeHead(401).end();
      else response.writeHead(200, EVENTS_HEAD).write(': stays open\n\n');
    }),
  );
  for (const isEnded of [true, false]) {
    const driven = startDriven(server.url);
    await driven.begin();
    driven.write({ id: 2, method: 'tools/call' });
    await vi.waitFor(() => expect(server.connections).toBeGreaterThan(1), PATIENCE);
    if (isEnded) await driven.process.terminate('done');
    else driven.write({ id: 3, method: 'tools/call' });
    expect(await driven.exit).toMatchObject({ reason: isEnded ? 'terminated' : 'broken' });
    await vi.waitFor(() => expect(server.connections).toBe(0), PATIENCE);
  }
});

test('[F-797] a message as large as a line may be comes whole, and others come meanwhile', async () => {
  const text = 'größe '.repeat(2 * 1024 * 1024 - 100);
  const server = await playServer(
    initialized(({ method, message }, response) => {
      if (method === 'GET') response.writeHead(405).end();
      else if (message?.id === 2)
        response.writeHead(200, EVENTS_HEAD).end(eventOf(resultOf(2, { text })));
      else if (message?.id === 3) response.writeHead(200, JSON_HEAD).end(resultOf(3, { text }));
      else response.writeHead(200, JSON_HEAD).end(resultOf(message?.id, {}));
    }),
  );
  const driven = startDriven(server.url, { maxLineBytes: 16 * 1024 * 1024 });
  await driven.begin();
  for (const id of [2, 3, 4]) driven.write({ id, method: 'tools/call' });
  expect(await driven.answerTo(4)).toMatchObject({ result: {} });
  for (const id of [2, 3])
    expect(await driven.answerTo(id)).toEqual({ jsonrpc: '2.0', id, result: { text } });
});
