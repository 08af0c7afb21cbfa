// HTTP on Node: what clients may send besides a plain request, streams and their ends, and a stop in order.

import { connect } from 'node:net';

import { expect, onTestFinished, test, vi } from 'vitest';

import { Entrances } from '../../../../edge/hosts/node/entrances.ts';
import { HttpServer } from '../../../../edge/hosts/node/http-server.ts';
import { Mail } from '../../../../edge/hosts/node/mail.ts';
import { constantHeaders } from '../../../../edge/http/constant-headers.ts';
import { readBody } from '../../../../edge/http/guards/body.ts';
import { SseStream } from '../../../../edge/http/sse-response.ts';
import { streamResponse, type BodyReader } from '../../../../edge/http/stream-body.ts';
import type { SocketListener } from '../../../../edge/http/ports.ts';
import { STREAM_KINDS } from '../../../../edge/core/stream-kinds.ts';
import { encodeText } from '../../../../shared/link/codec.ts';
import { PATIENCE } from '../../../fixtures/patience.ts';
import { talk } from './raw-connection.ts';

const decoder = new TextDecoder();

type Fetch = (request: Request) => Response | Promise<Response>;

async function start(fetch: Fetch): Promise<{ server: HttpServer; port: number }> {
  const server = new HttpServer({
    fetch,
    entrances: new Entrances(new Mail()),
    refused: () => undefined,
  });
  onTestFinished(() => server.close());
  return { server, port: await server.listen('127.0.0.1', 0) };
}

const echoing: Fetch = async (request) =>
  new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}.`);

test('pipelined requests are answered in their order', async () => {
  const { port } = await start(echoing);
  const { until, text } = talk(
    port,
    'GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi',
  );
  await until('POST /b hi.');
  expect(text().indexOf('GET /a .')).toBeLessThan(text().indexOf('POST /b hi.'));
});

/** A POST, whose answer repeats its body. */
const post = (body: string, more = '', version = '1.1'): string =>
  `POST /b HTTP/${version}\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;

/** Answers with headers that never change, which go out in one write, or with headers of its own. */
const repeating =
  (headers: Readonly<Record<string, string>>): Fetch =>
  async (request) =>
    new Response(await request.text(), { headers });

const PLAIN_FIELDS = { 'Cache-Control': 'no-store', 'Content-Type': 'application/json' };

test.each([
  ['an answer', post('"a"')],
  ['an answer whose bytes are more than its characters', post('"é😀"')],
  ['an empty answer', post('')],
  ['the last answer of a connection', post('"a"', 'Connection: close\r\n')],
  ['an answer to HTTP/1.0', post('"a"', '', '1.0')],
  [
    'an answer to HTTP/1.0 on a connection that is kept',
    post('"a"', 'Connection: keep-alive\r\n', '1.0'),
  ],
  ['an answer to HEAD', 'HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n'],
])('%s reads the same in one write as when Node writes it', async (_, request) => {
  const answers: string[][] = [];
  for (const headers of [PLAIN_FIELDS, constantHeaders(PLAIN_FIELDS)]) {
    const { port } = await start(repeating(headers));
    const { closed, text } = talk(port, `${request}${post('"last"', 'Connection: close\r\n')}`);
    await closed;
    const lines = text().replaceAll(/Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/gu, 'Date');
    answers.push(lines.split('\r\n').toSorted());
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[0]).toContain('Date');
});

test('a client that pipelines and does not read gets all answers in their order, and is not served far ahead', async () => {
  const size = 64 * 1024;
  const bodies = Array.from({ length: 200 }, (_, n) => `${n}:`.padEnd(size, 'x'));
  let served = 0;
  const answer = repeating(constantHeaders(PLAIN_FIELDS));
  const { port } = await start((request) => {
    served += 1;
    return answer(request);
  });
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.pause();
  for (const body of bodies) socket.write(post(body));
  let before = -1;
  await vi.waitFor(
    () => {
      const isStill = before === served;
      before = served;
      expect(isStill && served > 0).toBe(true);
    },
    { ...PATIENCE, interval: 200 },
  );
  expect(served).toBeLessThan(bodies.length);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).resume();
  await vi.waitFor(() => expect(text.endsWith(bodies.at(-1) ?? '')).toBe(true), PATIENCE);
  const order = [...text.matchAll(/\r\n\r\n(\d+):/gu)].map(([, n]) => Number(n));
  expect(order).toEqual(bodies.map((_, n) => n));
});

test('[F-1120] a kept connection whose client sends each body unasked, though it expects 100 Continue, goes on being read', async () => {
  const count = 3_000;
  const headers = constantHeaders(PLAIN_FIELDS);
  const { port } = await start(async (request) => {
    // As the app does: after one turn the body has come whole.
    await Promise.resolve();
    const read = await readBody(request, { limitBytes: 100, timeoutMs: 1_000 });
    return new Response(read.ok ? decoder.decode(read.bytes) : '', { headers });
  });
  const asking = post('"a"', 'Expect: 100-continue\r\n');
  const { socket, text } = talk(port, asking);
  let answers = 0;
  socket.on('data', (more: string) => {
    answers += more.split('"a"').length - 1;
    if (answers < count) socket.write(asking);
  });
  await vi.waitUntil(() => answers === count, PATIENCE);
  expect(text()).not.toContain('100 Continue');
});

test('[F-323] what follows a request and is none does not cost the request its answer', async () => {
  const { port } = await start(echoing);
  const { closed, text } = talk(
    port,
    'POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi\x16\x03 no request\r\n\r\n',
  );
  await closed;
  expect(text()).toContain('POST /b hi.');
  expect(text()).not.toContain('400');
});

test.each([
  ['an end of line', { 'X-A': 'a\r\nX-B: b' }],
  ['a name of its own for the next', { 'X-A: a\r\nX-B': 'b' }],
])('[F-1173] headers that are frozen, and have %s in them, are not sent', async (_, fields) => {
  const { port } = await start(repeating(Object.freeze(fields)));
  const { closed, text } = talk(port, post('"a"'));
  await closed;
  expect(text()).toBe('');
});

test('[F-1173] headers that are frozen, but not what they answer, are asked again for each answer', async () => {
  let count = 0;
  const fields = Object.freeze({
    get 'X-Count'() {
      return String((count += 1));
    },
  });
  const { port } = await start(repeating(fields));
  const { until, text } = talk(port, post('"a"') + post('"last"'));
  await until('"last"');
  expect(text().match(/X-Count: \d/gu)).toEqual(['X-Count: 1', 'X-Count: 2']);
});

test.each([
  [{ 'X-A': 'a\r\nX-B: b' }],
  [{ 'X-A': ' a' }],
  [{ 'X-A': 'é' }],
  [{ 'X A': 'a' }],
  [{ '': 'a' }],
  [{ 'Content-Length': '1' }],
  [{ 'set-cookie': 'a=b' }],
  [{ 'X-A': 'a', 'x-a': 'b' }],
])('[F-1173] %j are no constant headers', (fields) => {
  expect(() => constantHeaders(fields as Record<string, string>)).toThrow(TypeError);
});

test.each([
  ['no HTTP', '\x16\x03\x01\x02\r\n\r\n', '400'],
  ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}`, '431'],
])('[F-323] %s is refused, and its connection closed', async (_, bytes, status) => {
  const { port } = await start(echoing);
  const { closed, text } = talk(port, bytes);
  await closed;
  expect(text()).toContain(`HTTP/1.1 ${status} `);
});

test('[F-323] an offer to go on with HTTP/2 is passed over', async () => {
  const { port } = await start(echoing);
  const offer =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
  const { until, text } = talk(
    port,
    `POST /b HTTP/1.1\r\nHost: x\r\n${offer}Content-Length: 2\r\n\r\nhi`,
  );
  await until('POST /b hi.');
  expect(text()).toMatch(/^HTTP\/1\.1 200 /u);
});

test.each([
  ['HTTP/2', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'],
  ['a WebSocket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
])('[F-1170] a call that offers to go on with %s keeps its body', async (_, offer) => {
  const { port } = await start(echoing);
  const { socket, until, text } = talk(port, post('hi', offer));
  await until('hi.');
  socket.write(post('again', offer));
  await until('again.');
  expect(text().match(/POST \/b \w+/gu)).toEqual(['POST /b hi', 'POST /b again']);
});

test('[F-1170] a stream is not held for a handshake that it cannot answer', async () => {
  let left = 0;
  const { port } = await start(({ signal }) => {
    signal.addEventListener('abort', () => (left += 1));
    return streamResponse(
      { pull: () => new Promise(() => undefined), cancel: () => (left += 1) },
      {},
    );
  });
  const { closed, text } = talk(port, UPGRADE);
  await closed;
  expect(text()).toMatch(/^HTTP\/1\.1 400 [^]*There is no WebSocket/u);
  expect(left).toBe(2);
});

test.each([
  ['a request', ''],
  ['an upgrade', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
])('[F-1176] a backslash in the target of %s is no slash', async (_, offer) => {
  const { port } = await start((request) => new Response(`${request.url}.`, { status: 404 }));
  const { until, text } = talk(port, `GET /runner\\link HTTP/1.1\r\nHost: x\r\n${offer}\r\n`);
  await until('link.');
  expect(text()).toContain('http://x/runner%5Clink.');
});

test('[F-323] an upgrade that nobody lets in gets the answer of the app', async () => {
  const { port } = await start(() => new Response('not here', { status: 404 }));
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
  const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`;
  const { closed, text } = talk(port, `GET /x HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
  await closed;
  expect(text()).toMatch(/^HTTP\/1\.1 404 [^]*not here/u);
});

const UPGRADE =
  'GET /link HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const TUNNEL = 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n';

test.each([
  ['an upgrade', UPGRADE],
  ['[F-1123] a tunnel', TUNNEL],
])(
  '[F-1122] %s that is asked for behind calls costs neither their answers nor the program',
  async (_, last) => {
    const asked: string[] = [];
    const gate = Promise.withResolvers<void>();
    const answer = repeating(constantHeaders(PLAIN_FIELDS));
    const { port } = await start(async (request) => {
      asked.push(request.method);
      if (asked.length === 2) setImmediate(() => gate.resolve());
      await gate.promise;
      return answer(request);
    });
    const { closed, text } = talk(port, `${post('"a"')}${post('"b"')}${last}`);
    await closed;
    expect(asked).toEqual(['POST', 'POST']);
    expect(text().match(/"[ab]"/gu)).toEqual(['"a"', '"b"']);
    expect(text().match(/Connection: [a-z-]+/gu)).toEqual([
      'Connection: keep-alive',
      'Connection: close',
    ]);
  },
);

test.each([
  ['an upgrade', UPGRADE],
  ['[F-1123] a tunnel', TUNNEL],
])('[F-1122] calls before %s are given up when their client leaves', async (_, last) => {
  const left: string[] = [];
  const { port } = await start(({ signal, url }) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    signal.addEventListener('abort', () => {
      left.push(new URL(url).pathname);
      resolve(new Response('late'));
    });
    if (url.endsWith('/2')) setImmediate(() => socket.destroy());
    return promise;
  });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const { socket } = talk(port, `${get('/1')}${get('/2')}${last}`);
  await vi.waitFor(() => expect(left.toSorted()).toEqual(['/1', '/2']), PATIENCE);
});

const connections = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

test.each([
  [
    'an upgrade that is refused, with more behind it than is read at once',
    `${UPGRADE}${'x'.repeat(200_000)}`,
    0,
  ],
  ['an upgrade that is refused, of a client that keeps its side open', UPGRADE, 1],
  ['what is no request, of a client that keeps its side open', 'no request\r\n\r\n', 1],
])('[F-1124] %s leaves no connection', async (_, bytes, own) => {
  const { port } = await start(() => new Response('not here', { status: 404 }));
  // Those of the tests before have ended.
  await vi.waitFor(() => expect(connections()).toBe(0), PATIENCE);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined).write(bytes);
  await new Promise((resolve) => socket.once('data', resolve));
  if (own === 0) socket.destroy();
  await vi.waitFor(() => expect(connections()).toBe(own), PATIENCE);
});

test('[F-1122] what is no request behind calls costs none of them its answer, however much of it comes', async () => {
  const warned = vi.fn<(warning: Error) => void>();
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const gate = Promise.withResolvers<void>();
  const { port } = await start(async (request) => {
    await gate.promise;
    return echoing(request);
  });
  const { socket, closed, text } = talk(port, `${post('a')}${post('b')}no request\r\n\r\n`);
  // Each comes in a packet of its own, and Node tells of each.
  for (let count = 0; count < 30; count++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    socket.write('no request\r\n\r\n');
  }
  gate.resolve();
  await closed;
  expect(text().match(/POST \/b [ab]\./gu)).toEqual(['POST /b a.', 'POST /b b.']);
  expect(warned).not.toHaveBeenCalled();
});

test('a body is asked for only when somebody reads it', async () => {
  const { port } = await start((request) =>
    new URL(request.url).pathname === '/read'
      ? echoing(request)
      : new Response('no', { status: 413 }),
  );
  const post = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
  const read = talk(port, post('/read'));
  await read.until('100 Continue');
  read.socket.write('hi');
  await read.until('hi.');
  const unread = talk(port, post('/other'));
  await unread.until('413');
  expect(unread.text()).not.toContain('100 Continue');
});

/** A stream that the test drives, as the HTTP layer makes them. */
function drivenStream(signal: AbortSignal) {
  const sent: string[] = [];
  let listener: SocketListener | undefined;
  const stream = new SseStream({
    session: {
      follow: async (_stream, _resumes, wanted) => {
        listener = wanted;
        const socket = { send: (text: string) => void sent.push(text), close: () => undefined };
        return { ok: true, value: socket };
      },
    },
    signal,
    stream: 'get',
    after: null,
    requestIds: [],
    kind: STREAM_KINDS.streamable,
    opening: ': open\n\n',
  });
  return { response: stream.response({}), sent, say: (text: string) => listener?.message(text) };
}

test('[F-324] a stream is cut off where it fails, without a word on the console', async () => {
  const said = [vi.spyOn(console, 'error'), vi.spyOn(console, 'info')];
  let driven: ReturnType<typeof drivenStream> | undefined;
  const { port } = await start((request) => {
    driven = drivenStream(request.signal);
    return driven.response;
  });
  const { until, closed, text } = talk(port, 'GET /s HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(': open');
  driven?.say(encodeText({ type: 'attached', stream: 'get', after: 0 }));
  driven?.say(encodeText({ type: 'event', stream: 'get', seq: 1 }, '{"one":1}'));
  await until('{"one":1}');
  driven?.say(encodeText({ type: 'gone', fault: 'overloaded' }));
  await closed;
  // A stream that ends in order has a last, empty chunk.
  expect(text().endsWith('0\r\n\r\n')).toBe(false);
  for (const spy of said) expect(spy).not.toHaveBeenCalled();
});

test('[F-324] a client that leaves is noticed at once', async () => {
  let signal: AbortSignal | undefined;
  const { port } = await start((request) => {
    ({ signal } = request);
    return drivenStream(request.signal).response;
  });
  const { socket, until } = talk(port, 'GET /s HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(': open');
  socket.destroy();
  await vi.waitUntil(() => signal?.aborted === true, PATIENCE);
  expect(signal?.aborted).toBe(true);
});

test('[F-721] a stream to a client is sent as it is made, without one of the platform between', async () => {
  const streams = vi.spyOn(globalThis, 'ReadableStream');
  onTestFinished(() => streams.mockRestore());
  let driven: ReturnType<typeof drivenStream> | undefined;
  const { port } = await start((request) => {
    driven = drivenStream(request.signal);
    return driven.response;
  });
  const { until } = talk(port, 'GET /s HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(': open');
  driven?.say(encodeText({ type: 'attached', stream: 'get', after: 0 }));
  driven?.say(encodeText({ type: 'event', stream: 'get', seq: 1 }, '{"one":1}'));
  await until('{"one":1}');
  expect(streams).not.toHaveBeenCalled();
});

test('[F-721] of a body no more is made than its client reads, and its source hears once that the client has left', async () => {
  const piece = new Uint8Array(256 * 1024).fill(0x78);
  let [made, left] = [0, 0];
  const pull = (reader: BodyReader): void => {
    made += 1;
    reader.enqueue(piece);
  };
  const { port } = await start(() => streamResponse({ pull, cancel: () => (left += 1) }, {}));
  const { socket, until } = talk(port, 'GET /s HTTP/1.1\r\nHost: x\r\n\r\n');
  await until('xxxx');
  socket.pause();
  let before = 0;
  // What the system buffers is taken without a reader.
  await vi.waitUntil(() => before === (before = made), { ...PATIENCE, interval: 200 });
  const unread = made;
  socket.resume();
  await vi.waitUntil(() => made > unread + 4, PATIENCE);
  expect(left).toBe(0);
  socket.destroy();
  await vi.waitUntil(() => left > 0, PATIENCE);
  const last = made;
  await new Promise((resolve) => setImmediate(resolve));
  expect([made, left]).toEqual([last, 1]);
});

test('[F-842] a body that goes on with something else behind a piece, while its client reads that, is sent to its end', async () => {
  const piece = new Uint8Array(256 * 1024).fill(0x78);
  let made = 0;
  const { port } = await start(() => {
    const pull = async (reader: BodyReader): Promise<void> => {
      made += 1;
      if (made > 3) return reader.close();
      reader.enqueue(piece);
      const before = read;
      await vi.waitUntil(() => read >= before + piece.length, PATIENCE);
    };
    return streamResponse({ pull }, {});
  });
  let read = 0;
  const { socket, until } = talk(port, 'GET /s HTTP/1.1\r\nHost: x\r\n\r\n');
  socket.on('data', (more: string) => (read += more.length));
  await until('\r\n0\r\n\r\n');
  expect(made).toBe(4);
});

test('[F-721] a body whose making fails is cut off; one that is asked for as a stream is one', async () => {
  const { port } = await start(async (request) => {
    const source = {
      pull: (reader: BodyReader): void => {
        if (request.url.endsWith('/fails')) throw new Error('no more');
        reader.enqueue(Buffer.from('all'));
        reader.close();
      },
    };
    const response = streamResponse(source, { headers: { 'Content-Type': 'text/x' } });
    return request.url.endsWith('/stream') ? new Response(response.body) : response;
  });
  const get = (path: string) =>
    talk(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const [failing, whole, stream] = [get('/fails'), get('/whole'), get('/stream')];
  await Promise.all([failing.closed, whole.closed, stream.closed]);
  expect(failing.text()).not.toContain('0\r\n\r\n');
  expect(whole.text()).toContain('3\r\nall\r\n0\r\n\r\n');
  expect(stream.text()).toContain('3\r\nall\r\n0\r\n\r\n');
});

test('[F-320] a stop waits for answers under way, and not for streams', async () => {
  const answer = Promise.withResolvers<Response>();
  const asked = Promise.withResolvers<void>();
  const { server, port } = await start((request) => {
    if (request.url.endsWith('/s')) return drivenStream(request.signal).response;
    asked.resolve();
    return answer.promise;
  });
  const stream = talk(port, 'GET /s HTTP/1.1\r\nHost: x\r\n\r\n');
  await stream.until(': open');
  const call = talk(port, 'GET /call HTTP/1.1\r\nHost: x\r\n\r\n');
  await asked.promise;
  const drained = server.drain();
  answer.resolve(new Response('the answer'));
  await drained;
  server.close();
  await Promise.all([stream.closed, call.closed]);
  expect(call.text()).toContain('the answer');
});

test('a header that is repeated is read as Fetch reads it, also where Node keeps the first alone', async () => {
  const seen = Promise.withResolvers<(string | null)[]>();
  const { port } = await start(({ headers }) => {
    seen.resolve([headers.get('Authorization'), headers.get('x-other'), headers.get('absent')]);
    return new Response(null);
  });
  talk(
    port,
    'GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nX-Other: b\r\nAuthorization: c\r\n\r\n',
  );
  expect(await seen.promise).toEqual(['a, c', 'b', null]);
});

test.each([
  ['with its head', ''],
  ['later', 'and more'],
])('a body that comes %s is whole, and is read once', async (_title, later) => {
  const { port } = await start(async (request) => {
    const text = await request.text();
    const again = await request.text().catch(() => 'used');
    return new Response(`${text}, ${again}, ${String(request.bodyUsed)}.`);
  });
  const length = 'a body '.length + later.length;
  const { socket, until, text } = talk(
    port,
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\na body `,
  );
  socket.write(later);
  await until('used');
  expect(text()).toContain(`a body ${later}, used, true.`);
});

test.each([
  ['no Host', 'GET /a HTTP/1.0\r\n\r\n'],
  ['a Host that a URL reads otherwise', 'GET /a HTTP/1.1\r\nHost: a%62\r\n\r\n'],
  ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
])('a target without a URL (%s) does not reach the app', async (_title, head) => {
  const { port } = await start(echoing);
  const { until, text } = talk(port, head);
  await until('do not form a valid URL');
  expect(text()).toMatch(/^HTTP\/1\.1 400 /u);
});

test('dots in a target are followed, and a target in absolute form names the host', async () => {
  const { port } = await start((request) => new Response(`${request.url}.`));
  const { until, text } = talk(
    port,
    'GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\nGET http://y/c HTTP/1.1\r\nHost: x\r\n\r\n',
  );
  await until('http://y/c.');
  expect(text()).toContain('http://x/b.');
});

test('a client that left is no longer waited for', async () => {
  const left = Promise.withResolvers<boolean>();
  const { port } = await start(async ({ signal }) => {
    signal.addEventListener('abort', () => left.resolve(signal.aborted));
    await left.promise;
    return new Response('late');
  });
  const { socket } = talk(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => socket.write('', resolve));
  setImmediate(() => socket.destroy());
  expect(await left.promise).toBe(true);
});
