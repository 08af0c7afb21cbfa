// The line to a session's runner, whatever socket carries it: what goes down is paced, what comes up is put together
// (PROTOCOL.md LP3, LP23). Frames that are not whole outlive a socket. Pure: it is told the time, and gives the messages to send.
import { decodeText } from '../../shared/link/codec.ts';
import { textForm } from '../../shared/link/forms.ts';
import { Inbox, type Received } from '../../shared/link/inbox.ts';
import { NO_FLOW, Outbox, type Place } from '../../shared/link/outbox.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { placeDown } from '../../shared/link/places.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';

export class RunnerLine {
  readonly #inbox = new Inbox(textForm);
  #outbox = Outbox.ofText();
  #socket: string | undefined;
  #heardAt = 0;

  /** The socket that is the link now. */
  get socket(): string | undefined {
    return this.#socket;
  }

  /** When the runner last said anything, as far as is remembered; 0 when it is not. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Units that wait to go down. */
  get waiting(): number {
    return this.#outbox.waiting;
  }

  /** Not all that was sent is known to have arrived. */
  get isUnderWay(): boolean {
    return this.#outbox.isUnderWay;
  }

  /** A new socket is the link; `holds` is what the runner has of frames from the last. Tells what is here of its own. */
  take(socket: string, holds: readonly Hold[]): Hold[] {
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

  /** The messages to send for a frame, now. `isBehind`: not before anything that was said earlier. */
  send(text: string, isBehind: boolean, now: number): readonly string[] {
    return this.#outbox.push(text, () => ({ ...placeOf(text), isBehind }), now);
  }

  /** The runner has a post: what of it waits need not go. */
  omit(post: string, now: number): readonly string[] {
    return this.#outbox.omit(post, now);
  }

  /** Takes one WebSocket message; tells what is to be sent in return. */
  receive(text: string, now: number): { received: Received<string>; messages: readonly string[] } {
    this.#heardAt = now;
    if (text !== 'pong') return { received: this.#inbox.push(text), messages: [] };
    return { received: { state: 'partial' }, messages: this.#outbox.answered(now) };
  }
}

function placeOf(text: string): Place {
  const reading = decodeText(sessionDown, text);
  return reading.ok ? placeDown(reading.frame.header) : { flow: NO_FLOW };
}
