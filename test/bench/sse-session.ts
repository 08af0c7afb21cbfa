// A client's session over HTTP+SSE (2024-11-05), for gateways that have no other transport: requests are posted, and answered on a stream.
import { Agent, request, type ClientRequest } from 'node:http';

import { createParser } from 'eventsource-parser';

import type { SizedTool } from '../../shared/mcp/tool-size.ts';
import { ANSWER_MS, HttpConnection } from './http-connection.ts';
import {
  JSON_HEADERS,
  judge,
  type ClientSession,
  type Message,
  type Outcome,
  type ToolPages,
} from './sessions.ts';

const INITIALIZE = {
  protocolVersion: '2024-11-05',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1.0.0' },
};

/** An answer, and when its last byte was there. */
interface Answer {
  readonly message: Message;
  readonly text: string;
  readonly at: number;
}

export class SseSession implements ClientSession {
  readonly #url: URL;
  readonly #connection: HttpConnection;
  readonly #agent = new Agent();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #stream: ClientRequest | undefined;
  #path = '';
  #lastId = 0;

  constructor(url: URL) {
    this.#url = url;
    this.#connection = new HttpConnection(url);
  }

  async open(): Promise<void> {
    await this.greet();
    await this.listTools();
  }

  /** The handshake alone. */
  async greet(): Promise<void> {
    this.#path = await this.#endpoint();
    await this.#request('initialize', INITIALIZE);
    await this.#post({ method: 'notifications/initialized' });
  }

  /** All pages of the tools. */
  async listTools(): Promise<ToolPages> {
    const tools: SizedTool[] = [];
    let bytes = 0;
    let cursor: string | undefined;
    do {
      const { message, text } = await this.#request('tools/list', cursor ? { cursor } : {});
      if (!message.result) throw new Error(`tools/list: ${text.slice(0, 200)}`);
      tools.push(...(message.result.tools ?? []));
      bytes += Buffer.byteLength(text);
      cursor = message.result.nextCursor;
    } while (cursor !== undefined);
    return { tools, bytes };
  }

  /** It is open from the first. */
  async listen(): Promise<void> {}

  async call(tool: string, args: object, text: string): Promise<Outcome> {
    const startedAt = performance.now();
    try {
      const { message, at } = await this.#request('tools/call', { name: tool, arguments: args });
      return judge(message, text, this.#lastId, at - startedAt);
    } catch (error) {
      return { kind: 'lost', reason: String(error) };
    }
  }

  async close(): Promise<void> {
    this.#stream?.destroy();
    this.#agent.destroy();
    this.#connection.close();
  }

  /** Opens the stream; the path to post to, which its first event says. */
  #endpoint(): Promise<string> {
    return new Promise((resolve, reject) => {
      const { hostname, port, pathname: path } = this.#url;
      const headers = { accept: 'text/event-stream' };
      const asked = request({ hostname, port, path, headers, agent: this.#agent });
      this.#stream = asked;
      asked.on('error', reject);
      asked.on('response', (response) => {
        const parser = createParser({
          onEvent: ({ event, data }) => {
            if (event === 'endpoint') {
              const { pathname, search } = new URL(data, this.#url);
              resolve(pathname + search);
            } else this.#take(data);
          },
        });
        if (response.statusCode !== 200) reject(new Error(`GET: HTTP ${response.statusCode}`));
        response.setEncoding('utf8').on('data', (chunk: string) => parser.feed(chunk));
        response.on('error', reject);
      });
      asked.end();
    });
  }

  #take(text: string): void {
    const at = performance.now();
    const message = JSON.parse(text) as Message;
    if (message.method === undefined)
      this.#waiting.get(Number(message.id))?.({ message, text, at });
  }

  #request(method: string, params: unknown): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => reject(new Error('no answer')), ANSWER_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(giveUp);
        this.#waiting.delete(id);
        resolve(answer);
      });
      this.#post({ id, method, params }).catch(reject);
    });
  }

  async #post(message: object): Promise<void> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const headers = { ...JSON_HEADERS, 'content-length': Buffer.byteLength(body) };
    const { status, text } = await this.#connection.exchange('POST', this.#path, headers, body);
    if (status >= 300) throw new Error(`POST: HTTP ${status} ${text.slice(0, 200)}`);
  }
}
