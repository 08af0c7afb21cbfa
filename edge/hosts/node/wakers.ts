// One timer for everything that waits on this host. An owner that needs its timer no longer does not take it back: it may be woken
// too early, and then only checks again. So a call does not cost a timer.

/** Something to wake. It belongs to one queue, and waits for one time only. */
export class Waker {
  readonly fire: () => void;
  /** By the steady clock of the queue; undefined: it waits for nothing. */
  at: number | undefined;

  constructor(fire: () => void) {
    this.fire = fire;
  }
}

/** Entries of the heap; one whose time is not its owner's any more is skipped. */
interface Entry {
  readonly at: number;
  readonly waker: Waker;
}

/** The longest time that a timer of Node takes, about 24 days (Node.js, Timers, `setTimeout`). */
const LONGEST_MS = 2 ** 31 - 1;

export class Wakers {
  readonly #heap: Entry[] = [];
  #timer: { readonly at: number; readonly id: NodeJS.Timeout } | undefined;

  /** Fires at `at` (ms since the epoch) or earlier; undefined: it need not fire. The wall clock may be set meanwhile. */
  arm(waker: Waker, at: number | undefined): void {
    if (at === undefined) return;
    const steady = performance.now() + Math.max(0, at - Date.now());
    if (waker.at !== undefined && waker.at <= steady) return;
    waker.at = steady;
    this.#push({ at: steady, waker });
    this.#set();
  }

  /** Forgets everything. */
  clear(): void {
    this.#heap.length = 0;
    clearTimeout(this.#timer?.id);
    this.#timer = undefined;
  }

  #set(): void {
    const [first] = this.#heap;
    if (!first || (this.#timer && this.#timer.at <= first.at)) return;
    clearTimeout(this.#timer?.id);
    const ms = Math.min(LONGEST_MS, Math.max(0, first.at - performance.now()));
    this.#timer = { at: first.at, id: setTimeout(() => this.#fire(), ms) };
  }

  #fire(): void {
    this.#timer = undefined;
    // Timers of Node may fire up to a millisecond early.
    const now = performance.now() + 1;
    for (let [first] = this.#heap; first && first.at <= now; [first] = this.#heap) {
      const { at, waker } = this.#pop();
      if (waker.at !== at) continue;
      waker.at = undefined;
      waker.fire();
    }
    this.#set();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#at(above).at <= entry.at) break;
      heap[at] = this.#at(above);
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = this.#at(0);
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && this.#at(below + 1).at < this.#at(below).at) below += 1;
      if (this.#at(below).at >= last.at) break;
      heap[at] = this.#at(below);
      at = below;
    }
    heap[at] = last;
    return first;
  }

  #at(index: number): Entry {
    const entry = this.#heap[index];
    if (!entry) throw new RangeError('no such entry');
    return entry;
  }
}
