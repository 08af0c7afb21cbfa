// Sends a response whose body is a stream: as fast as its client reads, and no faster.
import type { ServerResponse } from 'node:http';

/** Resolves when the body has been sent, or the connection ended. Never rejects. */
export async function sendStream(
  outgoing: ServerResponse,
  { status, headers }: Response,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const reader = body.getReader();
  // A body that fails is cut off, and its client may come back; it may be waiting for the client at that time.
  reader.closed.catch(() => outgoing.destroy());
  if (outgoing.destroyed) return void reader.cancel().catch(ignore);
  outgoing.once('close', () => void reader.cancel().catch(ignore));
  outgoing.writeHead(status, Object.fromEntries(headers));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!outgoing.write(value)) await drained(outgoing);
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  }
}

/** The client has read some of what was waiting for it, or has left. */
const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      outgoing.off('drain', settle).off('close', settle);
      resolve();
    };
    outgoing.once('drain', settle).once('close', settle);
  });

/** Its client has left, which is an end like any other. */
const ignore = (): void => undefined;
