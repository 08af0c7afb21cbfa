// What waits for a member that is starting, or whose process does not read: in order, and bounded by bytes.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { Queue } from '../core/queue.ts';

/** As much waits for one member. */
export const MOST_BYTES = 8 * 1024 * 1024;

/** What a message costs beside its bytes, so that many small ones are bounded, too. */
const OVERHEAD_BYTES = 512;

interface Waiting<Call> {
  readonly message: MessageView;
  /** Undefined: nobody waits for the answer on a client's account. */
  readonly call: Call | undefined;
}

export class Backlog<Call> {
  #waiting = new Queue<Waiting<Call>>();
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** False, and it does not wait, if too much does already. */
  push(message: MessageView, call: Call | undefined): boolean {
    const cost = costOf(message);
    if (this.#bytes + cost > MOST_BYTES) return false;
    this.#bytes += cost;
    this.#waiting.push({ message, call });
    return true;
  }

  shift(): Waiting<Call> | undefined {
    const first = this.#waiting.shift();
    if (first) this.#bytes -= costOf(first.message);
    return first;
  }

  has(id: BridgeRequestId): boolean {
    for (const { message } of this.#waiting) if (bridgeIdOf(message.id) === id) return true;
    return false;
  }

  /** Takes a request out again; false if it does not wait. */
  withdraw(id: BridgeRequestId): boolean {
    if (!this.has(id)) return false;
    for (const each of this.takeAll())
      if (bridgeIdOf(each.message.id) !== id) this.push(each.message, each.call);
    return true;
  }

  takeAll(): Iterable<Waiting<Call>> {
    const all = this.#waiting;
    this.#waiting = new Queue();
    this.#bytes = 0;
    return all;
  }
}

/** What a message that waits costs of {@link MOST_BYTES}. */
export const costOf = ({ bytes }: MessageView): number => bytes.length + OVERHEAD_BYTES;
