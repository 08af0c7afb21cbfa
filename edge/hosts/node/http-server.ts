// HTTP on this host: what Node's server takes in becomes requests of the app, upgrades included. Its limits, and how it stops.
import {
  createServer,
  ServerResponse,
  STATUS_CODES,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { NO_URL } from '../../http/request-url.ts';
import { refuse } from '../../http/refuse.ts';
import type { Fault } from '../../../shared/fault.ts';
import type { Entrances } from './entrances.ts';
import { asRequest, Incoming, urlOfTarget } from './incoming-request.ts';
import { makeResponsesPlain } from './plain-response.ts';
import { HttpAnswer, endOf, KEEP_ALIVE_MS, send } from './send-response.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

/** A certificate chain and its key, as PEM. */
export interface Certificate {
  readonly cert: Buffer | string;
  readonly key: Buffer | string;
}

export interface HttpOptions {
  fetch(request: Request): Response | Promise<Response>;
  readonly entrances: Entrances;
  /** A connection could not be taken, for example because there are too many. */
  refused(error: NodeJS.ErrnoException): void;
  readonly certificate?: Certificate | undefined;
  readonly proxies?: TrustedProxies | undefined;
}

/** Headers of a request together. */
const HEADER_BYTES = 32 * 1024;
/** Headers must be there within this, and whole requests within the other; the app gives a body 30 s. Checked every five seconds. */
const HEADERS_MS = 20_000;
const REQUEST_MS = 45_000;
const CHECK_MS = 5_000;
/** An idle connection is looked at by TCP so often. */
const PROBE_MS = 30_000;

/** A client whose connection is ended has this long to take its last answer and to end its side. */
const LAST_BYTES_MS = 2_000;

/** Answers under way have this long when the server stops. */
const LAST_ANSWERS_MS = 1_000;

const SETTINGS = {
  maxHeaderSize: HEADER_BYTES,
  headersTimeout: HEADERS_MS,
  requestTimeout: REQUEST_MS,
  connectionsCheckingInterval: CHECK_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  keepAlive: true,
  keepAliveInitialDelay: PROBE_MS,
  noDelay: true,
  IncomingMessage: Incoming,
  ServerResponse: HttpAnswer,
} satisfies ServerOptions<typeof Incoming, typeof HttpAnswer>;

/** A handshake of TLS takes no longer than headers may, whose time begins behind it. */
const TLS_SETTINGS: TlsOptions = { handshakeTimeout: HEADERS_MS };

/** For a handshake where there is something else. */
const NO_WEB_SOCKET: Fault = {
  fault: 'invalid_request',
  message: 'There is no WebSocket at this address. Send the request without the Upgrade header.',
};

export class HttpServer {
  readonly #options: HttpOptions;
  readonly #server: Server<typeof Incoming, typeof HttpAnswer>;
  readonly #connections = new Set<Duplex>();
  /** Responses that have not ended. */
  readonly #responses = new Set<HttpAnswer>();
  /** Connections that end behind the answers that they owe. Whatever else comes on one is let go. */
  readonly #ending = new WeakSet<Duplex>();
  #isStopping = false;

  constructor(options: HttpOptions) {
    this.#options = options;
    const { certificate } = options;
    this.#server = certificate
      ? createTlsServer({ ...SETTINGS, ...TLS_SETTINGS, ...(certificate as TlsOptions) })
      : createServer(SETTINGS);
    makeResponsesPlain();
    const serve = (incoming: Incoming, outgoing: HttpAnswer): void =>
      this.#serve(incoming, outgoing);
    this.#server
      .on('connection', (connection) => this.#connected(connection))
      .on('request', serve)
      .on('checkContinue', (incoming: Incoming, outgoing: HttpAnswer) => {
        continueWhenRead(incoming, outgoing);
        serve(incoming, outgoing);
      })
      .on('upgrade', (incoming, connection, head) => {
        this.#upgrade(incoming, connection, head).catch(() => connection.destroy());
      })
      .on('connect', (_, connection) => {
        if (!this.#endsUnread(connection)) connection.destroy();
      })
      .on('clientError', (error, connection) => this.#refuseBadRequest(error, connection));
  }

  /** Resolves to the port. */
  async listen(host: string, port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen({ host, port }, resolve);
    await promise;
    this.#server.off('error', reject).on('error', (error) => this.#options.refused(error));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Connections from now on get this certificate. */
  renew(certificate: Certificate): void {
    if ('setSecureContext' in this.#server)
      (this.#server.setSecureContext as (options: Certificate) => void)(certificate);
  }

  /** Takes nothing new, and gives answers under way a moment; streams are not waited for. */
  async drain(): Promise<void> {
    this.#isStopping = true;
    this.#server.close();
    this.#server.closeIdleConnections();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_ANSWERS_MS);
    const owed = [...this.#responses].filter(({ headersSent }) => !headersSent);
    const begun = owed.map(
      (outgoing) => new Promise((settle) => outgoing.once('finish', settle).once('close', settle)),
    );
    await Promise.race([Promise.all(begun), late]);
    clearTimeout(timer);
  }

  /** Cuts all connections. */
  close(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
  }

  #urlOf(incoming: Incoming): string | undefined {
    this.#options.proxies?.apply(incoming);
    escapeBackslashes(incoming);
    return urlOfTarget(incoming);
  }

  #asRequest(incoming: Incoming, url: string): ReturnType<typeof asRequest> {
    // Of a trusted proxy's request, the address that the proxy says.
    const addressOf = (): string | undefined =>
      this.#options.proxies?.addressOf(incoming) ?? incoming.socket.remoteAddress;
    return asRequest(incoming, url, addressOf);
  }

  #connected(connection: Duplex): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
  }

  #serve(incoming: Incoming, outgoing: HttpAnswer): void {
    if (this.#isStopping) outgoing.shouldKeepAlive = false;
    this.#responses.add(outgoing);
    const url = this.#urlOf(incoming);
    const request = url === undefined ? undefined : this.#asRequest(incoming, url);
    outgoing.on('close', () => {
      this.#responses.delete(outgoing);
      if (!outgoing.isSent) request?.abort();
      else endOf(incoming);
    });
    if (request) void this.#answer(request, outgoing);
    else void send(outgoing, refuse(NO_URL));
  }

  async #answer(request: Request, outgoing: HttpAnswer): Promise<void> {
    try {
      const sending = send(outgoing, await this.#options.fetch(request));
      if (sending) await sending;
    } catch {
      // The app answers all it can; a client that waits for the rest shall not wait.
      outgoing.destroy();
    }
  }

  /** Refuses what is not an HTTP request, after the answers to the requests before it, and ends the connection. */
  #refuseBadRequest(error: NodeJS.ErrnoException, connection: Duplex): void {
    if (!connection.writable || error.code === 'ECONNRESET') return void connection.destroy();
    if (this.#endsBehind(connection)) return;
    const status = STATUS_OF_ERROR[error.code ?? ''] ?? 400;
    const words = STATUS_CODES[status] ?? '';
    connection.write(
      `HTTP/1.1 ${status} ${words}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    endSoon(connection);
  }

  /**
   * Whether requests of this connection have yet to be answered. It ends behind their answers then, and what came after them gets none:
   * an answer of its own would have to wait for theirs, which may be streams (RFC 9112 §9.3.2).
   */
  #endsBehind(connection: Duplex): boolean {
    if (this.#ending.has(connection)) return true;
    const before = [...this.#responses].filter(({ req }) => req.socket === connection);
    const last = before.at(-1);
    if (!last) return false;
    this.#ending.add(connection);
    last.shouldKeepAlive = false;
    // Its headers may be out.
    last.once('close', () => endSoon(connection));
    connection.once('close', () => {
      for (const outgoing of before) outgoing.destroy();
    });
    return true;
  }

  /** The same for a connection from which Node reads no more: it would not see that the client leaves. */
  #endsUnread(connection: Duplex): boolean {
    // One that breaks meanwhile is found by whoever writes to it.
    connection.on('error', () => undefined);
    if (!this.#endsBehind(connection)) return false;
    connection.resume().once('end', () => connection.end());
    return true;
  }

  async #upgrade(incoming: Incoming, connection: Duplex, head: Buffer): Promise<void> {
    if (this.#endsUnread(connection)) return;
    const url = this.#urlOf(incoming);
    if (url === undefined) return answerUpgrade(incoming, connection, refuse(NO_URL));
    const request = this.#asRequest(incoming, url);
    let response: Response;
    try {
      const isEntered = this.#options.entrances.overNetwork(request, incoming, connection, head);
      response = await this.#options.fetch(request);
      if (isEntered()) return;
      // What would be served to others may have no end.
      if (response.status < 400) {
        request.abort();
        await response.body?.cancel();
        response = refuse(NO_WEB_SOCKET);
      }
    } catch {
      response = refuse(NO_URL);
    }
    await answerUpgrade(incoming, connection, response);
  }
}

/** A backslash, which no target may have (RFC 3986 §2), is read as a slash in a URL. To the app it is a path that leads nowhere. */
function escapeBackslashes(incoming: Incoming): void {
  if (incoming.url?.includes('\\') === true) incoming.url = incoming.url.replaceAll('\\', '%5C');
}

/** Ends a connection that nobody reads any more: what its client still sends is let go, and it is cut if the client does not end it too. */
function endSoon(connection: Duplex): void {
  if (connection.destroyed) return;
  connection.resume().end();
  const timer = setTimeout(() => connection.destroy(), LAST_BYTES_MS).unref();
  connection.once('close', () => clearTimeout(timer));
}

/** An upgrade that was refused gets an ordinary answer, and its connection ends. */
async function answerUpgrade(
  incoming: Incoming,
  connection: Duplex,
  response: Response,
): Promise<void> {
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(connection as Incoming['socket']);
  outgoing.once('finish', () => endSoon(connection));
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  outgoing.writeHead(response.status);
  outgoing.end(await response.text());
}

/** A body that nobody reads is not asked for (RFC 9110 §10.1.1), and none is once the answer is out: its rest is then only let go. */
function continueWhenRead(incoming: Incoming, outgoing: HttpAnswer): void {
  incoming.once('resume', () => {
    if (!outgoing.headersSent && !outgoing.isSent) outgoing.writeContinue();
  });
}

const STATUS_OF_ERROR: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
