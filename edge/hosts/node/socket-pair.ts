// Two ends of a message socket in this program's memory.
import type { Mail } from './mail.ts';
import { NO_CODE, type EndListener, type SocketEnd } from './socket.ts';

export function socketPair(mail: Mail): readonly [SocketEnd, SocketEnd] {
  const [one, two] = [new PairEnd(mail), new PairEnd(mail)];
  one.join(two);
  two.join(one);
  return [one, two];
}

/** A close takes effect here at once and is confirmed when the other end has heard of it. */
class PairEnd implements SocketEnd {
  readonly isLocal = true;
  readonly #mail: Mail;
  #other: PairEnd | undefined;
  #listener: EndListener | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #unreadBytes = 0;

  constructor(mail: Mail) {
    this.#mail = mail;
  }

  join(other: PairEnd): void {
    this.#other = other;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  listen(listener: EndListener): void {
    this.#listener = listener;
  }

  send(text: string): void {
    if (this.#state !== 'open') return;
    this.#unreadBytes += text.length;
    this.#mail.post(text.length, () => {
      this.#unreadBytes -= text.length;
      this.#other?.take(text);
    });
  }

  close(code: number, _reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#mail.post(0, () => this.#other?.heardClose(code));
  }

  take(text: string): void {
    if (this.#state !== 'closed') this.#listener?.message(text);
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
