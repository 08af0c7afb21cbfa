// Small events of one stream that are ready at the same moment go in one frame (PROTOCOL.md LP26), because a frame costs the
// edge the same whatever it holds. Pure: the host says when the moment is over.
import type { Bytes } from '../../shared/bytes.ts';
import { EVENTS_IN_FRAME } from '../../shared/link/sizes.ts';
import type { EventFrame } from '../../shared/link/session-frames.ts';

/** A larger event costs about the same alone: its bytes take the edge as long as the frame around it. */
const SMALL_BYTES = 16 * 1024;

/** No more than a link sends in one piece before it knows its line. */
const FRAME_BYTES = 56 * 1024;

const NEWLINE = 0x0a;

/** A frame with its message. */
export interface SentEvent {
  readonly frame: EventFrame;
  readonly message?: Bytes | undefined;
}

export class EventBatch {
  #first: EventFrame | undefined;
  #messages: Uint8Array[] = [];
  #bytes = 0;

  /** Events in the batch. */
  get size(): number {
    return this.#messages.length;
  }

  /** Takes the next event. False if it cannot go together with the batch, or with anything. */
  take({ frame, message }: SentEvent): boolean {
    if (frame.final || !(message instanceof Uint8Array) || message.length > SMALL_BYTES)
      return false;
    // Line breaks separate the messages.
    if (message.includes(NEWLINE)) return false;
    if (this.#first && !this.#isNext(frame, message)) return false;
    this.#first ??= frame;
    this.#messages.push(message);
    this.#bytes += message.length + 1;
    return true;
  }

  /** The batch as one frame; undefined if it is empty. */
  flush(): SentEvent | undefined {
    const frame = this.#first;
    const messages = this.#messages;
    const bytes = this.#bytes;
    if (!frame) return undefined;
    this.#first = undefined;
    this.#messages = [];
    this.#bytes = 0;
    if (messages.length === 1) return { frame, message: messages[0] };
    return { frame: { ...frame, count: messages.length }, message: joined(messages, bytes - 1) };
  }

  #isNext({ stream, seq }: EventFrame, message: Uint8Array): boolean {
    const { length } = this.#messages;
    return (
      this.#first?.stream === stream &&
      this.#first.seq + length === seq &&
      length < EVENTS_IN_FRAME &&
      this.#bytes + message.length <= FRAME_BYTES
    );
  }
}

function joined(messages: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes).fill(NEWLINE);
  let at = 0;
  for (const message of messages) {
    all.set(message, at);
    at += message.length + 1;
  }
  return all;
}
