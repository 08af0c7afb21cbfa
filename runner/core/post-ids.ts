// The ids of all posts a session has taken, so that a repeated one is recognized however many came in between. They are kept as 64
// bits each, which costs a call less than a set of texts; older ones are recognized by the time in their ids. Pure.
import { postTime } from '../../shared/ids.ts';
import { POST_TABLE_IDS } from '../../shared/link/sizes.ts';

/** What is known of a post's id. */
export type Acquaintance =
  | 'new'
  | 'seen'
  /** It may have been seen: it is as old as forgotten ids. */
  | 'forgotten';

export class PostIds {
  #young = new DigestTable();
  #old: DigestTable | undefined;
  /** An id of this time (ms since the epoch) or before may be one that was let go. */
  #forgottenUntil = -Infinity;
  /** The last of all in the order of texts, which begin with their time: whatever comes behind it is none of them. */
  #last = '';
  readonly #tableIds: number;

  constructor(tableIds = POST_TABLE_IDS) {
    this.#tableIds = tableIds;
  }

  knows(id: string): Acquaintance {
    if (id <= this.#last && this.#has(id)) return 'seen';
    // An id without a time is as old as any.
    return !this.#hasForgotten || (postTime(id) ?? -Infinity) > this.#forgottenUntil
      ? 'new'
      : 'forgotten';
  }

  add(id: string): void {
    if (id > this.#last) this.#last = id;
    else if (this.#has(id)) return;
    if (this.#young.size === this.#tableIds) {
      if (this.#old) this.#forgottenUntil = Math.max(this.#forgottenUntil, this.#old.newest);
      this.#old = this.#young;
      this.#young = new DigestTable();
    }
    this.#young.add(id);
  }

  #has(id: string): boolean {
    const digest = digestOf(id);
    return this.#young.has(digest) || this.#old?.has(digest) === true;
  }

  get #hasForgotten(): boolean {
    return this.#forgottenUntil > -Infinity;
  }
}

type Digest = readonly [high: number, low: number];

/** A set of 64-bit digests in one typed array, by open addressing, at most half full. */
class DigestTable {
  #slots = new Uint32Array(2 * 64);
  #size = 0;
  /** The latest time in an id; an id without one counts as of the epoch. */
  newest = 0;

  get size(): number {
    return this.#size;
  }

  has([high, low]: Digest): boolean {
    return this.#isAt(this.#find(high, low));
  }

  add(id: string): void {
    this.newest = Math.max(this.newest, postTime(id) ?? 0);
    if (4 * (this.#size + 1) > this.#slots.length) this.#grow();
    const [high, low] = digestOf(id);
    this.#put(high, low);
  }

  #put(high: number, low: number): void {
    const at = this.#find(high, low);
    if (this.#isAt(at)) return;
    this.#slots[at] = high;
    this.#slots[at + 1] = low;
    this.#size += 1;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    this.#size = 0;
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at] ?? 0;
      if (high !== 0) this.#put(high, before[at + 1] ?? 0);
    }
  }

  /** The digest's slot, or the free slot it would take. */
  #find(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    for (let at = (low << 1) & mask; ; at = (at + 2) & mask) {
      if (!this.#isAt(at) || (this.#slots[at] === high && this.#slots[at + 1] === low)) return at;
    }
  }

  #isAt(slot: number): boolean {
    return this.#slots[slot] !== 0;
  }
}

/** Two independent FNV-1a hashes; ids are random, so that two of them agree is a matter of 2^-63. The first is never 0. */
function digestOf(id: string): Digest {
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5bd1e995);
  }
  // The low bits of a product depend on low bits alone: the slot is chosen by bits that all characters reached.
  low ^= low >>> 15;
  return [high >>> 0 || 1, low >>> 0];
}
