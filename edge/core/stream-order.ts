// The order in which a runner's frames may come on the streams that workers follow (LP14, LP19): each event is the next one,
// nothing follows a final, and a stream begins anew only where somebody asked for it. What breaks it reaches no client. Pure.
import type { EventFrame } from '../../shared/link/session-frames.ts';

interface Followed {
  /** The last event that came; undefined until the link has said where the stream stands. */
  last: number | undefined;
  isOver: boolean;
  /** Where attaches begin that the runner has not answered; null: behind the last acknowledged event. */
  readonly asked: (number | null)[];
}

/** Attaches a stream may have unanswered: a worker asks again at each relink and each gap, and relinks forget them all. */
const MAX_ASKED = 16;

export class StreamOrder {
  readonly #streams = new Map<string, Followed>();

  /** A worker asks for what follows `after`. */
  asks(stream: string, after: number | null): void {
    const { asked } = this.#of(stream);
    asked.push(after);
    if (asked.length > MAX_ASKED) asked.shift();
  }

  /** Whether `attached` answers somebody. After a sleep nobody remembers who asked. */
  attached(stream: string, after: number): boolean {
    const followed = this.#of(stream);
    const at = followed.asked.findIndex((asked) => asked === null || asked === after);
    if (at === -1 && (followed.asked.length > 0 || followed.last !== undefined)) return false;
    followed.asked.splice(0, at + 1);
    followed.last = after;
    followed.isOver = false;
    return true;
  }

  /** What was asked is answered with a no. */
  refused(stream: string): void {
    const followed = this.#streams.get(stream);
    followed?.asked.shift();
    if (followed?.asked.length === 0 && followed.last === undefined) this.#streams.delete(stream);
  }

  /** What events, `count` from `seq` on, are to their stream. Some of the next may have come before. */
  events(
    stream: string,
    { seq, count = 1, final }: Pick<EventFrame, 'seq' | 'count' | 'final'>,
  ): 'next' | 'repeated' | 'breach' {
    const followed = this.#of(stream);
    const { last, isOver } = followed;
    const lastHere = seq + count - 1;
    if (last !== undefined && lastHere <= last) return 'repeated';
    if (isOver || (last !== undefined && seq > last + 1)) return 'breach';
    followed.last = lastHere;
    followed.isOver = final === true;
    return 'next';
  }

  /** Somebody else follows a stream, or nobody: its events were not all seen. What was asked is still answered. */
  changed(stream: string): void {
    const followed = this.#streams.get(stream);
    if (!followed) return;
    followed.last = undefined;
    followed.isOver = false;
    if (followed.asked.length === 0) this.#streams.delete(stream);
  }

  /** A new socket starts over. */
  relinked(): void {
    this.#streams.clear();
  }

  #of(stream: string): Followed {
    let followed = this.#streams.get(stream);
    if (!followed) {
      followed = { last: undefined, isOver: false, asked: [] };
      this.#streams.set(stream, followed);
    }
    return followed;
  }
}
