// Puts a token into requests, for programs that cannot show one. All else passes as it came: methods, paths, headers, bodies, and ends.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

import { freePort } from '../../runner/dev/free-port.ts';

export class BearerProxy {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** Where requests go on, and with which token. */
  target: { readonly url: string; readonly token: string } | undefined;
  readonly #server = createServer((asked, answer) => this.#pass(asked, answer));

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#server.listen(port, '127.0.0.1');
  }

  static async open(): Promise<BearerProxy> {
    const proxy = new BearerProxy(await freePort());
    await once(proxy.#server, 'listening');
    return proxy;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { target } = this;
    if (!target) return void answer.writeHead(502).end();
    const headers = [...asked.rawHeaders, 'Authorization', `Bearer ${target.token}`];
    const { method = 'GET', url: path = '/' } = asked;
    const { hostname, port } = new URL(target.url);
    const onward = request({ hostname, port, method, path, headers, setHost: false });
    onward.on('response', (got) => {
      answer.writeHead(got.statusCode ?? 502, got.rawHeaders);
      answer.flushHeaders();
      got.pipe(answer);
      got.on('error', () => answer.destroy());
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  }
}
