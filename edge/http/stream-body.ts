// Bodies of responses that are made as their client reads them.
import { utf8Of, type Pieces } from '../../shared/bytes.ts';

const bodies = new WeakMap<Response, ReadableStream<Uint8Array>>();

/** The body of a response that is a stream, for a host that sends such a body itself. */
export const streamOf = (response: Response): ReadableStream<Uint8Array> | undefined =>
  bodies.get(response);

interface Source {
  pull(controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void>;
  cancel?(): void;
}

/** Nothing is made ahead: a pull means that everything given before has left. */
export function streamResponse(source: Source, init: ResponseInit): Response {
  const body = new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
  const response = new Response(body, init);
  bodies.set(response, body);
  return response;
}

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
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const { value, done } = rest.next();
    if (done !== true) return controller.enqueue(value);
    over();
    controller.close();
  };
  const headers = new Headers(init.headers);
  if (bytes) headers.set('Content-Length', String(bytes.length));
  return streamResponse({ pull, cancel: over }, { ...init, headers });
}

function* encoded({ pieces }: Pieces<string>): Generator<Uint8Array> {
  for (const piece of pieces) yield encoder.encode(piece);
}
