// Reading a body within its size and time, over streams and over a real HTTP server (F-01, F-02, F-09).
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { isUnread, readBody, type ReadBody } from '../../../edge/http/guards/body.ts';

const LIMITS = { limitBytes: 64, timeoutMs: 30_000 };

interface Source {
  readonly request: Request;
  readonly pulled: () => number;
  readonly cancelled: Promise<void>;
}

/** A request whose body yields the chunks, then ends, hangs or breaks. */
function streaming(
  chunks: readonly Uint8Array[],
  end: 'close' | 'hang' | 'break' = 'close',
  headers: Record<string, string> = {},
): Source {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[pulled];
        if (chunk !== undefined) {
          pulled++;
          controller.enqueue(chunk);
        } else if (end === 'close') controller.close();
        else if (end === 'break') controller.error(new Error('connection reset'));
        return end === 'hang' && chunk === undefined ? new Promise(() => undefined) : undefined;
      },
      cancel: () => resolve(),
    },
    { highWaterMark: 0 },
  );
  const request = new Request('https://bridge.example/', {
    method: 'POST',
    body,
    headers,
    duplex: 'half',
  });
  return { request, pulled: () => pulled, cancelled };
}

const bytes = (length: number, value = 120): Uint8Array => new Uint8Array(length).fill(value);

describe('a body within its limits', () => {
  test('in one chunk is returned uncopied', async () => {
    const chunk = bytes(64);
    const { request } = streaming([chunk]);
    const read = await readBody(request, LIMITS);
    expect(read).toMatchObject({ ok: true });
    expect(read.ok && read.bytes).toBe(chunk);
  });

  test('that is absent is empty', async () => {
    const request = new Request('https://bridge.example/', { method: 'POST' });
    expect(await readBody(request, LIMITS)).toEqual({ ok: true, bytes: new Uint8Array(0) });
  });

  test('is whole and in order however it is cut', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const whole = Buffer.concat(chunks);
        const read = await readBody(streaming(chunks).request, { ...LIMITS, limitBytes: 480 });
        expect(read.ok && Buffer.compare(read.bytes, whole)).toBe(0);
      }),
    );
  });

  test('leaves the source chunks as they were', async () => {
    const chunks = [bytes(3, 1), bytes(3, 2), bytes(3, 3)];
    await readBody(streaming(chunks).request, LIMITS);
    expect(chunks).toEqual([bytes(3, 1), bytes(3, 2), bytes(3, 3)]);
  });
});

describe('F-01 a Content-Length over the limit', () => {
  test('is refused before a byte is read', async () => {
    const { request, pulled } = streaming([bytes(65)], 'hang', { 'content-length': '65' });
    expect(await readBody(request, LIMITS)).toMatchObject({ fault: { fault: 'too_large' } });
    expect(pulled()).toBe(0);
    expect(isUnread(request)).toBe(true);
  });

  test('shows its beginning where that is wanted, and the rest stays to be read', async () => {
    const parts = [bytes(40, 7), bytes(25)];
    const { request } = streaming(parts, 'close', { 'content-length': '65' });
    const read = await readBody(request, { ...LIMITS, wantsHead: true });
    expect(read).toMatchObject({ fault: { fault: 'too_large' }, head: bytes(40, 7) });
    expect([isUnread(request), request.body?.locked]).toEqual([true, false]);
  });

  test('is not waited for when nothing of it comes', async () => {
    const { request } = streaming([], 'hang', { 'content-length': '65' });
    const read = await readBody(request, { ...LIMITS, wantsHead: true });
    expect(read).toEqual({
      ok: false,
      fault: expect.objectContaining({ fault: 'too_large' }) as object,
    });
  });

  test('at the limit passes', async () => {
    const { request } = streaming([bytes(64)], 'close', { 'content-length': '64' });
    expect(await readBody(request, LIMITS)).toMatchObject({ ok: true });
  });
});

describe('F-02 a body that outgrows the limit', () => {
  test.each([
    ['without a length', {}],
    [
      'chunked, with a length that lies low',
      { 'content-length': '10', 'transfer-encoding': 'chunked' },
    ],
    ['with a length that is no number', { 'content-length': '1e1' }],
  ])('%s is cut there and read no further', async (_, headers) => {
    const endless = Array.from({ length: 100 }, () => bytes(10));
    const { request, pulled } = streaming(endless, 'close', headers);
    expect(await readBody(request, LIMITS)).toMatchObject({ fault: { fault: 'too_large' } });
    expect(pulled()).toBe(7);
    // After an answer the edge may read on, so that the client gets to read it.
    expect([isUnread(request), request.body?.locked]).toEqual([true, false]);
  });

  test('is cut in its first chunk too', async () => {
    const { request } = streaming([bytes(65)], 'hang');
    expect(await readBody(request, LIMITS)).toMatchObject({ fault: { fault: 'too_large' } });
    expect(isUnread(request)).toBe(true);
  });

  test('is refused even if the server let more through than was announced', async () => {
    const { request } = streaming([bytes(40), bytes(40)], 'close', { 'content-length': '10' });
    expect(await readBody(request, LIMITS)).toMatchObject({ fault: { fault: 'too_large' } });
  });
});

describe('F-09 a body that does not come in time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is given up and cancelled', async () => {
    const { request, cancelled } = streaming([bytes(1), bytes(1)], 'hang');
    const read = readBody(request, LIMITS);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await read).toEqual({ ok: false, fault: { fault: 'body_timeout' } });
    await cancelled;
  });

  test('is given up when its length was announced', async () => {
    const { request } = streaming([bytes(1)], 'hang', { 'content-length': '2' });
    const read = readBody(request, LIMITS);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await read).toEqual({ ok: false, fault: { fault: 'body_timeout' } });
  });

  test('is judged by the whole time, not by the pause between chunks', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) =>
        new Promise((resolve) => {
          setTimeout(() => {
            controller.enqueue(bytes(1));
            resolve();
          }, 999);
        }),
    });
    const request = new Request('https://x.example/', { method: 'POST', body, duplex: 'half' });
    let read: ReadBody | undefined;
    void readBody(request, LIMITS).then((result) => (read = result));
    await vi.advanceTimersByTimeAsync(29_999);
    expect(read).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(read).toMatchObject({ fault: { fault: 'body_timeout' } });
  });

  test.each([
    ['came', streaming([bytes(1)])],
    ['came as announced', streaming([bytes(1)], 'close', { 'content-length': '1' })],
    ['was too large', streaming([bytes(65)])],
    ['broke off', streaming([bytes(1)], 'break')],
  ])('leaves no timer when the body %s', async (_, { request }) => {
    const read = readBody(request, LIMITS);
    expect(vi.getTimerCount()).toBe(1);
    await read;
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a body that breaks off is an invalid request', async () => {
  for (const headers of [{}, { 'content-length': '2' }]) {
    const { request } = streaming([bytes(1)], 'break', headers);
    expect(await readBody(request, LIMITS)).toMatchObject({ fault: { fault: 'invalid_request' } });
  }
});

describe('over a real connection', () => {
  /** Sends raw HTTP to a server that reads the body with readBody; `leave` then destroys the connection. */
  async function exchange(raw: string, leave = false): Promise<ReadBody> {
    const { promise, resolve } = Promise.withResolvers<ReadBody>();
    const server = createServer((incoming) => {
      void readBody(requestOf(incoming), LIMITS).then(resolve);
      if (leave) socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(raw);
    const read = await promise;
    socket.destroy();
    server.closeAllConnections();
    server.close();
    return read;
  }

  function requestOf(incoming: IncomingMessage): Request {
    const body = Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
    const headers = new Headers();
    for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value));
    return new Request('http://127.0.0.1/', { method: 'POST', body, headers, duplex: 'half' });
  }

  const HEAD = 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n';
  const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

  test('chunks are joined', async () => {
    const read = await exchange(`${CHUNKED}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`);
    expect(read.ok && Buffer.from(read.bytes).toString()).toBe('abcde');
  });

  test('F-02 an endless chunked body is cut', async () => {
    const read = await exchange(CHUNKED + `20\r\n${'x'.repeat(32)}\r\n`.repeat(3));
    expect(read).toMatchObject({ fault: { fault: 'too_large' } });
  });

  test('F-01 a large announcement is refused though nothing follows', async () => {
    const read = await exchange(`${HEAD}Content-Length: 65\r\n\r\n`);
    expect(read).toMatchObject({ fault: { fault: 'too_large' } });
  });

  test('F-02 a length that lies low ends the body', async () => {
    const read = await exchange(`${HEAD}Content-Length: 3\r\n\r\nabc${'x'.repeat(100)}`);
    expect(read.ok && Buffer.from(read.bytes).toString()).toBe('abc');
  });

  test('a client that leaves in the middle is an invalid request', async () => {
    const read = await exchange(`${HEAD}Content-Length: 50\r\n\r\nabc`, true);
    expect(read).toMatchObject({ fault: { fault: 'invalid_request' } });
  });
});
