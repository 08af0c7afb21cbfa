// Two ends of a message socket in this program's memory.
import type { Mail } from './mail.ts';
import {
  NO_CODE,
  type EdgeEnd,
  type EndListener,
  type RunnerEnd,
  type SocketEnd,
} from './socket.ts';
import type { CarriedDown, CarriedUp } from '../../../shared/link/carried.ts';

/** The edge's end, and the other. */
export function socketPair(mail: Mail): readonly [EdgeEnd, RunnerEnd] {
  const one = new PairEnd<CarriedDown, CarriedUp>(mail);
  const two = new PairEnd<CarriedUp, CarriedDown>(mail);
  one.join(two);
  two.join(one);
  return [one, two];
}

/** A close takes effect here at once and is confirmed when the other end has heard of it. */
class PairEnd<Out, In> implements SocketEnd<Out, In> {
  readonly isLocal = true;
  readonly #mail: Mail;
  #other: PairEnd<In, Out> | undefined;
  #listener: EndListener<In> | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #unreadBytes = 0;

  constructor(mail: Mail) {
    this.#mail = mail;
  }

  join(other: PairEnd<In, Out>): void {
    this.#other = other;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  listen(listener: EndListener<In>): void {
    this.#listener = listener;
  }

  get isListening(): boolean {
    return this.#listener !== undefined;
  }

  send(text: string): void {
    this.#post(text.length, (other) => other.take(text), false);
  }

  /** Both ends of a link are machines that take what comes whenever it comes; who opens another socket may not be ready yet. */
  carry(frame: Out, bytes: number): void {
    const isAwaited = this.#other?.isListening === true;
    this.#post(bytes, (other) => other.takeCarried(frame), isAwaited);
  }

  #post(bytes: number, hand: (other: PairEnd<In, Out>) => void, isAwaited: boolean): void {
    const other = this.#other;
    if (this.#state !== 'open' || !other) return;
    this.#unreadBytes += bytes;
    const deliver = (): void => {
      this.#unreadBytes -= bytes;
      hand(other);
    };
    this.#mail.post(bytes, deliver, isAwaited);
  }

  close(code: number, _reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#mail.post(0, () => this.#other?.heardClose(code));
  }

  take(text: string): void {
    if (this.#state !== 'closed') this.#listener?.message(text);
  }

  takeCarried(frame: In): void {
    if (this.#state !== 'closed') this.#listener?.carried?.(frame);
  }

  heardClose(code: number): void {
    const isFirst = this.#state === 'open';
    if (this.#state === 'closed') return;
    this.#end(code);
    // If both began, each has heard of the other's close.
    if (isFirst) this.#mail.post(0, () => this.#other?.confirmed(code));
  }

  confirmed(code: number): void {
    if (this.#state !== 'closed') this.#end(code);
  }

  #end(code: number): void {
    this.#state = 'closed';
    this.#listener?.closed(code);
  }
}

/** An end whose other end was gone before there was one. */
export function brokenEnd(mail: Mail): SocketEnd {
  return {
    isLocal: true,
    isOpen: false,
    unreadBytes: 0,
    send: () => undefined,
    close: () => undefined,
    listen: (listener) => mail.post(0, () => listener.closed(NO_CODE.broken)),
  };
}
