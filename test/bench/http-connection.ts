// One kept-alive HTTP/1.1 connection of a client, on node:http: what a request costs here is the same for every target.
import {
  Agent,
  request,
  type ClientRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';

/** An answer that takes longer counts as lost. */
export const ANSWER_MS = 20_000;

/** A whole HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** From the request's start to the last byte of the body, or to the headers where there is no body. */
  readonly ms: number;
}

export class HttpConnection {
  readonly #origin: URL;
  // One socket: a session's calls here come one after another, and none may hide in a second connection.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: ANSWER_MS });
  readonly #streams = new Set<ClientRequest>();

  constructor(origin: URL) {
    this.#origin = origin;
  }

  /** Rejects when the connection breaks or nothing comes for {@link ANSWER_MS}. */
  exchange(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    body?: string,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const asked = request({ ...this.#options(method, path), headers, agent: this.#agent });
      asked.on('error', reject);
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
      asked.on('response', (response) => {
        let lastByteAt = performance.now();
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          lastByteAt = performance.now();
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, text, ms: lastByteAt - startedAt });
        });
      });
      asked.end(body);
    });
  }

  /** Opens a stream on a connection of its own and drops what comes. Resolves with its status. */
  openStream(path: string, headers: OutgoingHttpHeaders): Promise<number> {
    return new Promise((resolve, reject) => {
      const asked = request({ ...this.#options('GET', path), headers, agent: false });
      this.#streams.add(asked);
      asked.on('error', reject);
      asked.on('response', (response) => {
        response.on('error', () => undefined);
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.end();
    });
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#agent.destroy();
  }

  #options(method: string, path: string) {
    const { hostname, port } = this.#origin;
    return { method, path, hostname, port };
  }
}
