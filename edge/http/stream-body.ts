// Bodies of responses that are made as their client reads them.
import { isInPieces, type Text } from '../../shared/bytes.ts';

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

/** A text as a response. One in pieces is encoded piece by piece, when its client has read what came before. */
export function textResponse(text: Text, init: ResponseInit): Response {
  if (!isInPieces(text)) return new Response(text, init);
  const rest = text.pieces.values();
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const { value, done } = rest.next();
    if (done === true) controller.close();
    else controller.enqueue(encoder.encode(value));
  };
  return streamResponse({ pull }, init);
}
