// An edge played by hand for a real runner: it lets the runner in, and then says whatever the test wants.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { WebSocketServer, type WebSocket } from 'ws';

/** How the edge meets an upgrade. */
interface Manners {
  /** Answers every upgrade with this. */
  refusal?: { readonly status: number; readonly text: string };
  /** Does with the connection of every upgrade what it likes. */
  answer?: (socket: Duplex) => void;
  /** The subprotocol it names, whatever was offered. */
  subprotocol?: string;
}

interface Dial {
  /** By `performance.now()`. */
  readonly at: number;
  readonly authorization: string | undefined;
}

export class FakeEdge {
  readonly url: string;
  readonly manners: Manners = {};
  /** Control links, each after its hello was answered with a welcome. */
  readonly controls = new Arrivals<FakeLink>();
  /** Session links, each after its welcome. */
  readonly sessions = new Arrivals<FakeLink>();
  /** Every dial, whatever became of it. */
  readonly dials = new Arrivals<Dial>();
  /** Header of the epoch of each dial of a session link. */
  readonly epochs: string[] = [];
  readonly #answered = new Set<Duplex>();
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => this.manners.subprotocol ?? [...offered][0] ?? false,
  });

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('upgrade', (request, socket, head) => {
      this.dials.add({ at: performance.now(), authorization: request.headers.authorization });
      const { refusal, answer } = this.manners;
      if (answer) {
        this.#answered.add(socket);
        socket.on('error', () => undefined);
        return answer(socket);
      }
      if (refusal) {
        const { status, text } = refusal;
        socket.end(
          `HTTP/1.1 ${status} No\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
        );
        return;
      }
      const path = request.url ?? '';
      const isControl = path === '/runner/link';
      if (!isControl) this.epochs.push(String(request.headers['mcp-bridge-epoch']));
      this.#sockets.handleUpgrade(request, socket, head, (web) =>
        isControl ? this.#control(new FakeLink(web, path)) : this.#session(new FakeLink(web, path)),
      );
    });
  }

  /** Listens on a free port; another kind of server than plain HTTP may be given. */
  static async start(server: Server = createServer(), scheme = 'http'): Promise<FakeEdge> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeEdge(server, scheme);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    for (const socket of this.#answered) socket.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #control(link: FakeLink): void {
    void link.heard.next().then(() => {
      link.say({ type: 'welcome', servers: ['echo'] });
      this.controls.add(link);
    });
  }

  #session(link: FakeLink): void {
    link.say({ type: 'welcome', expired: false });
    this.sessions.add(link);
  }
}

/** One socket of the runner. */
export class FakeLink {
  /** Whole texts the runner said, without pings; parts are not put together. */
  readonly heard = new Arrivals<string>();
  /** The code with which the runner ended it; 1006 when it just went. */
  readonly closed: Promise<number>;
  /** What was dialled. */
  readonly path: string;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, path: string) {
    this.#socket = socket;
    this.path = path;
    this.closed = once(socket, 'close').then(([code]) => code as number);
    socket.on('error', () => undefined);
    socket.on('message', (bytes: Buffer) => {
      const text = bytes.toString();
      if (text === 'ping') socket.send('pong');
      else this.heard.add(text);
    });
  }

  say(header: object, message?: string): void {
    const head = JSON.stringify(header);
    void this.send(message === undefined ? head : `${head}\n${message}`);
  }

  /** Sends one WebSocket message as it is; resolves when the system took it or the link is gone. */
  send(payload: string | Uint8Array, binary = typeof payload !== 'string'): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.send(payload, { binary }, () => resolve());
    });
  }
}

/** What arrives, one after the other. */
class Arrivals<T> {
  readonly #items: T[] = [];
  #wake = Promise.withResolvers<void>();

  add(item: T): void {
    this.#items.push(item);
    this.#wake.resolve();
  }

  async next(): Promise<T> {
    for (;;) {
      const [item] = this.#items;
      if (item !== undefined) {
        this.#items.shift();
        return item;
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }
}
