// One WebSocket to the edge, with its heartbeat: a half-open socket is found by a missing pong (PROTOCOL.md LP4, LP5).
import type { ClientRequest } from 'node:http';
import { WebSocket, type ClientOptions } from 'ws';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { closeReason, FAILED_ON_FRAME } from '../../shared/link/close-reason.ts';
import { ByteAssembler, splitBytes } from '../../shared/link/codec.ts';
import { PING_MS, PONG_MS, REASSEMBLED_BYTES } from '../../shared/limits.ts';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';
import { readAnswer, type Answer } from './refusal.ts';

/** How a socket ended: its close code, or the HTTP status with which the edge refused the upgrade. */
export type LinkEnd =
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string }
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: Error };

export interface LinkListener {
  opened(): void;
  /** One whole frame. */
  frame(bytes: Uint8Array): void;
  /** Exactly once. */
  ended(end: LinkEnd): void;
  /** `opened` or `frame` threw; the socket is being closed. */
  failed(error: unknown): void;
}

export interface LinkSocket {
  /** Sends one frame, in parts where it is large. */
  send(frame: Uint8Array): void;
  /** Bytes that wait for the network. */
  readonly bufferedBytes: number;
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface DialOptions {
  readonly url: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A dial into a network that swallows it is given up while the grace still holds several more. */
const HANDSHAKE_MS = 5_000;
/** Who keeps a dial busy, as with a header a second, gets this long in all. */
const DIAL_MS = 15_000;
/** Interim answers (1xx) mean nothing here; a few may come from proxies. */
const MAX_INTERIM = 20;
/** After a close this side sent, workerd keeps the connection open for ten seconds. */
const CLOSE_MS = 1_000;

const TOO_LONG = Object.assign(new Error('the dial took too long'), { code: 'DIAL_TIMEOUT' });
const TOO_MUCH = Object.assign(new Error('interim answers without end'), { code: 'DIAL_TIMEOUT' });

/** Dials. Nothing throws: every outcome reaches the listener. */
export function dial(options: DialOptions, listener: LinkListener): LinkSocket {
  try {
    return new DialledSocket(options, listener);
  } catch (error) {
    // Such as a ticket with a line break in it, which no header can carry.
    setImmediate(() => listener.ended({ kind: 'failed', error: asError(error) }));
    return NO_SOCKET;
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('unknown', { cause: error });

const NO_SOCKET: LinkSocket = {
  bufferedBytes: 0,
  send: () => undefined,
  close: () => undefined,
  terminate: () => undefined,
};

class DialledSocket implements LinkSocket {
  readonly #socket: WebSocket;
  readonly #listener: LinkListener;
  readonly #assembler = new ByteAssembler();
  readonly #deadline: NodeJS.Timeout;
  #heartbeat: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor({ url, token, headers }: DialOptions, listener: LinkListener) {
    this.#listener = listener;
    const options: ClientOptions & { closeTimeout: number } = {
      headers: { Authorization: `Bearer ${token}`, ...headers },
      // Compression costs a third of the throughput and opens the door to inflation attacks.
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      closeTimeout: CLOSE_MS,
      maxPayload: REASSEMBLED_BYTES,
      followRedirects: false,
      finishRequest: (request) => this.#send(request),
      // Whatever the environment says: the token goes to no one else.
      rejectUnauthorized: true,
    };
    this.#socket = new WebSocket(url, [...LINK_SUBPROTOCOLS], options);
    this.#socket.on('open', () => this.#opened());
    this.#socket.on('message', (bytes: Buffer, isBinary) => this.#message(bytes, isBinary));
    this.#socket.on('unexpected-response', (_request, response) =>
      readAnswer(response, (answer) => this.#giveUp({ kind: 'refused', answer })),
    );
    this.#deadline = setTimeout(() => this.#giveUp({ kind: 'failed', error: TOO_LONG }), DIAL_MS);
    this.#socket.on('error', (error) => this.#end({ kind: 'failed', error }));
    this.#socket.on('close', (code, reason) =>
      this.#end({ kind: 'closed', code, reason: reason.toString() }),
    );
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(frame: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    for (const part of splitBytes(frame)) this.#socket.send(part, { binary: false });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, closeReason(reason));
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #send(request: ClientRequest): void {
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > MAX_INTERIM) this.#giveUp({ kind: 'failed', error: TOO_MUCH });
    });
    request.end();
  }

  #giveUp(end: LinkEnd): void {
    this.#end(end);
    this.#socket.terminate();
  }

  #opened(): void {
    clearTimeout(this.#deadline);
    this.#contained(() => this.#listener.opened());
    this.#ping();
  }

  /** The last guard: what the handling of one frame throws ends this socket, never the runner. */
  #contained(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#listener.failed(error);
      this.#socket.close(CLOSE.failed, FAILED_ON_FRAME);
    }
  }

  #ping(): void {
    if (this.#isEnded) return;
    this.#socket.send('ping');
    this.#heartbeat = setTimeout(() => {
      this.#end({ kind: 'closed', code: CLOSE.heartbeat, reason: 'no pong' });
      this.#socket.terminate();
    }, PONG_MS);
    this.#heartbeat.unref();
  }

  #pong(): void {
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => this.#ping(), PING_MS);
    this.#heartbeat.unref();
  }

  #message(bytes: Buffer, isBinary: boolean): void {
    if (this.#isEnded) return;
    if (isBinary) return this.#socket.close(CLOSE.protocol, 'frames are text');
    if (bytes.length === 4 && bytes.toString('latin1') === 'pong') return this.#pong();
    const assembled = this.#assembler.push(bytes);
    if (assembled.state === 'whole') this.#contained(() => this.#listener.frame(assembled.frame));
    else if (assembled.state === 'too_large') this.#socket.close(CLOSE.tooLarge, 'frame too large');
  }

  #end(end: LinkEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#heartbeat);
    this.#listener.ended(end);
  }
}
