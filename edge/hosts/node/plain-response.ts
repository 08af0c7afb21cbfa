// Responses on this host. The app makes one for each call; a Response of Node builds lists, a stream and an abort signal with it that
// nobody asks for, which costs more than all checks of a request. This one keeps what it was made of, and makes the other when asked.
import type { OutgoingHttpHeader } from 'node:http';
import { streamOf, useBodies, type BodySource } from '../../http/stream-body.ts';

type Fields = Headers | Readonly<Record<string, string>>;

interface Init {
  readonly status?: number;
  readonly headers?: Fields;
}

/** A source is made a stream of if somebody asks for that. */
type BodyOf = string | ReadableStream<Uint8Array> | BodySource | null;

const FetchResponse = globalThis.Response;

/** A response as it was made. */
interface Made {
  readonly status: number;
  readonly body: BodyOf;
  readonly headers: Readonly<Record<string, OutgoingHttpHeader>>;
}

class PlainResponse {
  readonly status: number;
  readonly #body: BodyOf;
  readonly #init: Fields | undefined;
  #headers: Headers | undefined;
  #whole: Response | undefined;
  #stream: ReadableStream<Uint8Array> | undefined;

  constructor(body?: BodyOf, { status = 200, headers }: Init = {}) {
    this.status = status;
    this.#body = body ?? null;
    this.#init = headers;
  }

  /** As Fetch has it: the text as JSON, and its type unless another is named. */
  static json(value: unknown, { status = 200, headers }: Init = {}): PlainResponse {
    const named = new Headers(headers);
    if (!named.has('Content-Type')) named.set('Content-Type', 'application/json');
    return new PlainResponse(JSON.stringify(value), { status, headers: named });
  }

  get headers(): Headers {
    return (this.#headers ??= this.#whole?.headers ?? new Headers(this.#init));
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get body(): ReadableStream<Uint8Array> | null {
    const body = this.#body;
    if (typeof body === 'string') return this.#inFull.body;
    return isSource(body) ? (this.#stream ??= streamOf(body)) : body;
  }

  get bodyUsed(): boolean {
    return this.#whole?.bodyUsed ?? false;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#inFull.arrayBuffer();
  }

  text(): Promise<string> {
    return typeof this.#body === 'string' ? Promise.resolve(this.#body) : this.#inFull.text();
  }

  /** What is sent of it. Headers that nobody has read or changed are those that it was made with. */
  get made(): Made {
    const init = this.#headers ?? this.#init;
    return { status: this.status, body: this.#stream ?? this.#body, headers: fieldsOf(init) };
  }

  get #inFull(): Response {
    const { status } = this;
    const body = typeof this.#body === 'string' ? this.#body : this.body;
    return (this.#whole ??= new FetchResponse(body, { status, headers: this.headers }));
  }
}

export const isSource = (body: BodyOf): body is BodySource =>
  body !== null && typeof body === 'object' && 'pull' in body;

/** Makes every `new Response` of this program one of these. */
export function makeResponsesPlain(): void {
  if (globalThis.Response !== FetchResponse) return;
  Object.defineProperty(globalThis, 'Response', { value: PlainResponse });
  useBodies((source, init) => new PlainResponse(source, init as Init) as unknown as Response);
}

/** What a response is made of, whoever made it. */
export const madeOf = (response: Response | PlainResponse): Made =>
  response instanceof PlainResponse
    ? response.made
    : { status: response.status, body: response.body, headers: fieldsOf(response.headers) };

/** Headers as Node takes them: a record stays what it is. */
function fieldsOf(headers: Fields | undefined): Made['headers'] {
  if (!(headers instanceof Headers)) return headers ?? {};
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) };
}
