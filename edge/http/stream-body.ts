// Bodies of responses that are made as their client reads them.
import { utf8Of, type Pieces } from '../../shared/bytes.ts';

/** What a body is given to. A stream's controller is one. */
export interface BodyReader {
  enqueue(bytes: Uint8Array): void;
  /**
   * Gives a short piece to the network while a pull waits, and goes on waiting: for an idle stream half of what it costs to begin anew.
   * False where that cannot be: it is then enqueued as any other.
   */
  atOnce?(bytes: Uint8Array): boolean;
  /** That was all. */
  close(): void;
  /** It breaks off. */
  error(reason: Error): void;
}

/** Makes a body. */
export interface BodySource {
  /** Its client has read what was given before. Resolves once something more was given, or it is over; a rejection breaks it off. */
  pull(reader: BodyReader): void | Promise<void>;
  /** Its client has left. */
  cancel?(): void;
}

type MakeResponse = (source: BodySource, init: ResponseInit) => Response;

/** Nothing is made ahead. */
export const streamOf = (source: BodySource): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });

let make: MakeResponse = (source, init) => new Response(streamOf(source), init);

/** Once, before anything is served: how a host makes such a response that it sends itself, without a stream between. */
export function useBodies(own: MakeResponse): void {
  make = own;
}

/** A pull means that everything given before has left. */
export const streamResponse: MakeResponse = (source, init) => make(source, init);

const encoder = new TextEncoder();

/**
 * A text in pieces as a response: each is encoded when its client has read what came before. One that came as bytes is sent as those, and
 * its length is told. `over`: the client has read all, or has left.
 */
export function piecesResponse(
  text: Pieces<string>,
  init: ResponseInit,
  over: () => void,
): Response {
  const bytes = utf8Of(text);
  const rest = bytes ? bytes.pieces.values() : encoded(text);
  const pull = (reader: BodyReader): void => {
    const { value, done } = rest.next();
    if (done !== true) return reader.enqueue(value);
    over();
    reader.close();
  };
  const headers = new Headers(init.headers);
  if (bytes) headers.set('Content-Length', String(bytes.length));
  return streamResponse({ pull, cancel: over }, { ...init, headers });
}

function* encoded({ pieces }: Pieces<string>): Generator<Uint8Array> {
  for (const piece of pieces) yield encoder.encode(piece);
}
