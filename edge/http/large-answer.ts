// A large answer as one body: it counts against the session's credit until its client has read it (LP17).
import type { Exchange } from './exchange.ts';
import type { SessionPort } from './ports.ts';
import { piecesResponse } from './stream-body.ts';
import type { Pieces } from '../../shared/bytes.ts';
import type { StreamId } from '../../shared/ids.ts';

/** `session` answered with it on `stream`. */
export function largeAnswer(
  { ports, request: { signal } }: Pick<Exchange, 'ports' | 'request'>,
  session: Pick<SessionPort, 'delivered'>,
  stream: StreamId,
  text: Pieces<string>,
  init: ResponseInit,
): Response {
  const { promise: isOver, resolve: over } = Promise.withResolvers<void>();
  // The platform may end a request whose client has left without a word to its body.
  signal.addEventListener('abort', () => over(), { once: true });
  if (signal.aborted) over();
  // If the session cannot be told, the runner gives the answer up after a while, as that of a client that reads nothing.
  ports.outlive(isOver.then(() => session.delivered(stream)).catch(() => undefined));
  return piecesResponse(text, init, over);
}
