// What waits for a seat whose session does not read: in order, and bounded by bytes.
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { PROCESS_LINE_BYTES } from '../../shared/limits.ts';
import { Queue } from '../core/queue.ts';

/** A session stops reading while its client has some MiB to read. One line more may be as large as a line can be. */
export const MOST_HELD_BYTES = PROCESS_LINE_BYTES;

/** What a message costs beside its bytes, so that many small ones are bounded, too. */
const OVERHEAD_BYTES = 512;

export class HeldMessages {
  #messages: Queue<MessageView> | undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#messages === undefined;
  }

  /** False: too much waits, and this does not. */
  push(message: MessageView): boolean {
    const kept = message.kept();
    const cost = costOf(kept);
    if (this.#bytes > 0 && this.#bytes + cost > MOST_HELD_BYTES) return false;
    (this.#messages ??= new Queue()).push(kept);
    this.#bytes += cost;
    return true;
  }

  shift(): MessageView | undefined {
    const first = this.#messages?.shift();
    if (first) this.#bytes -= costOf(first);
    if (this.#messages?.length === 0) this.#messages = undefined;
    return first;
  }

  clear(): void {
    this.#messages = undefined;
    this.#bytes = 0;
  }
}

const costOf = ({ bytes }: MessageView): number => bytes.length + OVERHEAD_BYTES;
