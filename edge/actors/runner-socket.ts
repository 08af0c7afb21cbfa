// The runner's socket as a session actor holds it: what goes down is paced, what comes up is put together (PROTOCOL.md LP3,
// LP23). Frames that are not whole outlive the socket.
import { CLOSE } from '../../shared/link/close-codes.ts';
import { decodeText } from '../../shared/link/codec.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox, type Received } from '../../shared/link/inbox.ts';
import { NO_FLOW, Outbox, type Place } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { placeDown } from '../../shared/link/places.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';
import { unreadBytes } from './sockets.ts';

/** What may wait for a runner that reads too little; relinking resends what it missed. */
const WAITING_LIMIT = 64 * 1024 * 1024;

export class RunnerSocket {
  readonly #inbox = new Inbox(textForm);
  #outbox = Outbox.ofText();
  #socket: WebSocket | undefined;
  #heardAt = 0;

  /** The socket that is the link now. */
  get socket(): WebSocket | undefined {
    return this.#socket;
  }

  /** When the runner last said anything, as far as this object remembers; 0 when it does not. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Something waits to go down. */
  get isWaiting(): boolean {
    return this.#outbox.waiting > 0;
  }

  /** Not all that was sent is known to have arrived. */
  get isUnderWay(): boolean {
    return this.#outbox.isUnderWay;
  }

  /** A new socket is the link; `holds` is what the runner has of frames from the last. Tells what is here of its own. */
  take(socket: WebSocket, holds: readonly Hold[]): Hold[] {
    this.release();
    this.#socket = socket;
    this.#outbox.resume(holds);
    return this.#inbox.relinked();
  }

  /** The socket is gone, and with it what waited: whoever said it says it again (LP18). */
  release(): void {
    this.#socket = undefined;
    this.#outbox = Outbox.ofText();
  }

  send(text: string, isBehind: boolean): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#write(this.#outbox.push(text, () => ({ ...placeOf(text), isBehind }), Date.now()));
    if (this.#outbox.waiting + unreadBytes(this.#socket) > WAITING_LIMIT) {
      this.#socket.close(CLOSE.comeBack, 'too much is unread');
    }
  }

  /** The runner has a post: what of it waits need not go. */
  omit(post: string): void {
    this.#write(this.#outbox.omit(post, Date.now()));
  }

  /** Takes one WebSocket message. */
  receive(text: string): Received<string> {
    this.#heardAt = Date.now();
    if (text !== 'pong') return this.#inbox.push(text);
    this.#write(this.#outbox.answered(this.#heardAt));
    return { state: 'partial' };
  }

  #write(messages: readonly string[]): void {
    for (const message of messages) this.#socket?.send(message);
  }
}

function placeOf(text: string): Place {
  const reading = decodeText(sessionDown, text);
  return reading.ok ? placeDown(reading.frame.header) : { flow: NO_FLOW };
}
