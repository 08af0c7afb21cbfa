// Sockets that ask to be let in: the upgrade request goes through the HTTP layer, which decides. A peer that is let in gets its socket here.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import type { Mail } from './mail.ts';
import type { Enter } from './session-actor.ts';
import type { EdgeEnd, SocketEnd } from './socket.ts';
import { brokenEnd } from './socket-pair.ts';
import { WebSocketEnd } from './web-socket-end.ts';

/** The largest WebSocket message, as on Cloudflare; what the link allows is less, and checked by its rules. */
const MESSAGE_BYTES = 32 * 1024 * 1024;

/** How long a peer has to answer a close. */
const CLOSE_MS = 1_000;

export class Entrances {
  readonly #mail: Mail;
  readonly #server: WebSocketServer;
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  readonly #enters = new WeakMap<Request, Enter>();

  constructor(mail: Mail) {
    this.#mail = mail;
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      // Compression costs a third of the throughput and opens the door to inflation attacks.
      perMessageDeflate: false,
      maxPayload: MESSAGE_BYTES,
      closeTimeout: CLOSE_MS,
      handleProtocols: (_offered, request) => this.#protocols.get(request) ?? false,
    };
    this.#server = new WebSocketServer(options);
  }

  /** A WebSocket handshake on a connection. True from the function that is returned if it was let in. */
  overNetwork(
    request: Request,
    incoming: IncomingMessage,
    connection: Duplex,
    head: Buffer,
  ): () => boolean {
    let isEntered = false;
    this.#enters.set(request, (subprotocol) => {
      isEntered = true;
      if (subprotocol !== undefined) this.#protocols.set(incoming, subprotocol);
      let end: SocketEnd | undefined;
      this.#server.handleUpgrade(incoming, connection, head, (socket) => {
        end = new WebSocketEnd(socket);
      });
      // The peer left meanwhile, or its handshake was none.
      return end ?? brokenEnd(this.#mail);
    });
    return () => isEntered;
  }

  /** A socket within this program. */
  inMemory(request: Request, enter: () => EdgeEnd): void {
    this.#enters.set(request, Object.assign(enter, { carries: true as const }));
  }

  /** The way in for an upgrade request. */
  of(request: Request): Enter {
    return this.#enters.get(request) ?? (() => brokenEnd(this.#mail));
  }
}
