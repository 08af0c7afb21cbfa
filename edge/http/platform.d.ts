// What every host of the edge provides, as far as this project uses it: Fetch, URL, Streams, DOM's AbortSignal, Web
// Cryptography and HTML's timers, as their standards define them. Only a host's own project has the types of its runtime, so a
// name that only one host has does not compile here.

interface HeadersInit extends Readonly<Record<string, string>> {}

declare class Headers {
  constructor(init?: Headers | HeadersInit);
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

interface AbortSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
}

type ReadableStreamReadResult<T> =
  | { readonly done: false; readonly value: T }
  | { readonly done: true; readonly value?: undefined };

interface ReadableStreamDefaultReader<T> {
  read(): Promise<ReadableStreamReadResult<T>>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

interface ReadableStreamDefaultController<T> {
  enqueue(chunk: T): void;
  close(): void;
  error(reason: unknown): void;
}

declare class ReadableStream<T> {
  constructor(
    source?: {
      start?(controller: ReadableStreamDefaultController<T>): Promise<void> | void;
      pull?(controller: ReadableStreamDefaultController<T>): Promise<void> | void;
      cancel?(reason: unknown): Promise<void> | void;
    },
    strategy?: { readonly highWaterMark: number },
  );
  readonly locked: boolean;
  getReader(): ReadableStreamDefaultReader<T>;
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}

declare class Body {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
}

declare class Request extends Body {
  constructor(
    input: string,
    init?: {
      readonly method?: string;
      readonly headers?: HeadersInit;
      readonly body?: string;
    },
  );
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

interface ResponseInit {
  readonly status?: number;
  readonly headers?: Headers | HeadersInit;
}

declare class Response extends Body {
  constructor(body?: string | ReadableStream<Uint8Array> | null, init?: ResponseInit);
  static json(value: unknown, init?: ResponseInit): Response;
  readonly status: number;
  readonly headers: Headers;
}

declare class URLSearchParams {
  constructor(text: string);
  get(name: string): string | null;
  has(name: string): boolean;
  keys(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class URL {
  constructor(url: string);
  static canParse(url: string): boolean;
  static parse(url: string): URL | null;
  readonly host: string;
  readonly origin: string;
  readonly pathname: string;
  readonly protocol: string;
  readonly search: string;
  readonly searchParams: URLSearchParams;
}

/** A key that only its runtime can read. */
interface CryptoKey {
  readonly type: string;
}

/** AES-GCM (Web Cryptography API §27). */
interface AesGcm {
  readonly name: 'AES-GCM';
  readonly iv: Uint8Array<ArrayBuffer>;
}

declare const crypto: {
  getRandomValues(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  readonly subtle: {
    digest(algorithm: string, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
    importKey(
      format: 'raw',
      key: Uint8Array<ArrayBuffer>,
      algorithm: { readonly name: string; readonly hash: string },
      isExtractable: boolean,
      usages: readonly 'sign'[],
    ): Promise<CryptoKey>;
    importKey(
      format: 'raw',
      key: Uint8Array<ArrayBuffer>,
      algorithm: 'AES-GCM',
      isExtractable: boolean,
      usages: readonly ('encrypt' | 'decrypt')[],
    ): Promise<CryptoKey>;
    encrypt(algorithm: AesGcm, key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
    decrypt(algorithm: AesGcm, key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
    sign(algorithm: string, key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  };
};

/** Hosts differ in what identifies a timer. */
interface Timer {
  readonly [timer: symbol]: never;
}

declare function setTimeout(act: (argument?: undefined) => void, ms: number): Timer;
declare function clearTimeout(timer: Timer | undefined): void;
declare function setInterval(act: () => void, ms: number): Timer;
declare function clearInterval(timer: Timer | undefined): void;
