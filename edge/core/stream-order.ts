// Checks the order of a runner's frames on the streams that workers follow (LP14, LP19): each event is the next one, nothing
// follows a final event, and a stream restarts only where somebody asked. A frame that breaks this reaches no client. Pure.
import type { EventFrame } from '../../shared/link/session-frames.ts';
import type { StreamId } from '../../shared/ids.ts';

interface Followed {
  /** The last event that came; undefined until the runner has said where the stream continues. */
  last: number | undefined;
  isOver: boolean;
  /** The starting points of attaches that the runner has not answered; null: after the last acknowledged event. */
  readonly asked: (number | null)[];
}

/** Unanswered attaches per stream. A worker asks again at each relink and each gap; a relink clears them all. */
const MAX_ASKED = 16;

export class StreamOrder {
  readonly #streams = new Map<StreamId, Followed>();

  /** A worker asks for what follows `after`. */
  asks(stream: StreamId, after: number | null): void {
    const { asked } = this.#of(stream);
    asked.push(after);
    if (asked.length > MAX_ASKED) asked.shift();
  }

  /** Whether `attached` answers somebody. After a sleep nobody remembers who asked. */
  attached(stream: StreamId, after: number): boolean {
    const followed = this.#of(stream);
    const at = followed.asked.findIndex((asked) => asked === null || asked === after);
    if (at === -1 && (followed.asked.length > 0 || followed.last !== undefined)) return false;
    followed.asked.splice(0, at + 1);
    followed.last = after;
    followed.isOver = false;
    return true;
  }

  /** The runner refused the oldest attach. */
  refused(stream: StreamId): void {
    const followed = this.#streams.get(stream);
    followed?.asked.shift();
    if (followed?.asked.length === 0 && followed.last === undefined) this.#streams.delete(stream);
  }

  /** How `count` events from `seq` on fit their stream. Even if they are next, some may have come before. */
  events(
    stream: StreamId,
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

  /** The stream has another follower, or none, so some of its events may not have been seen. Earlier attaches are still answered. */
  changed(stream: StreamId): void {
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

  #of(stream: StreamId): Followed {
    let followed = this.#streams.get(stream);
    if (!followed) {
      followed = { last: undefined, isOver: false, asked: [] };
      this.#streams.set(stream, followed);
    }
    return followed;
  }
}
