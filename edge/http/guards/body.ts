// Reads a request's body within a size and a time. Memory follows what has arrived: a body of one-byte chunks does not make
// it grow beyond a few times the bytes received.
import type { Fault } from '../../../shared/fault.ts';

export interface BodyLimits {
  readonly limitBytes: number;
  /** For the whole body: one byte a second must not keep a request alive. */
  readonly timeoutMs: number;
  /** Whether the beginning of a body that is too large is wanted. */
  readonly wantsHead?: boolean;
}

export type ReadBody =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** `head`: the beginning of a body that is too large. */
  | { readonly ok: false; readonly fault: Fault; readonly head?: Uint8Array };

/** Enough to see what kind of message it is. */
const HEAD_BYTES = 1_024;
/** A client that sends nothing in this time is waiting for `100 Continue`; it is not asked for a body that nobody wants. */
const HEAD_MS = 250;

/** What a host's request may offer beside Fetch, as the host that takes in the request knows what is there. */
export interface ArrivedBody {
  /** The body of so many bytes, once all of it is there: then there is nothing to wait for, and no time to watch. */
  arrived(bytes: number): Uint8Array | undefined;
}

const LOST: ReadBody = {
  ok: false,
  fault: { fault: 'invalid_request', message: 'The connection ended before the body did.' },
};
const LATE: ReadBody = { ok: false, fault: { fault: 'body_timeout' } };

const tooLarge = (limitBytes: number): ReadBody & { readonly ok: false } => ({
  ok: false,
  fault: { fault: 'too_large', message: `The body is larger than ${limitBytes} bytes.` },
});

/**
 * The whole body, or a fault: `too_large`, `body_timeout`, or `invalid_request` when the client left. The rest of a body
 * that is too large stays there for read-on.ts.
 */
export async function readBody(
  request: Request,
  { limitBytes, timeoutMs, wantsHead = false }: BodyLimits,
): Promise<ReadBody> {
  const announced = announcedBytes(request.headers);
  if (announced !== undefined && announced > limitBytes) {
    const head = wantsHead ? await headOf(request) : undefined;
    return { ...tooLarge(limitBytes), ...(head && { head }) };
  }
  const here = arrivedBody(request, limitBytes);
  if (here) return { ok: true, bytes: here };
  // A body that is announced is not asked for its stream: on Node that would cost as much as the rest of a request.
  const reader = announced === undefined ? request.body?.getReader() : undefined;
  if (announced === 0 || (announced === undefined && !reader))
    return { ok: true, bytes: new Uint8Array(0) };
  const result = await (reader
    ? inTime(collect(reader, limitBytes), timeoutMs)
    : inTime(readAnnounced(request, limitBytes), timeoutMs));
  if (!result.ok && reader) leave(request, reader, result.fault);
  return result;
}

/** One promise, not a race of two: each call of a client waits here. `body` never rejects. */
const inTime = (body: Promise<ReadBody>, timeoutMs: number): Promise<ReadBody> =>
  new Promise((resolve) => {
    const timeout = setTimeout(() => resolve(LATE), timeoutMs);
    void body.then((result) => {
      clearTimeout(timeout);
      resolve(result);
    });
  });

/** A body that is all there already, if the host can tell and it is not too large: then {@link readBody} need not be awaited. */
export function arrivedBody(request: Request, limitBytes: number): Uint8Array | undefined {
  const { arrived } = request as Request & Partial<ArrivedBody>;
  const announced = arrived && announcedBytes(request.headers);
  if (announced === undefined || announced === 0 || announced > limitBytes) return undefined;
  return arrived?.call(request, announced);
}

/** Requests whose body was given up before its end. */
const partlyRead = new WeakSet<Request>();

/** Whether a client may still be sending a body that nobody has read to its end. */
export const isUnread = (request: Request): boolean =>
  request.body !== null && (!request.bodyUsed || partlyRead.has(request));

/** The beginning of a body, at most 1 KiB; undefined when none comes soon. The rest stays there. */
export async function headOf(request: Request): Promise<Uint8Array | undefined> {
  if (request.body === null) return undefined;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), HEAD_MS);
  const read = await Promise.race([reader.read().catch(ignore), late]);
  clearTimeout(timer);
  if (!read) return void reader.cancel().catch(ignore);
  reader.releaseLock();
  partlyRead.add(request);
  return read.value?.slice(0, HEAD_BYTES);
}

/** A body that came too slowly is not waited for again. */
function leave(
  request: Request,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { fault }: Fault,
): void {
  if (fault !== 'too_large') return void reader.cancel().catch(ignore);
  reader.releaseLock();
  partlyRead.add(request);
}

/** Content-Length, unless the body is chunked, which overrides it (RFC 9112 §6.3). */
export function announcedBytes(headers: Headers): number | undefined {
  const text = headers.get('content-length') ?? '';
  return /^\d+$/u.test(text) && !headers.has('transfer-encoding') ? Number(text) : undefined;
}

/**
 * The fast way, in one native step: 50 µs less than a reader on workerd. HTTP ends an announced body at its Content-Length,
 * so a false, lower length cannot bring in more; the check after it is for hosts with a bug.
 */
const readAnnounced = (request: Request, limitBytes: number): Promise<ReadBody> =>
  request.arrayBuffer().then(
    (buffer): ReadBody => {
      const bytes = new Uint8Array(buffer);
      return bytes.length > limitBytes ? tooLarge(limitBytes) : { ok: true, bytes };
    },
    () => LOST,
  );

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
      if (length > limitBytes) {
        const head = (bytes.length > 0 ? bytes : value).slice(0, HEAD_BYTES);
        return { ...tooLarge(limitBytes), head };
      }
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

/** Cancelling a stream that is already dead fails, and that changes nothing. */
const ignore = (): void => undefined;
