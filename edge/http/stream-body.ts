// Bodies of responses that are made as their client reads them.
import type { Pieces } from '../../shared/bytes.ts';

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

/** A text in pieces as a response: each is encoded when its client has read what came before. `over`: it has read all, or has left. */
export function piecesResponse(
  { pieces }: Pieces<string>,
  init: ResponseInit,
  over: () => void,
): Response {
  const rest = pieces.values();
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const { value, done } = rest.next();
    if (done !== true) return controller.enqueue(encoder.encode(value));
    over();
    controller.close();
  };
  return streamResponse({ pull, cancel: over }, init);
}
