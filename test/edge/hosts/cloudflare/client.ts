// A client of the edge, as a test needs it: posts, opens streams, and reads SSE event by event.
import { exports } from 'cloudflare:workers';

import { ANN } from '../../../fixtures/edge-settings.ts';
import { EDGE, type FakeRunner, type FakeSession } from './fake-runner.ts';

export interface SseEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: string;
}

export class Client {
  readonly key: string;
  readonly sessionId: string | undefined;
  readonly #server: string;

  constructor(options: { key?: string; sessionId?: string; server?: string } = {}) {
    this.key = options.key ?? ANN.key;
    this.sessionId = options.sessionId;
    this.#server = options.server ?? 'files';
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({
      Authorization: `Bearer ${this.key}`,
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-06-18',
    });
    if (this.sessionId !== undefined) headers.set('Mcp-Session-Id', this.sessionId);
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    return exports.default.fetch(
      new Request(`${EDGE}/${this.#server}${path}`, { ...init, headers }),
    );
  }

  post(message: object, path = '/mcp'): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
  }

  call(id: number | string): Promise<Response> {
    return this.post({ id, method: 'tools/call', params: {} });
  }

  /** The GET stream, behind an event if one is named. */
  listen(lastEventId?: string): Promise<Response> {
    return this.fetch(
      '/mcp',
      lastEventId === undefined ? {} : { headers: { 'Last-Event-ID': lastEventId } },
    );
  }

  end(): Promise<Response> {
    return this.fetch('/mcp', { method: 'DELETE' });
  }
}

/** Opens a session of a client with a runner that is linked. */
export async function openSession(
  runner: FakeRunner,
  options: { key?: string; server?: string } = {},
): Promise<{ client: Client; session: FakeSession }> {
  const initialize = { id: 0, method: 'initialize', params: { capabilities: {} } };
  const opening = new Client(options).post(initialize);
  const session = await runner.take();
  await session.answer({ protocolVersion: '2025-06-18' });
  const response = await opening;
  const sessionId = response.headers.get('Mcp-Session-Id') ?? '';
  await response.body?.cancel();
  return { client: new Client({ ...options, sessionId }), session };
}

/** Reads a response's events one by one; comments are passed over. */
export class Events {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';

  constructor(response: Response) {
    if (!response.body) throw new Error('no body');
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event, undefined at the end of the stream. */
  async next(): Promise<SseEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end !== -1) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const event = parse(block);
        if (event) return event;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  /** The next event's data, read as JSON. */
  async message(): Promise<Record<string, unknown>> {
    const event = await this.next();
    return JSON.parse(event?.data ?? '{}');
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

function parse(block: string): SseEvent | undefined {
  const fields: Record<string, string> = {};
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^([a-z]+): ?(.*)$/u.exec(line) ?? [];
    if (name !== undefined) fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
  }
  const { id, event, data } = fields;
  if (data === undefined) return undefined;
  return { data, ...(id !== undefined && { id }), ...(event !== undefined && { event }) };
}
