// HTTP of a soak's clients: an answer as a body or as a stream of events, and streams that a client can cut.
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

import { EventStream, type SseEvent, type Wish } from '../e2e/raw-http.ts';

/** Headers that take longer are lost: above the grace in which the edge waits for a runner, and its slack. */
const HEAD_MS = 60_000;

/** An answer that came. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body, empty where the answer is a stream. */
  readonly text: string;
  readonly stream: CutStream | undefined;
}

/** `broken`: the connection failed before the head came; whether the request arrived is unknown. */
export type Exchange = { readonly ok: true; readonly reply: Reply } | { readonly ok: false };

/** One request on a connection of its own. Never rejects. */
export async function exchange(origin: string, wish: Wish): Promise<Exchange> {
  try {
    const response = await headOf(origin, wish);
    const { statusCode: status = 0, headers } = response;
    if (status === 200 && headers['content-type']?.startsWith('text/event-stream')) {
      const stream = new CutStream(new EventStream(response));
      return { ok: true, reply: { status, headers, text: '', stream } };
    }
    let text = '';
    response.setEncoding('utf8');
    for await (const chunk of response) text += String(chunk);
    return { ok: true, reply: { status, headers, text, stream: undefined } };
  } catch {
    return { ok: false };
  }
}

function headOf(origin: string, { method = 'GET', path, headers, body }: Wish) {
  const { hostname, port } = new URL(origin);
  return new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers, agent: false });
    const limit = setTimeout(() => asked.destroy(new Error('no head')), HEAD_MS);
    asked.on('error', reject);
    asked.on('response', (response) => {
      clearTimeout(limit);
      // A break after the head is the reader's to see.
      response.on('error', () => undefined);
      resolve(response);
    });
    asked.on('close', () => clearTimeout(limit));
    asked.end(body);
  });
}

/** What a reader sees next: an event, the server's end of the stream, or a break. */
export type Heard =
  | { readonly kind: 'event'; readonly event: SseEvent }
  | { readonly kind: 'end' | 'break' };

/** An event stream whose client may cut it; the reader sees a break then. */
export class CutStream {
  readonly #stream: EventStream;
  readonly #cut = Promise.withResolvers<Heard>();

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  async next(): Promise<Heard> {
    const heard = this.#stream.next().then(
      (event): Heard => (event ? { kind: 'event', event } : { kind: 'end' }),
      (): Heard => ({ kind: 'break' }),
    );
    return Promise.race([this.#cut.promise, heard]);
  }

  cut(): void {
    this.#cut.resolve({ kind: 'break' });
    this.#stream.destroy();
  }
}
