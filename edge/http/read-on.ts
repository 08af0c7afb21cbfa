// Makes sure that a client gets a refusal although its body was not read. Many clients write the whole body before they read,
// and if the connection is closed meanwhile, it is reset and the answer is lost (RFC 9112 §9.6). So the answer starts at once,
// and its end waits while the rest of the body is read and discarded, within bounds.
import { announcedBytes, isUnread } from './guards/body.ts';

/** Reads on no more than this: three times the largest message, so that a client slightly above that limit gets its answer. */
const READ_ON_BYTES = 12 * 1024 * 1024;

/** And no longer than this, so that nobody can hold a connection by sending slowly. At 50 Mbit/s it is enough for that much. */
const READ_ON_MS = 2_000;

/** What servers read on by themselves, so that the connection can be reused: the buffers of a socket. */
const SMALL_BYTES = 16 * 1024;

/** The refusal to send for this request. */
export function readingOn(request: Request, refusal: Response): Response {
  const { body } = request;
  const announced = announcedBytes(request.headers);
  const isSmall = announced !== undefined && announced <= SMALL_BYTES;
  if (body === null || isSmall || !isUnread(request) || body.locked || !refusal.body)
    return refusal;
  const answer = refusal.body;
  const both = new ReadableStream<Uint8Array>({
    async start(controller) {
      for await (const chunk of answer) controller.enqueue(chunk);
      await discard(body);
      controller.close();
    },
  });
  return new Response(both, refusal);
}

/** Reads a body and keeps nothing of it, until it ends or a bound is reached. Never rejects. */
async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), READ_ON_MS);
  try {
    for (let left = READ_ON_BYTES; left > 0;) {
      const read = await Promise.race([reader.read(), late]);
      if (read === undefined || read.done) break;
      left -= read.value.length;
    }
  } catch {
    // The client left, which is an end like any other.
  }
  clearTimeout(timer);
  reader.cancel().catch(ignore);
}

const ignore = (): void => undefined;
