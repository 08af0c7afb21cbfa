// A request as the app reads it, on what Node's server took in. Of a Request it has what the app asks for (http/platform.d.ts), and
// makes no more of it than is asked.
import { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ArrivedBody } from '../../http/guards/body.ts';
import type { KeepsUrl, RequestUrl } from '../../http/request-url.ts';

/**
 * What Node's server makes for each request. All offers of a client to go on with another protocol are passed over, such as HTTP/2 (RFC
 * 9110 §7.8), but a handshake of a WebSocket, which is a GET (RFC 6455 §4.1). Node asks this member whether it is to upgrade; before 24.9
 * nothing else can tell it, and the body of a request that is upgraded is lost.
 */
export class Incoming extends IncomingMessage {
  /** As Node has parsed it; null at first, set by the constructor of Node. */
  declare isOffered: boolean | null;
  /** Under which a proxy received it. */
  declare scheme: 'http' | 'https' | undefined;

  get upgrade(): boolean {
    if (this.isOffered !== true) return false;
    if (this.method === 'CONNECT') return true;
    return this.method === 'GET' && this.headers.upgrade?.toLowerCase() === 'websocket';
  }

  set upgrade(isOffered: boolean | null) {
    this.isOffered = isOffered;
  }
}

/** Hosts and targets that are in a URL as they are: nothing in them is decoded, and no path leads up. */
const PLAIN_HOST = /^[a-z0-9._-]+(?::(?:[1-5]\d{3,4}|[6-9]\d{3}))?$/u;
const PLAIN_TARGET = /^\/(?!.*\/\.)[!#$&-;=?-[\]_a-z~]*$/u;

/** The last URL: clients of one endpoint all send the same. */
let last = { scheme: '', host: '', target: '', url: '' };

/** The URL of a request; undefined if target and Host make none. */
export function urlOfTarget(incoming: Incoming): string | undefined {
  const { url: target = '', headers, socket } = incoming;
  // In absolute form (RFC 9112 §3.2.2).
  if (!target.startsWith('/'))
    return /^https?:\/\//u.test(target) ? URL.parse(target)?.href : undefined;
  const { host } = headers;
  if (host === undefined || host === '') return undefined;
  const own = 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http';
  const scheme = incoming.scheme ?? own;
  if (host === last.host && target === last.target && scheme === last.scheme) return last.url;
  const text = `${scheme}://${host}${target}`;
  if (PLAIN_HOST.test(host) && PLAIN_TARGET.test(target)) {
    last = { scheme, host, target, url: text };
    return text;
  }
  const url = URL.parse(text);
  // What a URL reads otherwise than it stands there is no name of a host.
  return url?.hostname === host.replace(/:\d+$/u, '').toLowerCase() ? url.href : undefined;
}

/** Headers as Node has read them. Those of a request with a repeated header are joined as Fetch does it; Node drops some. */
class IncomingHeaders {
  readonly #incoming: IncomingMessage;
  #fields: IncomingMessage['headers'] | undefined;
  #joined: Headers | undefined;
  #sorted: [string, string][] | undefined;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
    const { headers, rawHeaders } = incoming;
    if (Object.keys(headers).length * 2 === rawHeaders.length) this.#fields = headers;
  }

  get(name: string): string | null {
    if (!this.#fields) return this.#all.get(name);
    const value = this.#fields[lowerCased(name)];
    return typeof value === 'string' ? value : null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  set(name: string, value: string): void {
    this.#all.set(name, value);
    this.#fields = undefined;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    if (!this.#fields) return this.#all[Symbol.iterator]();
    return (this.#sorted ??= sortedFields(this.#fields)).values();
  }

  get #all(): Headers {
    return (this.#joined ??= new Headers(pairsOf(this.#incoming.rawHeaders)));
  }
}

/** By their names, as Fetch has them. */
function sortedFields(fields: IncomingMessage['headers']): [string, string][] {
  const sorted: [string, string][] = [];
  for (const name of Object.keys(fields).toSorted()) {
    const value = fields[name];
    if (typeof value === 'string') sorted.push([name, value]);
  }
  return sorted;
}

/** The names that the app asks for, as Node spells them: to find a text that was just made costs more than to find its own. */
const spelled = new Map<string, string>();

/** Above the names of the app. */
const SPELLED_NAMES = 128;

function lowerCased(name: string): string {
  const known = spelled.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (spelled.size < SPELLED_NAMES) spelled.set(name, lower);
  return lower;
}

function pairsOf(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  return pairs;
}

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Of an AbortSignal, what the app asks for. One of the platform takes a KiB for each stream that waits. */
class Leaving {
  aborted = false;
  #listeners: (() => void)[] | undefined;

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) (this.#listeners ??= []).push(listener);
  }

  abort(): void {
    this.aborted = true;
    for (const listener of this.#listeners?.splice(0) ?? []) listener();
  }
}

class IncomingRequest implements ArrivedBody, KeepsUrl {
  parsedUrl: RequestUrl | undefined;
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingHeaders;
  /** Where it came from. */
  readonly addressOf: () => string | undefined;
  readonly #incoming: IncomingMessage;
  #body: ReadableStream<Uint8Array> | undefined;
  #isTaken = false;
  #leaving: Leaving | undefined;

  constructor(incoming: IncomingMessage, url: string, addressOf: () => string | undefined) {
    this.#incoming = incoming;
    this.addressOf = addressOf;
    this.url = url;
    this.method = incoming.method ?? 'GET';
    this.headers = new IncomingHeaders(incoming);
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (BODILESS.has(this.method)) return null;
    return (this.#body ??= this.#isTaken ? emptyStream() : streamOf(this.#incoming));
  }

  get bodyUsed(): boolean {
    return this.#isTaken;
  }

  get signal(): AbortSignal {
    return (this.#leaving ??= new Leaving()) as unknown as AbortSignal;
  }

  /** The client has left before the end of its answer. */
  abort(): void {
    (this.#leaving ??= new Leaving()).abort();
  }

  arrived(bytes: number): Uint8Array<ArrayBuffer> | undefined {
    const incoming = this.#incoming;
    if (incoming.readableLength !== bytes || this.#body || this.#isTaken) return undefined;
    this.#isTaken = true;
    const body = incoming.read() as Buffer<ArrayBuffer>;
    // A copy where what Node has read into is larger: it would be kept.
    return body.length === body.buffer.byteLength
      ? new Uint8Array(body.buffer)
      : new Uint8Array(body);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#body || this.#isTaken) throw new TypeError('the body is in use');
    this.#isTaken = true;
    if (BODILESS.has(this.method)) return new ArrayBuffer(0);
    return new Uint8Array(await wholeOf(this.#incoming)).buffer;
  }

  async text(): Promise<string> {
    return Buffer.from(await this.arrayBuffer()).toString();
  }
}

/** The request of a URL of {@link urlOfTarget}. */
export const asRequest = (
  ...of: ConstructorParameters<typeof IncomingRequest>
): Request & Pick<IncomingRequest, 'abort'> =>
  new IncomingRequest(...of) as unknown as Request & Pick<IncomingRequest, 'abort'>;

/** Where a request came from; undefined for one that came over no network. */
export const addressOf = (request: Request): string | undefined =>
  (request as Partial<Pick<IncomingRequest, 'addressOf'>>).addressOf?.();

/** Rejects when the connection ends before the body. */
function wholeOf(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const left = (): void => {
      const rest = restOf(incoming);
      if (rest) resolve(Buffer.concat([...chunks, rest]));
      else reject(new Error('the client left'));
    };
    if (incoming.destroyed) return left();
    incoming
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => resolve(Buffer.concat(chunks)))
      .once('error', left)
      .once('close', left);
  });
}

/** What is left to be read of a body that arrived before its client left; undefined if not all of it did. */
function restOf(incoming: IncomingMessage): Buffer | undefined {
  if (!incoming.complete) return undefined;
  return (incoming.read() as Buffer | null) ?? Buffer.alloc(0);
}

/** Nothing is read before somebody asks, so a body that nobody wants is not asked for. */
function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const rest = !reader && incoming.destroyed ? restOf(incoming) : undefined;
        if (rest) {
          if (rest.length > 0) controller.enqueue(rest);
          return controller.close();
        }
        reader ??= (Readable.toWeb(incoming) as ReadableStream<Uint8Array>).getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

const emptyStream = (): ReadableStream<Uint8Array> =>
  new ReadableStream({ start: (controller) => controller.close() });
