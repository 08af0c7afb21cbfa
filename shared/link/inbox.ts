// Puts frames that came in parts together again, several at a time (PROTOCOL.md LP3). It outlives a socket: what it holds of a
// frame need not be sent again. Pure.
import * as v from 'valibot';
import { REASSEMBLED_BYTES } from './sizes.ts';
import type { ReceivedForm } from './forms.ts';
import { isPartial, MAX_HOLDS, partial, UNNAMED, type Hold, type PartFrame } from './parts.ts';
import { RareMap } from '../rare-map.ts';

/** What a part counts in addition to its slice, so that there cannot be endless tiny ones. */
const PART_OVERHEAD = 256;

/** Units that parts of all frames that are not whole may hold: the largest frame, cut as finely as a slow line wants it. */
const HELD_UNITS = REASSEMBLED_BYTES + REASSEMBLED_BYTES / 8;

/** What a WebSocket message gave: a whole frame, nothing yet, or a breach of LP3. */
export type Received<T> =
  | { readonly state: 'whole'; readonly frame: T }
  /** `begins`: the name of the frame of which this is the first part. */
  | { readonly state: 'partial'; readonly begins?: string }
  | { readonly state: 'broken'; readonly reason: string }
  | { readonly state: 'too_large' };

interface Partial<T> {
  readonly slices: T[];
  readonly size: number;
  to: number;
  /** What it counts here: slices, and {@link PART_OVERHEAD} for each. */
  counted: number;
}

/** `T` and `R` as in {@link ReceivedForm}. */
export class Inbox<T extends string | Uint8Array, R extends { readonly length: number }> {
  readonly #form: ReceivedForm<T, R>;
  readonly #partials = new RareMap<string, Partial<T>>();
  #counted = 0;

  constructor(form: ReceivedForm<T, R>) {
    this.#form = form;
  }

  /** Takes one WebSocket message. */
  push(message: T): Received<T | R> {
    if (!isPartial(this.#form, message)) {
      return message.length > REASSEMBLED_BYTES
        ? { state: 'too_large' }
        : { state: 'whole', frame: message };
    }
    const header = readHeader(this.#form.firstLine(message));
    if (header === undefined) return { state: 'broken', reason: 'the header of a part' };
    if (header.type === 'part') return this.#part(header, this.#form.afterFirstLine(message));
    this.#forget(header.of);
    return { state: 'partial' };
  }

  /** A new socket replaces the last one: returns what need not be sent again, and forgets the rest. */
  relinked(): Hold[] {
    const told: Hold[] = [];
    for (const [of, { to, size }] of this.#partials) {
      if (!of.startsWith(UNNAMED) && told.length < MAX_HOLDS) told.push({ of, to, size });
      else this.#forget(of);
    }
    return told;
  }

  #part({ of, at, to, size }: PartFrame, slice: T): Received<T | R> {
    if (size > REASSEMBLED_BYTES) return { state: 'too_large' };
    if (to <= at || to > size || slice.length === 0) return broken('a part without a slice');
    // A sender that starts again does not go on where it was.
    if (at === 0) this.#forget(of);
    const held = this.#partials.get(of) ?? { slices: [], size, to: 0, counted: 0 };
    if (held.to !== at || held.size !== size) return broken('a part that follows no other');
    this.#partials.set(of, held);
    held.slices.push(slice);
    held.to = to;
    held.counted += slice.length + PART_OVERHEAD;
    this.#counted += slice.length + PART_OVERHEAD;
    if (this.#counted > HELD_UNITS) return { state: 'too_large' };
    if (to < size) return at === 0 ? { state: 'partial', begins: of } : { state: 'partial' };
    this.#forget(of);
    const frame = this.#form.received(held.slices);
    return frame.length > REASSEMBLED_BYTES ? { state: 'too_large' } : { state: 'whole', frame };
  }

  #forget(of: string): void {
    this.#counted -= this.#partials.get(of)?.counted ?? 0;
    this.#partials.delete(of);
  }
}

function readHeader(line: string): v.InferOutput<typeof partial> | undefined {
  try {
    const read = v.safeParse(partial, JSON.parse(line));
    return read.success ? read.output : undefined;
  } catch {
    return undefined;
  }
}

const broken = (reason: string): Received<never> => ({ state: 'broken', reason });
