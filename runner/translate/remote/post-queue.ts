// Lines on their way to a server at a URL, in order: what must be heard first, such as `initialize`, holds back what is behind it.
import { onlyMessageIn, type MessageView } from '../../../shared/jsonrpc/view.ts';

/** One line. `message`: what is in it; undefined if that is no single message. */
export interface OutgoingLine {
  readonly line: Uint8Array;
  readonly message: MessageView | undefined;
}

/** Beyond this a session should hold back. */
const FULL_BYTES = 64 * 1024;

/** Beyond this the server is useless: it takes nothing. As for a process that does not read its stdin. */
const MOST_BYTES = 32 * 1024 * 1024;

/** A notification that is not answered holds back what is behind it no longer than this: order is worth that, but no more. */
const ONE_WAY_MS = 2_000;

export class PostQueue {
  readonly #lines: OutgoingLine[] = [];
  #bytes = 0;
  #wasFull = false;
  #gate: { readonly exchange: number; readonly until: number } | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes > FULL_BYTES;
  }

  get isTooMuch(): boolean {
    return this.#bytes > MOST_BYTES;
  }

  /** When the gate opens by itself. */
  get wakeAt(): number | undefined {
    const until = this.#gate?.until;
    return until === Infinity ? undefined : until;
  }

  push(line: Uint8Array): void {
    this.#lines.push({ line, message: onlyMessageIn(line) });
    this.#bytes += line.length;
    this.#wasFull ||= this.isFull;
  }

  /** To be sent once more, before all others. */
  putBack(outgoing: OutgoingLine): void {
    this.#lines.unshift(outgoing);
    this.#bytes += outgoing.line.length;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** The next one that may go; undefined while there is none. */
  next(now: number): OutgoingLine | undefined {
    if (this.#gate && this.#gate.until > now) return undefined;
    this.#gate = undefined;
    const outgoing = this.#lines.shift();
    this.#bytes -= outgoing?.line.length ?? 0;
    return outgoing;
  }

  /** Nothing goes before this exchange is over, which can only be waited for. */
  waitFor(exchange: number): void {
    this.#gate = { exchange, until: Infinity };
  }

  /** Nothing goes before this exchange is answered, or has been waited for long enough. */
  waitBriefly(exchange: number, now: number): void {
    this.#gate = { exchange, until: now + ONE_WAY_MS };
  }

  over(exchange: number): void {
    if (this.#gate?.exchange === exchange) this.#gate = undefined;
  }

  /** True once, when all is sent after it was full. */
  takeDrained(): boolean {
    const isDrained = this.#wasFull && this.#bytes === 0;
    if (isDrained) this.#wasFull = false;
    return isDrained;
  }
}
