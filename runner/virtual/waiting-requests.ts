// Requests that wait until something is known: each goes on from where it stands, unless it is taken out before. Bounded by bytes.
import type { BridgeRequestId } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { costOf, MOST_BYTES } from './backlog.ts';

type GoOn = (now: number) => void;

export class WaitingRequests {
  readonly #most: number;
  readonly #waiting = new Map<BridgeRequestId, { readonly goOn: GoOn; readonly cost: number }>();
  #bytes = 0;

  /** `most`: so many may wait, however small they are. */
  constructor(most = Infinity) {
    this.#most = most;
  }

  /** One more finds room, whatever its size: as much as may wait does not wait yet. */
  get hasRoom(): boolean {
    return this.#waiting.size < this.#most && this.#bytes < MOST_BYTES;
  }

  /** False, and it does not wait, if too much does already. */
  add(id: BridgeRequestId, request: MessageView, goOn: GoOn): boolean {
    const cost = costOf(request);
    if (this.#waiting.size >= this.#most || this.#bytes + cost > MOST_BYTES) return false;
    this.#waiting.set(id, { goOn, cost });
    this.#bytes += cost;
    return true;
  }

  /** How it goes on; undefined if it does not wait. */
  take(id: BridgeRequestId): GoOn | undefined {
    const waiting = this.#waiting.get(id);
    if (!waiting) return undefined;
    this.#waiting.delete(id);
    this.#bytes -= waiting.cost;
    return waiting.goOn;
  }

  takeAll(): GoOn[] {
    const all = [...this.#waiting.values()].map(({ goOn }) => goOn);
    this.#waiting.clear();
    this.#bytes = 0;
    return all;
  }
}
