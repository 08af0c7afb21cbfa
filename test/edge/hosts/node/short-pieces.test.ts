// Short pieces of a stream on Node: each is one write to the connection, and none gets out of order or out of its answer.
import { Socket } from 'node:net';

import { expect, onTestFinished, test, vi } from 'vitest';

import { Entrances } from '../../../../edge/hosts/node/entrances.ts';
import { HttpServer } from '../../../../edge/hosts/node/http-server.ts';
import { Mail } from '../../../../edge/hosts/node/mail.ts';
import { streamResponse, type BodyReader } from '../../../../edge/http/stream-body.ts';
import { PATIENCE } from '../../../fixtures/patience.ts';
import { talk } from './raw-connection.ts';

const COMMENT = ': keep-alive\n\n';

const encoder = new TextEncoder();

/** Serves bodies whose pieces the test says, in the order in which they were asked for. `given`: how many of each were given to Node. */
async function serve() {
  const says: ((text?: string) => Promise<void>)[] = [];
  const given: (() => number)[] = [];
  const fetch = (): Response => {
    const said: (string | undefined)[] = [];
    let wake = (): void => undefined;
    let [asked, wanted, pieces] = [0, 0, 0];
    given.push(() => pieces);
    const pull = async (reader: BodyReader): Promise<void> => {
      asked += 1;
      while (said.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const text = said.shift();
      if (text === undefined) return reader.close();
      reader.enqueue(encoder.encode(text));
      pieces += 1;
    };
    says.push(async (text) => {
      said.push(text);
      wanted += 1;
      wake();
      if (text !== undefined) await vi.waitUntil(() => asked > wanted, PATIENCE);
    });
    return streamResponse({ pull }, {});
  };
  const entrances = new Entrances(new Mail());
  const server = new HttpServer({ fetch, entrances, refused: () => undefined });
  onTestFinished(() => server.close());
  const port = await server.listen('127.0.0.1', 0);
  return { says, given, port };
}

/** Connections as they were written to by the server, a write each. */
function writesOf(port: number): () => number {
  const writes = vi.spyOn(Socket.prototype, 'write');
  onTestFinished(() => writes.mockRestore());
  return () =>
    writes.mock.contexts.filter((socket) => (socket as Socket).localPort === port).length;
}

const GET = 'GET /s HTTP/1.1\r\nHost: x\r\n\r\n';

/** A piece as a chunk (RFC 9112 §7.1). */
const chunk = (text: string): string =>
  `${encoder.encode(text).length.toString(16)}\r\n${text}\r\n`;

test('[F-966] a keep-alive of a stream is one write to its connection', async () => {
  const { says, port } = await serve();
  const { until, body } = talk(port, GET);
  await vi.waitUntil(() => says.length === 1, PATIENCE);
  await says[0]?.(': open\n\n');
  await until(': open');
  const writes = writesOf(port);
  for (let n = 1; n <= 3; n++) {
    await says[0]?.(COMMENT);
    await vi.waitUntil(() => body().split(COMMENT).length > n, PATIENCE);
  }
  expect(writes()).toBe(3);
  await says[0]?.();
  await until('\r\n0\r\n\r\n');
  expect(body()).toBe(`${chunk(': open\n\n')}${chunk(COMMENT).repeat(3)}0\r\n\r\n`);
});

test('[F-966] short and long pieces stay in their order, whoever writes them, and the connection is used again', async () => {
  const { says, port } = await serve();
  const { socket, until, body } = talk(port, GET);
  await vi.waitUntil(() => says.length === 1, PATIENCE);
  const texts = ['a', 'ä'.repeat(512), 'b'.repeat(1025), 'c', 'd'.repeat(300_000), 'e', 'f', 'g'];
  for (const text of texts) await says[0]?.(text);
  await says[0]?.();
  await until('\r\n0\r\n\r\n');
  expect(body()).toBe(`${texts.map(chunk).join('')}0\r\n\r\n`);
  socket.write(GET);
  await vi.waitUntil(() => says.length === 2, PATIENCE);
  await says[1]?.('again');
  await until(chunk('again'));
});

test('[F-966] short pieces for a client that does not read wait like long ones, and all come once it reads', async () => {
  const { says, given, port } = await serve();
  const { socket, until, body } = talk(port, GET);
  await vi.waitUntil(() => says.length === 1, PATIENCE);
  await says[0]?.('first');
  await until('first');
  socket.pause();
  const [long, count] = ['x'.repeat(32 * 1024 * 1024), 50];
  const waiting = [long, ...Array.from({ length: count }, (_, n) => `<${n}>`)].map(async (text) =>
    says[0]?.(text),
  );
  // The long one is more than the system buffers. While another client is served, nothing more may come of this body.
  await vi.waitUntil(() => given[0]?.() === 2, PATIENCE);
  const other = talk(port, GET);
  await vi.waitUntil(() => says.length === 2, PATIENCE);
  for (const words of ['one', 'two', undefined]) await says[1]?.(words);
  await other.until('\r\n0\r\n\r\n');
  expect(given[0]?.()).toBe(2);
  socket.resume();
  await Promise.all(waiting);
  await until(chunk(`<${count - 1}>`));
  const short = Array.from({ length: count }, (_, n) => chunk(`<${n}>`)).join('');
  expect(body().endsWith(`\r\n${short}`)).toBe(true);
});

test('[F-966] a stream to HTTP/1.0 has no chunks, and an answer to HEAD no body', async () => {
  const { says, port } = await serve();
  const old = talk(port, 'GET /s HTTP/1.0\r\nHost: x\r\n\r\n');
  await vi.waitUntil(() => says.length === 1, PATIENCE);
  for (const text of ['one', 'two', undefined]) await says[0]?.(text);
  await old.closed;
  expect(old.body()).toBe('onetwo');
  const head = talk(port, 'HEAD /s HTTP/1.1\r\nHost: x\r\n\r\n');
  await vi.waitUntil(() => says.length === 2, PATIENCE);
  for (const text of ['one', 'two', undefined]) await says[1]?.(text);
  await head.until('\r\n\r\n');
  head.socket.write(GET);
  await vi.waitUntil(() => says.length === 3, PATIENCE);
  await says[2]?.('three');
  await head.until(chunk('three'));
  expect(head.body()).toMatch(/^HTTP\/1\.1 200 /u);
});

test('[F-966] a stream whose answer has to wait for another on its connection writes nothing between', async () => {
  const { says, port } = await serve();
  const { until, body } = talk(port, `${GET}${GET}`);
  await vi.waitUntil(() => says.length === 2, PATIENCE);
  for (const text of ['three', 'four']) await says[1]?.(text);
  for (const text of ['one', 'two', undefined]) await says[0]?.(text);
  await until(chunk('four'));
  const [first, second] = body().split('0\r\n\r\n');
  expect(first).toBe(chunk('one') + chunk('two'));
  expect(second).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n5\r\nthree\r\n4\r\nfour\r\n$/u);
});
