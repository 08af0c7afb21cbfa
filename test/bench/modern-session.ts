// A client of 2026-07-28: no session and no handshake, each request says all of its client. Request ids count from 1 in every
// client, so that those of different clients collide on purpose.
import { META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { HttpConnection, type HttpAnswer } from './http-connection.ts';
import { answerIn, JSON_HEADERS, judge, type ClientSession, type Outcome } from './sessions.ts';

/** Without capabilities: nothing is ever asked back, and any number of calls may share a legacy process. */
const ENVELOPE = {
  [META.protocolVersion]: MODERN_REVISION,
  [META.clientInfo]: { name: 'bench', version: '1.0.0' },
  [META.clientCapabilities]: {},
};

export class ModernSession implements ClientSession {
  readonly #path: string;
  readonly #connection: HttpConnection;
  #lastId = 0;

  constructor(url: URL) {
    this.#path = url.pathname;
    this.#connection = new HttpConnection(url);
  }

  /** For requests that are not calls. */
  get connection(): HttpConnection {
    return this.#connection;
  }

  async open(): Promise<void> {
    await this.#request('server/discover');
    await this.#request('tools/list');
  }

  /** A server without changes to tell is not listened to. */
  async listen(): Promise<void> {}

  async call(tool: string, args: object, text: string): Promise<Outcome> {
    try {
      const params = { name: tool, arguments: args };
      const { id, answer } = await this.#post('tools/call', params, { 'mcp-name': tool });
      const message = answerIn(answer, id);
      if (message === undefined)
        return { kind: 'lost', reason: `HTTP ${answer.status} without an answer` };
      return judge(message, text, id, answer.ms, 'complete');
    } catch (error) {
      return { kind: 'lost', reason: String(error) };
    }
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #request(method: string): Promise<void> {
    const { id, answer } = await this.#post(method, {}, {});
    if (answerIn(answer, id)?.result?.resultType !== 'complete')
      throw new Error(`${method}: HTTP ${answer.status} ${answer.text.slice(0, 200)}`);
  }

  async #post(
    method: string,
    params: object,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly id: number; readonly answer: HttpAnswer }> {
    this.#lastId += 1;
    const id = this.#lastId;
    const message = { jsonrpc: '2.0', id, method, params: { ...params, _meta: ENVELOPE } };
    const body = JSON.stringify(message);
    const answer = await this.#connection.exchange(
      'POST',
      this.#path,
      {
        ...JSON_HEADERS,
        'mcp-protocol-version': MODERN_REVISION,
        'mcp-method': method,
        ...headers,
        'content-length': Buffer.byteLength(body),
      },
      body,
    );
    return { id, answer };
  }
}
