// What passes between a runner and its edge, read on the way: every frame of every link, in both directions. Nothing is changed.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { WebSocket, WebSocketServer } from 'ws';

/** Headers of a WebSocket handshake that each of the two connections has of its own (RFC 6455 §4.1). */
const OF_HANDSHAKE = new Set([
  'connection',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'upgrade',
]);

export class LinkTap {
  /** Where the runner dials instead of the edge. */
  readonly url: string;
  /** Frames, and close reasons, as they came. */
  readonly passed: string[] = [];
  /** Credentials that were shown at dials. */
  readonly shown: string[] = [];
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  readonly #edge: string;

  private constructor(server: Server, edge: string) {
    this.#server = server;
    this.#edge = edge;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('upgrade', (request, socket, head) => this.#relay(request, socket, head));
  }

  /** Listens on a free port; the edge need not be there yet. */
  static async open(edge: string): Promise<LinkTap> {
    const server = createServer((_, response) => void response.writeHead(502).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LinkTap(server, edge);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #relay(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { headers, url = '' } = request;
    this.shown.push(headers.authorization ?? '');
    const passed = Object.entries(headers).filter(([name]) => !OF_HANDSHAKE.has(name));
    const protocols = (headers['sec-websocket-protocol'] ?? '').split(/, */u);
    const far = new WebSocket(`${this.#edge.replace('http', 'ws')}${url}`, protocols, {
      headers: Object.fromEntries(passed),
      perMessageDeflate: false,
    });
    far.on('error', () => socket.destroy());
    far.on('unexpected-response', (_, { statusCode }) =>
      socket.end(`HTTP/1.1 ${statusCode} No\r\nConnection: close\r\n\r\n`),
    );
    far.once('open', () => {
      this.#sockets.handleUpgrade(request, socket, head, (near) => {
        this.#join(near, far);
        this.#join(far, near);
      });
    });
  }

  #join(from: WebSocket, to: WebSocket): void {
    from.on('message', (bytes: Buffer, isBinary) => {
      this.passed.push(bytes.toString());
      to.send(bytes, { binary: isBinary });
    });
    from.on('error', () => to.terminate());
    from.on('close', (code, reason) => {
      this.passed.push(reason.toString());
      if (code >= 1000 && code !== 1005 && code !== 1006) to.close(code, reason);
      else to.terminate();
    });
  }
}
