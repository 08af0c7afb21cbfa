// A legacy session as raw HTTP, without an SDK between the test and the wire.
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import type { Bridge } from './harness.ts';
import { ask, listen, type Answer, type EventStream, type SseEvent } from './raw-http.ts';

/** A JSON-RPC message as a test reads it. */
export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly fault: string; readonly phase: string; readonly retryable: boolean };
  };
}

export const BOTH = 'application/json, text/event-stream';

/** What every well-behaved POST carries. */
export const POST_HEADERS = { 'Content-Type': 'application/json', Accept: BOTH };

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/servers/${name}.mjs`, import.meta.url));

export interface SessionOptions {
  readonly revision?: string;
  readonly capabilities?: object;
  /** The client's key, where the edge asks for one. */
  readonly key?: string;
}

export const bearer = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { Authorization: `Bearer ${key}` };

export const initialize = ({ revision = '2025-06-18', capabilities = {} }: SessionOptions = {}) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: revision,
      capabilities,
      clientInfo: { name: 'raw', version: '1.0.0' },
    },
  });

export const toolCall = (id: unknown, name: string, args: object = {}, meta?: object): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: args, ...(meta && { _meta: meta }) },
  });

/** The messages of an answer, whether it is JSON or a stream that has ended. */
export function messagesOf({ headers, body }: Answer): Message[] {
  if (body === '') return [];
  if (!headers['content-type']?.startsWith('text/event-stream')) {
    return [JSON.parse(body)].flat() as Message[];
  }
  // Events of one data line each: what our own streams consist of, which other tests check.
  return body
    .split('\n')
    .filter((line) => line.startsWith('data: ') && line !== 'data: ')
    .map((line) => JSON.parse(line.slice('data: '.length)) as Message);
}

/** The one message of an answer. */
export function messageOf(answer: Answer): Message {
  const [message, more] = messagesOf(answer);
  if (message === undefined || more !== undefined) {
    throw new Error(`One message was expected: ${answer.status} ${answer.body.slice(0, 500)}`);
  }
  return message;
}

/** The text of a tool's result. */
export function textOf(message: Message | undefined): string {
  const [content] = (message?.result?.['content'] ?? []) as { text: string }[];
  if (content === undefined) throw new Error(`No result: ${JSON.stringify(message)}`);
  return content.text;
}

/** Asks for a session; the answer may be a refusal. */
export const askForSession = (
  bridge: Pick<Bridge, 'url'>,
  server: string,
  options: SessionOptions = {},
): Promise<Answer> =>
  ask(bridge.url, {
    method: 'POST',
    path: `/${server}/mcp`,
    headers: { ...POST_HEADERS, ...bearer(options.key) },
    body: initialize(options),
  });

/** Opens a Streamable HTTP session and finishes its handshake. */
export async function openSession(
  bridge: Pick<Bridge, 'url'>,
  server: string,
  options: SessionOptions = {},
): Promise<RawSession> {
  const answer = await askForSession(bridge, server, options);
  const id = answer.headers['mcp-session-id'];
  if (answer.status !== 200 || typeof id !== 'string') {
    throw new Error(`No session: ${answer.status} ${answer.body}`);
  }
  const headers = {
    'Mcp-Session-Id': id,
    'MCP-Protocol-Version': options.revision ?? '2025-06-18',
    ...bearer(options.key),
  };
  const session = new RawSession(bridge.url, `/${server}/mcp`, id, headers);
  const ready = await session.post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  expect(ready).toMatchObject({ status: 202, body: '' });
  return session;
}

export class RawSession {
  readonly id: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #origin: string;

  constructor(origin: string, path: string, id: string, headers: Record<string, string>) {
    this.#origin = origin;
    this.path = path;
    this.id = id;
    this.headers = headers;
  }

  post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
    const all = { ...POST_HEADERS, ...this.headers, ...headers };
    return ask(this.#origin, { method: 'POST', path: this.path, headers: all, body });
  }

  /** Calls a tool and waits for the one message of the answer. */
  async call(name: string, args: object = {}, id: unknown = 1): Promise<Message> {
    return messageOf(await this.post(toolCall(id, name, args)));
  }

  /** A POST whose answer is read as it comes. It must be a stream. */
  postStream(body: string): Promise<EventStream> {
    const headers = { ...POST_HEADERS, ...this.headers };
    return listen(this.#origin, { method: 'POST', path: this.path, headers, body });
  }

  get(headers: Record<string, string> = {}): Promise<EventStream> {
    const all = { Accept: 'text/event-stream', ...this.headers, ...headers };
    return listen(this.#origin, { path: this.path, headers: all });
  }

  end(): Promise<Answer> {
    return ask(this.#origin, { method: 'DELETE', path: this.path, headers: this.headers });
  }

  async whoami(): Promise<{ pid: number; envKeys: string[] }> {
    const facts: unknown = JSON.parse(textOf(await this.call('whoami')));
    return facts as { pid: number; envKeys: string[] };
  }
}

/** An HTTP+SSE session of revision 2024-11-05: its stream, and the URL to POST to. */
export class SseSession {
  readonly stream: EventStream;
  readonly path: string;
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(origin: string, stream: EventStream, path: string, headers: Record<string, string>) {
    this.#origin = origin;
    this.stream = stream;
    this.path = path;
    this.#headers = headers;
  }

  /** Opens the stream and nothing more. */
  static async dial(
    bridge: Pick<Bridge, 'url'>,
    server: string,
    { key }: SessionOptions = {},
  ): Promise<SseSession> {
    const headers = bearer(key);
    const stream = await listen(bridge.url, {
      path: `/${server}/sse`,
      headers: { Accept: 'text/event-stream', ...headers },
    });
    const first = await stream.next();
    expectEndpoint(first);
    const { pathname, search } = new URL(first?.data ?? '', `${bridge.url}/${server}/sse`);
    return new SseSession(bridge.url, stream, pathname + search, headers);
  }

  /** Opens the stream and makes the handshake. */
  static async open(
    bridge: Pick<Bridge, 'url'>,
    server: string,
    options: SessionOptions = {},
  ): Promise<SseSession> {
    const session = await SseSession.dial(bridge, server, options);
    const { capabilities = {} } = options;
    const asked = await session.post(initialize({ revision: '2024-11-05', capabilities }));
    expectAccepted(asked);
    const initialized = await session.next();
    expectRevision(initialized, '2024-11-05');
    const ready = await session.post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    expectAccepted(ready);
    return session;
  }

  post(body: string): Promise<Answer> {
    const headers = { 'Content-Type': 'application/json', ...this.#headers };
    return ask(this.#origin, { method: 'POST', path: this.path, headers, body });
  }

  /** The next message on the stream. */
  async next(): Promise<Message> {
    const event = await this.stream.nextMessage();
    if (event === undefined) throw new Error('The stream has ended.');
    expectMessage(event);
    return JSON.parse(event.data) as Message;
  }

  /** Calls a tool; the answer is the next message on the stream. */
  async call(name: string, args: object = {}, id: unknown = 1): Promise<Message> {
    expectAccepted(await this.post(toolCall(id, name, args)));
    return this.next();
  }
}

const expectEndpoint = (event: SseEvent | undefined): void =>
  expect(event).toMatchObject({ event: 'endpoint', id: undefined });

const expectMessage = (event: SseEvent): void => expect(event.event).toBe('message');

const expectAccepted = ({ status }: Answer): void => expect(status).toBe(202);

const expectRevision = ({ result }: Message, protocolVersion: string): void =>
  expect(result).toMatchObject({ protocolVersion });
