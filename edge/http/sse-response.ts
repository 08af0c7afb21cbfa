// A client's SSE response, held by the worker (D3): performs what core/client-stream decides. Bytes leave as fast as the client
// reads them, and what has left is acknowledged. Keep-alive comments show that a client is dead.
import {
  ClientStream,
  type ClientStreamEffect,
  type ClientStreamOptions,
} from '../core/client-stream.ts';
import { beatInMs } from '../core/stream-kinds.ts';
import { Unread } from '../core/unread.ts';
import type { RecordedPost } from './recorded-post.ts';
import type { SessionPort, Socket } from './ports.ts';
import { streamResponse, type BodyReader } from './stream-body.ts';
import type { Text } from '../../shared/bytes.ts';
import type { Fault } from '../../shared/fault.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { LOOK_MS } from '../../shared/link/timing.ts';
import { decodeText } from '../../shared/link/codec.ts';
import { hotEvent } from '../../shared/link/hot-frames.ts';
import { streamDown } from '../../shared/link/session-frames.ts';
import { SteadyClock } from '../../shared/steady-clock.ts';
import { encodeComment } from '../../shared/sse/encode.ts';

/** Opens a stream that has no event yet, so that proxies and clients see the headers at once. */
export const OPENING_COMMENT = encodeComment('open');

/** Headers of every SSE answer: nothing on the way may delay, store or rewrite it. */
export const SSE_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
};

const TOO_SLOW = 'The client reads too slowly.';

const encoder = new TextEncoder();

export interface SseOptions extends ClientStreamOptions {
  readonly session: Pick<SessionPort, 'follow'>;
  readonly signal: AbortSignal;
  /** See `Ports`; for streams that have something to say when their client leaves. */
  readonly outlive?: (work: Promise<unknown>) => void;
  /** SSE text that opens the response: an endpoint event, a priming event, or a comment. */
  readonly opening: string;
  /** The client named an event of the stream. */
  readonly resumes?: boolean;
  /**
   * When the client's token or key stops to count, in ms since the epoch: the stream ends soon after, and comes back with the next
   * token. Not for streams that wait for an answer.
   */
  readonly until?: number | undefined;
  /** Asked at each beat: whether the client may still have the stream, which ends if not. */
  readonly mayGoOn?: (() => Promise<boolean>) | undefined;
  /** Told when the stream of a call is over. */
  readonly record?: RecordedPost | undefined;
}

/** An open stream to one client. */
export class SseStream {
  /** Without the post: the machine frees its message, so nothing else may hold it. */
  readonly #options: Omit<SseOptions, 'post'>;
  readonly #machine: ClientStream;
  /** Read at each look, or at each keep-alive where there is no look; the wall clock may be set meanwhile. */
  readonly #clock: SteadyClock;
  /** Undefined where nothing is ever owed: nearly all streams that idle are such, and each wake-up costs. */
  readonly #look: ReturnType<typeof setInterval> | undefined;
  #keepAlive: ReturnType<typeof setTimeout> | undefined;
  readonly #settled: Promise<Fault | undefined>;
  #settle: (fault: Fault | undefined) => void = () => undefined;
  #socket: Socket | undefined;
  /** Counts sockets, so that a late event of an older one is not taken for the newest's. */
  #socketCount = 0;
  readonly #unread = new Unread();
  #reader: BodyReader | undefined;
  #isCut = false;
  #bytes = 0;
  /** Of the call, once it has ended; see LP31. */
  #processMs: number | undefined;
  /** Last messages of a stream that ended before its dial was answered. */
  readonly #lastWords: string[] = [];
  #dialling: Promise<void>;
  #wake: (() => void) | undefined;

  constructor({ post, ...options }: SseOptions) {
    this.#options = options;
    this.#machine = new ClientStream({ post, ...options });
    this.#clock = new SteadyClock(this.#machine.mayOwe ? 2 * LOOK_MS : options.kind.keepAliveMs);
    this.#unread.write(options.opening);
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    if (this.#machine.mayOwe)
      this.#look = setInterval(() => {
        this.#clock.at(Date.now());
        this.#perform(this.#machine.beat());
      }, LOOK_MS);
    this.#beatLater(Date.now());
    options.signal.addEventListener('abort', () => this.#cancel(), { once: true });
    this.#dialling = this.#dial(0);
    // The signal fires only once, and may have fired already.
    if (options.signal.aborted) this.#cancel();
  }

  /** Why the stream cannot be followed, or undefined once it is or when `ms` passed without news. */
  async refusal(ms: number): Promise<Fault | undefined> {
    const { promise: patience, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), ms);
    const fault = await Promise.race([this.#settled, patience]);
    clearTimeout(timer);
    return fault;
  }

  response(headers: Record<string, string>): Response {
    return streamResponse(
      { pull: (reader) => this.#pull(reader), cancel: () => this.#cancel() },
      { headers: { ...SSE_HEADERS, ...headers } },
    );
  }

  async #pull(reader: BodyReader): Promise<void> {
    this.#reader = reader;
    this.#perform(this.#machine.drained(this.#unread.given));
    if (this.#unread.isEmpty && !this.#unread.isFinished) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    // Again for a client that had read nothing before it was cut.
    if (this.#isCut) return reader.error(new Error(TOO_SLOW));
    if (this.#unread.isEmpty) {
      // No pull follows: what ended without a message is acknowledged here, and its socket let go.
      this.#perform(this.#machine.drained(this.#machine.written));
      this.#options.record?.ended('streamed', this.#bytes, this.#processMs);
      return reader.close();
    }
    const bytes = encoder.encode(this.#unread.take(this.#machine.written));
    this.#bytes += bytes.length;
    reader.enqueue(bytes);
  }

  async #dial(delayMs: number): Promise<void> {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (this.#machine.isDone) return;
    const count = ++this.#socketCount;
    const { session, stream, resumes = false } = this.#options;
    try {
      const followed = await session.follow(stream, resumes || count > 1, {
        message: (text) => this.#message(count, text),
        closed: (code) => this.#closed(count, code),
      });
      if (!followed.ok) return this.#perform(this.#machine.refused(followed.fault));
      this.#socket = followed.value;
      if (!this.#machine.isDone) return;
      for (const text of this.#lastWords) this.#socket.send(text);
      this.#hangUp();
    } catch {
      // The actor broke off before it answered.
      this.#closed(count, 1006);
    }
  }

  #message(count: number, text: Text): void {
    if (count !== this.#socketCount) return;
    const reading = decodeText(streamDown, text, hotEvent);
    if (!reading.ok) return this.#socket?.close(CLOSE.protocol, OUTSIDE_PROTOCOL);
    const { header, message } = reading.frame;
    this.#perform(this.#machine.receive(header, message));
  }

  #closed(count: number, code: number): void {
    if (count !== this.#socketCount) return;
    this.#socket = undefined;
    if (code === CLOSE.replaced) return this.#end();
    this.#perform(this.#machine.broken(this.#clock.at(Date.now()), Math.random()));
  }

  #perform(effects: readonly ClientStreamEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
  }

  #performOne(effect: ClientStreamEffect): void {
    switch (effect.do) {
      case 'dial':
        this.#dialling = this.#dial(effect.delayMs);
        return;
      case 'send':
        return this.#send(effect.text);
      case 'write':
        this.#unread.write(effect.text, effect.seq);
        return this.#wake?.();
      case 'settle':
        return this.#settle(effect.fault);
      case 'probe':
        this.#unread.probe(effect.id, this.#isAwaited);
        return this.#wakeIfAny();
      case 'finish':
        this.#processMs = effect.processMs;
        this.#unread.finish();
        this.#stopClocks();
        return this.#wake?.();
      case 'cut':
        return this.#cut();
      case 'hangUp':
        return this.#hangUp();
    }
  }

  #send(text: string): void {
    if (this.#socket) return this.#socket.send(text);
    if (!this.#machine.isDone) return;
    this.#lastWords.push(text);
    this.#options.outlive?.(this.#dialling);
  }

  #cut(): void {
    this.#options.record?.ended('left', this.#bytes);
    this.#unread.cut();
    this.#isCut = true;
    this.#reader?.error(new Error(TOO_SLOW));
    this.#wake?.();
  }

  /** The network has taken everything, and asks for more. */
  get #isAwaited(): boolean {
    return this.#wake !== undefined;
  }

  #beatLater(now: number): void {
    this.#keepAlive = setTimeout(this.#beat, beatInMs(this.#options.kind, now));
  }

  readonly #beat = (): void => {
    const { until, mayGoOn } = this.#options;
    const now = Date.now();
    this.#beatLater(now);
    this.#clock.at(now);
    if (until !== undefined && now >= until) return this.#end();
    this.#unread.keepAlive(this.#isAwaited, this.#atOnce);
    this.#wakeIfAny();
    if (mayGoOn) void this.#endUnless(mayGoOn);
  };

  readonly #atOnce = (text: string): boolean => {
    const bytes = encoder.encode(text);
    if (this.#reader?.atOnce?.(bytes) !== true) return false;
    this.#bytes += bytes.length;
    return true;
  };

  async #endUnless(mayGoOn: () => Promise<boolean>): Promise<void> {
    if (!(await mayGoOn()) && !this.#machine.isDone) this.#end();
  }

  /** Ends the response, as if its client had left. */
  #end(): void {
    this.#perform([{ do: 'finish' }, ...this.#machine.cancelled()]);
  }

  #wakeIfAny(): void {
    if (!this.#unread.isEmpty) this.#wake?.();
  }

  #cancel(): void {
    this.#options.record?.ended('left', this.#bytes);
    this.#unread.finish();
    this.#wake?.();
    this.#stopClocks();
    this.#perform(this.#machine.cancelled());
  }

  #stopClocks(): void {
    clearInterval(this.#look);
    clearTimeout(this.#keepAlive);
  }

  #hangUp(): void {
    this.#stopClocks();
    this.#socket?.close(CLOSE.done, 'stream over');
    this.#socket = undefined;
  }
}
