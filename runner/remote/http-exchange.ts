// One HTTP request to a server at a URL, and its response. No redirect is followed, no response is unpacked, and no more of one is
// held than a line may have.
import {
  request as requestHttp,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import { createParser } from 'eventsource-parser';
import { errorCode } from '../error-code.ts';
import type {
  RemoteAnswer,
  RemoteEvent,
  RemoteFailure,
  BodyReading,
} from '../translate/remote/effects.ts';
import { EventText } from './event-text.ts';

/** A connection that is not there after this long does not come. */
const CONNECT_MS = 10_000;

/** Of a response that nobody reads. */
const MOST_UNREAD_BYTES = 64 * 1024;

/** What an event has beside its data. */
const EVENT_HEAD_CHARS = 1_024;

export interface HttpRequest {
  readonly url: URL;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly agent: Agent;
  readonly maxBytes: number;
}

/** Nothing follows `ended`. */
export interface HttpListener {
  answered(answer: RemoteAnswer): BodyReading;
  event(event: RemoteEvent): void;
  retry(ms: number): void;
  body(bytes: Uint8Array): void;
  ended(failure?: RemoteFailure): void;
}

export class HttpExchange {
  readonly #request: ClientRequest;
  readonly #listener: HttpListener;
  readonly #maxBytes: number;
  #response: IncomingMessage | undefined;
  #isConnected = false;
  #isOver = false;
  #connectTimer: NodeJS.Timeout | undefined;

  constructor(asked: HttpRequest, listener: HttpListener) {
    this.#listener = listener;
    this.#maxBytes = asked.maxBytes;
    const { url, method, headers, body, agent } = asked;
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const length = body ? { 'Content-Length': String(body.length) } : {};
    this.#request = request(url, { method, headers: { ...headers, ...length }, agent });
    this.#request.on('socket', (socket) => {
      if (!socket.connecting) return this.#connected();
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => this.#connected());
    });
    this.#connectTimer = setTimeout(
      () => this.#fail({ how: 'unreached', code: 'ETIMEDOUT' }),
      CONNECT_MS,
    ).unref();
    this.#request.on('error', (error) => this.#broke(error));
    this.#request.on('response', (response) => this.#answered(response));
    this.#request.end(body);
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  /** Nothing more is told. */
  drop(): void {
    this.#isOver = true;
    clearTimeout(this.#connectTimer);
    this.#request.destroy();
  }

  #connected(): void {
    this.#isConnected = true;
    clearTimeout(this.#connectTimer);
  }

  #broke(error: Error): void {
    const how = this.#isConnected || this.#request.reusedSocket ? 'broken' : 'unreached';
    this.#fail({ how, code: errorCode(error) ?? 'UNKNOWN' });
  }

  #fail(failure: RemoteFailure): void {
    if (this.#isOver) return;
    this.drop();
    this.#listener.ended(failure);
  }

  #answered(response: IncomingMessage): void {
    this.#response = response;
    const { statusCode: status = 0, headers } = response;
    const told = Object.entries(headers).map(
      ([name, value]) => [name, typeof value === 'string' ? value : undefined] as const,
    );
    response.on('error', (error) => this.#broke(error));
    const reading = this.#listener.answered({ status, headers: Object.fromEntries(told) });
    if (this.#isOver) return;
    if (reading === 'events') this.#readEvents(response);
    else this.#readWhole(response, reading === 'whole');
  }

  #readWhole(response: IncomingMessage, isWanted: boolean): void {
    const chunks: Uint8Array[] = [];
    const most = isWanted ? this.#maxBytes : MOST_UNREAD_BYTES;
    let bytes = 0;
    response.on('data', (chunk: Uint8Array) => {
      if (this.#isOver) return;
      bytes += chunk.length;
      if (bytes <= most) {
        if (isWanted) chunks.push(chunk);
      } else if (isWanted) this.#fail({ how: 'too_large', code: 'TOO_LARGE' });
      else this.#end();
    });
    response.on('end', () => {
      if (isWanted && !this.#isOver) this.#listener.body(Buffer.concat(chunks));
      this.#end();
    });
  }

  #readEvents(response: IncomingMessage): void {
    const text = new EventText();
    let isTooLarge = false;
    const parser = createParser({
      maxBufferSize: this.#maxBytes + EVENT_HEAD_CHARS,
      onEvent: (event) => {
        // The parser counts characters, of which some have three bytes.
        isTooLarge ||= Buffer.byteLength(event.data) > this.#maxBytes;
        if (!this.#isOver && !isTooLarge) this.#listener.event(event);
      },
      onRetry: (ms) => this.#listener.retry(ms),
      onError: ({ type }) => {
        isTooLarge ||= type === 'max-buffer-size-exceeded';
      },
    });
    response.on('data', (chunk: Uint8Array) => {
      if (this.#isOver) return;
      parser.feed(text.of(chunk));
      if (isTooLarge) this.#fail({ how: 'too_large', code: 'TOO_LARGE' });
    });
    response.on('end', () => this.#end());
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#connectTimer);
    if (!this.#response?.complete) this.#request.destroy();
    this.#listener.ended();
  }
}
