// A client of the MCP endpoint by plain fetch, for what the official clients hide: equal ids, event ids, statuses.
import assert from 'node:assert/strict';

export interface RawEvent {
  /** Absent when the event named none. */
  readonly id: string | undefined;
  readonly data: string;
}

/** Reads an SSE response event by event; comments are passed over. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';

  constructor(response: Response) {
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.ok(response.body);
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event, or undefined at the end of the stream. Rejects when the connection breaks. */
  async next(): Promise<RawEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end === -1) {
        const { value, done } = await this.#reader.read();
        if (done) return undefined;
        this.#text += value;
        continue;
      }
      const lines = this.#text.slice(0, end).split('\n');
      this.#text = this.#text.slice(end + 2);
      const data = fieldOf(lines, 'data');
      if (data !== undefined) return { id: fieldOf(lines, 'id'), data };
    }
  }

  /** All events up to the end of the stream. */
  async rest(): Promise<RawEvent[]> {
    const events: RawEvent[] = [];
    for (let event = await this.next(); event; event = await this.next()) events.push(event);
    return events;
  }
}

function fieldOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((line) => line.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trimStart();
}

/** A session of revision 2025-11-25. */
export class RawClient {
  readonly #url: URL;
  readonly #sessionId: string;

  constructor(url: URL, sessionId: string) {
    this.#url = url;
    this.#sessionId = sessionId;
  }

  static async open(url: URL): Promise<RawClient> {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'raw', version: '1.0.0' },
    };
    const headers = { 'content-type': 'application/json', accept: BOTH };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
    const response = await fetch(url, { method: 'POST', headers, body });
    assert.equal(response.status, 200);
    await response.text();
    const client = new RawClient(url, response.headers.get('mcp-session-id') ?? '');
    const initialized = await client.post({ method: 'notifications/initialized' });
    assert.equal(initialized.status, 202);
    return client;
  }

  /** The same session by another way. */
  at(url: URL): RawClient {
    return new RawClient(url, this.#sessionId);
  }

  post(message: object): Promise<Response> {
    const headers = { ...this.#headers, 'content-type': 'application/json', accept: BOTH };
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    return fetch(this.#url, { method: 'POST', headers, body });
  }

  call(id: number | string, name: string, args: object, _meta: object = {}): Promise<Response> {
    return this.post({ id, method: 'tools/call', params: { name, arguments: args, _meta } });
  }

  get(lastEventId?: string): Promise<Response> {
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const headers = { ...this.#headers, ...resume, accept: 'text/event-stream' };
    return fetch(this.#url, { headers });
  }

  delete(): Promise<Response> {
    return fetch(this.#url, { method: 'DELETE', headers: this.#headers });
  }

  get #headers(): Record<string, string> {
    return { 'mcp-session-id': this.#sessionId, 'mcp-protocol-version': '2025-11-25' };
  }
}

const BOTH = 'application/json, text/event-stream';

/** The JSON-RPC messages of an answer, whether it came as one body or as a stream. */
export async function messagesOf(response: Response): Promise<unknown[]> {
  if (response.headers.get('content-type') === 'application/json') return [await response.json()];
  const events = await new EventReader(response).rest();
  return events.filter(({ data }) => data !== '').map(({ data }) => JSON.parse(data) as unknown);
}
