// HTTP as a client without manners may use it: any path, header and body; answers read whole, or event by event.
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Wish {
  readonly method?: string;
  /** Sent as it stands: neither decoded nor normalised. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One exchange on a connection of its own; resolves with the head of the answer. */
async function exchange(origin: string, wish: Wish): Promise<IncomingMessage> {
  const { hostname, port } = new URL(origin);
  const { method = 'GET', path, headers, body } = wish;
  const request = httpRequest({ hostname, port, method, path, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  // A connection that breaks from here on is told by the response as well.
  request.on('error', () => undefined);
  return response;
}

/** Sends a request and reads the whole answer. */
export async function ask(origin: string, wish: Wish): Promise<Answer> {
  const response = await exchange(origin, wish);
  const { statusCode = 0, headers } = response;
  let body = '';
  response.setEncoding('utf8');
  for await (const text of response) body += String(text);
  return { status: statusCode, headers, body };
}

/** Sends a request and reads the answer as it comes. */
export async function listen(origin: string, wish: Wish): Promise<EventStream> {
  return new EventStream(await exchange(origin, wish));
}

export interface SseEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** An answer of type text/event-stream, read by the rules of WHATWG HTML §9.2.6 and nothing more lenient. */
export class EventStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly comments: string[] = [];
  /** True once the server has ended the response; a connection that broke rejects `next` instead. */
  isEnded = false;
  readonly #response: IncomingMessage;
  readonly #events: SseEvent[] = [];
  #line = '';
  #endedInCr = false;
  #id: string | undefined;
  #type = '';
  #data: string[] = [];
  #error: Error | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#feed(text);
      this.#stir();
    });
    response.on('end', () => {
      this.isEnded = true;
      this.#stir();
    });
    response.on('error', (error) => {
      this.#error = error;
      this.#stir();
    });
  }

  /** The next event; undefined when the response has ended. */
  async next(): Promise<SseEvent | undefined> {
    await this.#until(() => this.#events.length > 0);
    return this.#events.shift();
  }

  /** The next event that has data: priming events have none. */
  async nextMessage(): Promise<SseEvent | undefined> {
    for (;;) {
      const event = await this.next();
      if (event === undefined || event.data !== '') return event;
    }
  }

  /** All events that have data, when the response has ended. */
  async rest(): Promise<SseEvent[]> {
    await this.#until(() => false);
    return this.#events.splice(0).filter(({ data }) => data !== '');
  }

  /** Waits for the next comment after those that were there before. */
  async nextComment(): Promise<string | undefined> {
    const known = this.comments.length;
    await this.#until(() => this.comments.length > known);
    return this.comments[known];
  }

  /** Reads nothing until {@link resume}. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#response.on('error', () => undefined);
    this.#response.destroy();
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere() && !this.isEnded) {
      if (this.#error) throw this.#error;
      await this.#wake.promise;
    }
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  #feed(text: string): void {
    // A CR ends a line at once; an LF right after it belongs to the same break, in whatever chunk it comes.
    const rest = this.#endedInCr && text.startsWith('\n') ? text.slice(1) : text;
    this.#endedInCr = text.endsWith('\r');
    const lines = rest.split(/\r\n|\r|\n/u);
    const last = lines.pop() ?? '';
    for (const line of lines) {
      this.#take(this.#line + line);
      this.#line = '';
    }
    this.#line += last;
  }

  #take(line: string): void {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return void this.comments.push(line.slice(1).trim());
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /u, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#type = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #dispatch(): void {
    if (this.#data.length > 0) {
      const event = this.#type === '' ? 'message' : this.#type;
      this.#events.push({ id: this.#id, event, data: this.#data.join('\n') });
    }
    this.#data = [];
    this.#type = '';
  }
}

/** A bare connection: what is written is what is sent. */
export class RawConnection {
  readonly #socket: Socket;
  /** All that came back so far. */
  received = '';
  isClosed = false;
  #wake = Promise.withResolvers<void>();

  constructor(origin: string) {
    const { hostname, port } = new URL(origin);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => {
      this.received += text;
      this.#stir();
    });
    // The peer may reset a connection it has answered; that is an end like any other.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.isClosed = true;
      this.#stir();
    });
  }

  /** Resolves when the system took the bytes, or the connection is gone. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.isClosed) return;
    const written = Promise.withResolvers<void>();
    // The callback comes with an error too, when the connection breaks first.
    this.#socket.write(bytes, () => written.resolve());
    await written.promise;
  }

  /** Waits for text, or for the end of the connection. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.received) && !this.isClosed) await this.#wake.promise;
  }

  /** The status of the first answer. */
  async status(): Promise<number> {
    await this.until(/\r\n\r\n/u);
    return Number(/^HTTP\/1\.1 (\d{3}) /u.exec(this.received)?.[1]);
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#wake.promise;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
