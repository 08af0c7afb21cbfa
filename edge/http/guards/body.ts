// Reads a request's body within a size and a time. Memory follows what has arrived, not what was announced: neither a
// large Content-Length nor a body of one-byte chunks makes it grow beyond twice the bytes received.
import type { Fault } from '../../../shared/fault.ts';

/** Resolves after `ms`; settles in any way, at once, when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface BodyLimits {
  readonly limitBytes: number;
  /** For the whole body: a byte a second must not keep a request alive. */
  readonly timeoutMs: number;
  readonly sleep?: Sleep | undefined;
}

export type ReadBody =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly fault: Fault };

const LOST: ReadBody = {
  ok: false,
  fault: { fault: 'invalid_request', message: 'The connection ended before the body did.' },
};
const LATE: ReadBody = { ok: false, fault: { fault: 'body_timeout' } };

const tooLarge = (limitBytes: number): ReadBody => ({
  ok: false,
  fault: { fault: 'too_large', message: `The body is larger than ${limitBytes} bytes.` },
});

/**
 * The whole body, or a fault: `too_large`, `body_timeout`, or `invalid_request` when the client left. A body in one chunk
 * is returned as it came, uncopied. Of a refused body no more is read.
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<ReadBody> {
  const { limitBytes, timeoutMs, sleep = timer } = limits;
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) {
    // Cancelling tells the server not to wait for the rest; that it fails on a dead connection changes nothing.
    request.body?.cancel().catch(ignore);
    return tooLarge(limitBytes);
  }
  if (request.body === null) return { ok: true, bytes: new Uint8Array(0) };

  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const done = new AbortController();
  const body = collect(reader, limitBytes);
  // A sleep that fails was stopped, so it has no say.
  const late = sleep(timeoutMs, done.signal).then(
    () => LATE,
    () => body,
  );
  const result = await Promise.race([body, late]);
  done.abort();
  if (!result.ok) reader.cancel().catch(ignore);
  return result;
}

/** Never rejects: a stream breaks because the client left, which is expected. */
async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limitBytes: number,
): Promise<ReadBody> {
  let bytes: Uint8Array = new Uint8Array(0);
  let room: Uint8Array = bytes;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { ok: true, bytes };
      if (value.length === 0) continue;
      const length = bytes.length + value.length;
      if (length > limitBytes) return tooLarge(limitBytes);
      if (bytes.length === 0) {
        // The first chunk is borrowed; only a second one makes a copy.
        bytes = value;
        continue;
      }
      if (length > room.length) {
        room = new Uint8Array(Math.min(limitBytes, Math.max(2 * bytes.length, length)));
        room.set(bytes);
      }
      room.set(value, bytes.length);
      bytes = room.subarray(0, length);
    }
  } catch {
    return LOST;
  }
}

const timer: Sleep = (ms, signal) =>
  new Promise((resolve) => {
    const timeout = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timeout);
      resolve();
    });
  });

const ignore = (): void => undefined;
