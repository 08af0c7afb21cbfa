// The line to a session's runner, across sockets: it paces what goes down and joins the parts of what comes up
// (PROTOCOL.md LP3, LP23). Unfinished frames outlive a socket. Pure: it is given the time and returns the messages to send.
import type { Text } from '../../shared/bytes.ts';
import { decodeText } from '../../shared/link/codec.ts';
import { textForm } from '../../shared/link/forms.ts';
import { hotPost } from '../../shared/link/hot-frames.ts';
import { Inbox, type Received } from '../../shared/link/inbox.ts';
import { NO_FLOW, Outbox, type Place } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { placeDown } from '../../shared/link/places.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';
import type { SocketId } from '../../shared/ids.ts';

export class RunnerLine {
  readonly #inbox = new Inbox(textForm);
  #outbox = Outbox.ofText();
  #socket: SocketId | undefined;
  #heardAt = 0;

  /** The socket that is the link now. */
  get socket(): SocketId | undefined {
    return this.#socket;
  }

  /** When anything last came from the runner; 0 if that is not remembered. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Units that wait to go down. */
  get waiting(): number {
    return this.#outbox.waiting;
  }

  /** Some of what was sent may not have arrived. */
  get isUnderWay(): boolean {
    return this.#outbox.isUnderWay;
  }

  /** A new socket is the link; `holds`: the parts the runner kept from the last one. Returns the parts kept here. */
  take(socket: SocketId, holds: readonly Hold[]): Hold[] {
    this.release();
    this.#socket = socket;
    this.#heardAt = 0;
    this.#outbox.resume(holds);
    return this.#inbox.relinked();
  }

  /** The socket is gone, and with it what waited to be sent: its senders send it again (LP18). */
  release(): void {
    this.#socket = undefined;
    this.#outbox = Outbox.ofText();
  }

  /** The messages to send now for a frame. `isBehind`: it must not overtake earlier frames. */
  send(text: string, isBehind: boolean, now: number): readonly string[] {
    return this.#outbox.push(text, () => ({ ...placeOf(text), isBehind }), now);
  }

  /** The runner has this post: the unsent rest of it is dropped. */
  omit(post: string, now: number): readonly string[] {
    return this.#outbox.omit(post, now);
  }

  /** Something came from the runner that no line had to carry. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Asks the runner for a sign of life. */
  ping(now: number): readonly string[] {
    return this.#outbox.ping(now);
  }

  /** Takes one WebSocket message; returns what to send in reply. */
  receive(text: string, now: number): { received: Received<Text>; messages: readonly string[] } {
    this.#heardAt = now;
    if (text !== 'pong') return { received: this.#inbox.push(text), messages: [] };
    return { received: { state: 'partial' }, messages: this.#outbox.answered(now) };
  }
}

function placeOf(text: string): Place {
  const reading = decodeText(sessionDown, text, hotPost);
  return reading.ok ? placeDown(reading.frame.header) : { flow: NO_FLOW };
}
