// How a dial gets its socket: a WebSocket over the network, or whatever else carries messages to an edge.
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import type { Bytes } from '../../shared/bytes.ts';
import type { CarriedDown } from '../../shared/link/carried.ts';
import { closeReason } from '../../shared/link/close-reason.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';
import { REASSEMBLED_BYTES } from '../../shared/link/sizes.ts';
import { DIAL_SILENCE_MS } from '../../shared/link/timing.ts';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';
import { readAnswer, type Answer } from './refusal.ts';

export interface DialOptions {
  readonly url: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Its pings are rare while no frame passes (LP4). */
  readonly mayRest?: boolean;
  /** By default {@link connectWebSocket}. */
  readonly connect?: Connect | undefined;
}

/** Who hears what becomes of a connection. Nothing follows `refused`, `failed` or `closed`. */
export interface ConnectionListener {
  opened(): void;
  message(bytes: Uint8Array, isBinary: boolean): void;
  /** A frame of an edge in this program. */
  carried(frame: CarriedDown): void;
  /** The edge answered with something else than a socket. */
  refused(answer: Answer): void;
  failed(error: Error): void;
  closed(code: number, reason: string): void;
}

export interface Connection {
  readonly isOpen: boolean;
  /** Bytes that came so far: more of them are a sign of life. Undefined if the other side cannot vanish unnoticed. */
  readonly bytesRead: number | undefined;
  /** A text message in UTF-8. */
  send(bytes: Uint8Array): void;
  /** Hands over a frame to an edge in this program; absent: what is sent is text. */
  carry?(frame: SessionUp, message: Bytes | undefined): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** May throw for what cannot be sent, such as a header with a line break. */
export type Connect = (options: DialOptions, listener: ConnectionListener) => Connection;

/** Interim answers (1xx) mean nothing here; a few may come from proxies. */
const MAX_INTERIM = 20;
/** After a close this side sent, workerd keeps the connection open for ten seconds. */
const CLOSE_MS = 1_000;

const TOO_MUCH = Object.assign(new Error('interim answers without end'), { code: 'DIAL_TIMEOUT' });

export const connectWebSocket: Connect = (options, listener) =>
  new WebSocketConnection(options, listener);

class WebSocketConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #listener: ConnectionListener;
  #network: Socket | undefined;

  constructor({ url, token, headers }: DialOptions, listener: ConnectionListener) {
    this.#listener = listener;
    const options: ClientOptions & { closeTimeout: number } = {
      headers: { Authorization: `Bearer ${token}`, ...headers },
      // Compression costs a third of the throughput and opens the door to inflation attacks.
      perMessageDeflate: false,
      handshakeTimeout: DIAL_SILENCE_MS,
      closeTimeout: CLOSE_MS,
      maxPayload: REASSEMBLED_BYTES,
      followRedirects: false,
      finishRequest: (request) => this.#request(request),
      // Whatever the environment says, the token goes to nobody else.
      rejectUnauthorized: true,
    };
    this.#socket = new WebSocket(url, [...LINK_SUBPROTOCOLS], options);
    this.#socket.on('upgrade', ({ socket }) => {
      this.#network = socket;
    });
    this.#socket.on('open', () => listener.opened());
    this.#socket.on('message', (bytes: Buffer, isBinary) => listener.message(bytes, isBinary));
    this.#socket.on('unexpected-response', (_request, response) =>
      readAnswer(response, (answer) => listener.refused(answer)),
    );
    this.#socket.on('error', (error) => listener.failed(error));
    this.#socket.on('close', (code, reason) => listener.closed(code, reason.toString()));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get bytesRead(): number {
    return this.#network?.bytesRead ?? 0;
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(bytes, { binary: false });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, closeReason(reason));
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #request(request: ClientRequest): void {
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim <= MAX_INTERIM) return;
      this.#listener.failed(TOO_MUCH);
      this.terminate();
    });
    request.end();
  }
}
