// Sends what the app answers: at once what is there, and a stream as fast as its client reads, and no faster.
import { ServerResponse, type IncomingMessage, type OutgoingHttpHeader } from 'node:http';
import type { Socket } from 'node:net';
import { areConstant } from '../../http/constant-headers.ts';
import type { BodyReader, BodySource } from '../../http/stream-body.ts';
import type { Incoming } from './incoming-request.ts';
import { isSource, madeOf } from './plain-response.ts';

/** Statuses of answers without a body, of which no length is told (RFC 9110 §8.6). */
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

/** Longer than the minute after which common proxies let go of an idle connection, so that it is they who close it. */
export const KEEP_ALIVE_MS = 75_000;

/** What Node's server makes for each request. */
export class HttpAnswer extends ServerResponse<Incoming> {
  /** All of it was handed over past Node's own response, which knows nothing of it. */
  wentAtOnce = false;

  /** Nothing of it is left to be sent. */
  get isSent(): boolean {
    return this.wentAtOnce || this.writableFinished;
  }
}

/** Done, or resolves, when all has been handed over or the connection ended. Never rejects for a client that left. */
export function send(outgoing: HttpAnswer, response: Response): void | Promise<void> {
  const { status, headers, body } = madeOf(response);
  if (isSource(body)) return sendMade(outgoing, { status, headers }, body);
  if (body !== null && typeof body !== 'string')
    return sendStream(outgoing, { status, headers }, body);
  if (outgoing.destroyed) return;
  if (typeof body === 'string' && status === 200) {
    const head = constantHead(headers);
    const { socket } = outgoing;
    if (head !== undefined && socket && mayGoAtOnce(outgoing, socket))
      return sendAtOnce(outgoing, socket, head, body);
  }
  const length = BODILESS.has(status) ? {} : { 'Content-Length': Buffer.byteLength(body ?? '') };
  outgoing.writeHead(status, { ...headers, ...length });
  outgoing.end(body ?? undefined);
}

/**
 * Whether a short answer may be written to its connection past Node's response, which builds a header, writes twice and joins that
 * again. Only where the connection is kept, where this answer's turn has come and where nothing waits for the client: then this takes
 * the place of {@link ServerResponse.end}, and the `finish` that follows the write is what Node's server goes on with.
 */
const mayGoAtOnce = (outgoing: ServerResponse, socket: Socket): boolean =>
  outgoing.shouldKeepAlive &&
  outgoing.req.httpVersionMinor === 1 &&
  outgoing.req.method === 'POST' &&
  socket.writable &&
  socket.writableLength === 0 &&
  socket.writableCorked === 0;

function sendAtOnce(
  outgoing: HttpAnswer,
  socket: Socket,
  constantPart: string,
  body: string,
): void {
  const length = Buffer.byteLength(body);
  const head = `${constantPart}Content-Length: ${length}\r\nDate: ${httpDate(Date.now())}\r\n\r\n`;
  // One byte for each character costs less to write than UTF-8.
  socket.write(head + body, length === body.length ? 'latin1' : 'utf8', (error) => {
    if (error) return;
    outgoing.wentAtOnce = true;
    outgoing.emit('finish');
  });
}

/** The last headers that never change, and their text. Most answers have the same. */
let lastHead: { readonly headers: Head['headers'] | undefined; readonly text: string } = {
  headers: undefined,
  text: '',
};

/** Undefined for headers that may be others next time. */
function constantHead(headers: Head['headers']): string | undefined {
  if (lastHead.headers === headers) return lastHead.text;
  if (!areConstant(headers)) return undefined;
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  const kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1_000}\r\n`;
  lastHead = { headers, text: `HTTP/1.1 200 OK\r\n${fields.join('')}${kept}` };
  return lastHead.text;
}

let lastDate = { second: 0, text: '' };

/** `now` as an IMF-fixdate (RFC 9110 §5.6.7). */
function httpDate(now: number): string {
  const second = Math.floor(now / 1_000);
  if (lastDate.second !== second) lastDate = { second, text: new Date(now).toUTCString() };
  return lastDate.text;
}

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, OutgoingHttpHeader>>;
}

/** A body that is made as its client reads it: no more than one piece of it is here. */
async function sendMade(
  outgoing: ServerResponse,
  { status, headers }: Head,
  source: BodySource,
): Promise<void> {
  const client = new Client(outgoing);
  const left = (): void => {
    if (client.isServed) source.cancel?.();
    client.isServed = false;
  };
  if (outgoing.destroyed) return left();
  outgoing.once('close', left);
  outgoing.writeHead(status, headers);
  try {
    while (client.isServed) {
      await source.pull(client);
      // It may have been read meanwhile, if the source went on with something else.
      if (client.isServed && outgoing.writableNeedDrain) await drained(outgoing);
    }
  } catch {
    outgoing.destroy();
  }
}

/** Whom a body is made for. */
class Client implements BodyReader {
  /** It is there, and more of the body is to come. */
  isServed = true;
  /** A piece was given to Node, and the headers with it. */
  #isBegun = false;
  readonly #outgoing: ServerResponse;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
  }

  enqueue(bytes: Uint8Array): void {
    if (!this.isServed || this.atOnce(bytes)) return;
    this.#outgoing.write(bytes);
    this.#isBegun = true;
  }

  atOnce(bytes: Uint8Array): boolean {
    if (!this.isServed || !this.#isBegun || !mayGoStraight(this.#outgoing, bytes)) return false;
    this.#outgoing.socket?.write(chunkOf(bytes));
    return true;
  }

  close(): void {
    if (this.isServed) this.#outgoing.end();
    this.isServed = false;
  }

  /** A body that fails is cut off, and its client may come back; it may be waiting for the client at that time. */
  error(): void {
    this.isServed = false;
    this.#outgoing.destroy();
  }
}

/** What costs less to copy than to write in four: keep-alives, and most events. */
const SHORT_BYTES = 1_024;

/**
 * Whether a piece may be written to the connection as a chunk, past Node's response, which makes four writes of each and joins them
 * later: about a tenth of what an idle stream costs. Only where nothing that was written before still waits, so that the order stays, and
 * Node learns of each client that reads too slowly. Bodies that are not in chunks (HTTP/1.0, HEAD, a length that was told) are left to
 * Node.
 */
const mayGoStraight = (outgoing: ServerResponse, { length }: Uint8Array): boolean =>
  length > 0 &&
  length <= SHORT_BYTES &&
  outgoing.chunkedEncoding &&
  !outgoing.writableEnded &&
  outgoing.writableCorked === 0 &&
  outgoing.socket !== null &&
  outgoing.socket.writable &&
  outgoing.socket.writableCorked === 0 &&
  outgoing.writableLength === 0;

/** RFC 9112 §7.1. */
function chunkOf(bytes: Uint8Array): Buffer {
  const size = `${bytes.length.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2);
  chunk.write(size, 0, 'latin1');
  chunk.set(bytes, size.length);
  chunk.write('\r\n', size.length + bytes.length, 'latin1');
  return chunk;
}

async function sendStream(
  outgoing: ServerResponse,
  { status, headers }: Head,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const reader = body.getReader();
  // A body that fails is cut off, and its client may come back; it may be waiting for the client at that time.
  reader.closed.catch(() => outgoing.destroy());
  if (outgoing.destroyed) return void reader.cancel().catch(ignore);
  outgoing.once('close', () => void reader.cancel().catch(ignore));
  outgoing.writeHead(status, headers);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!outgoing.write(value)) await drained(outgoing);
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  }
}

/** The client has read some of what was waiting for it, or has left. */
const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      outgoing.off('drain', settle).off('close', settle);
      resolve();
    };
    outgoing.once('drain', settle).once('close', settle);
  });

/** Its client has left, which is an end like any other. */
const ignore = (): void => undefined;

/** A client that was answered before it had sent its whole body may send this much more, and for so long; it is not read. */
const REST_BYTES = 64 * 1024 * 1024;
const REST_MS = 500;

/** The request was answered: what is left of its body is read, so that the connection can be used again. */
export function endOf(incoming: IncomingMessage): void {
  if (incoming.destroyed || incoming.readableEnded) return;
  if (incoming.complete && incoming.readableLength === 0) incoming.read();
  else discardRest(incoming);
}

/** Ends the connection if that takes too much. */
function discardRest(incoming: IncomingMessage): void {
  const { socket } = incoming;
  let left = REST_BYTES;
  const timer = setTimeout(() => socket.destroySoon(), REST_MS);
  timer.unref();
  incoming
    .on('data', ({ length }: Buffer) => {
      left -= length;
      if (left < 0) socket.destroySoon();
    })
    .once('close', () => clearTimeout(timer))
    .resume();
}
