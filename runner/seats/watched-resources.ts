// The resources that seats are subscribed to. The process knows of one subscriber, whoever it is.
import { coveringUris, MAX_URI, MAX_WATCHED } from '../core/resource-uris.ts';
import { RareMap } from '../../shared/rare-map.ts';
import type { SeatNumber } from './effects.ts';

/** All URIs of a session together: when it ends, the process is told of each. */
const MAX_CHARS = 256 * 1024;

/** What one seat watches. */
interface Watched {
  readonly uris: Set<string>;
  /** All of them together. */
  chars: number;
}

export class WatchedResources {
  readonly #seats = new RareMap<string, Set<SeatNumber>>();
  /** How many watched URIs have each length, so that no other is looked for. */
  readonly #lengths = new RareMap<number, number>();
  readonly #watched = new RareMap<SeatNumber, Watched>();

  /** Why the seat cannot watch it; undefined if it does now. */
  add(seat: SeatNumber, uri: string): string | undefined {
    if (uri.length > MAX_URI) return 'The URI is too long.';
    const own = this.#watched.get(seat) ?? { uris: new Set(), chars: 0 };
    if (!own.uris.has(uri)) {
      if (own.uris.size >= MAX_WATCHED)
        return `This session watches ${String(MAX_WATCHED)} resources, which is the limit.`;
      if (own.chars + uri.length > MAX_CHARS)
        return 'The URIs that this session watches are too long together.';
      own.chars += uri.length;
      own.uris.add(uri);
      this.#watched.set(seat, own);
    }
    let seats = this.#seats.get(uri);
    if (!seats) {
      seats = new Set();
      this.#seats.set(uri, seats);
      this.#lengths.set(uri.length, (this.#lengths.get(uri.length) ?? 0) + 1);
    }
    seats.add(seat);
    return undefined;
  }

  /** True if nobody watches it now. */
  remove(seat: SeatNumber, uri: string): boolean {
    const own = this.#watched.get(seat);
    if (own?.uris.delete(uri)) own.chars -= uri.length;
    if (own?.uris.size === 0) this.#watched.delete(seat);
    const seats = this.#seats.get(uri);
    seats?.delete(seat);
    if (seats && seats.size > 0) return false;
    if (this.#seats.delete(uri)) {
      const more = (this.#lengths.get(uri.length) ?? 1) - 1;
      if (more > 0) this.#lengths.set(uri.length, more);
      else this.#lengths.delete(uri.length);
    }
    return true;
  }

  /** The seat leaves: what nobody watches any more. */
  drop(seat: SeatNumber): string[] {
    const own = [...(this.#watched.get(seat)?.uris ?? [])];
    return own.filter((uri) => this.remove(seat, uri));
  }

  /** Those who watch what was updated, or something that it is a part of. */
  watchersOf(updated: string): Set<SeatNumber> {
    const watchers = new Set<SeatNumber>();
    const isWatched = (length: number): boolean => this.#lengths.get(length) !== undefined;
    for (const uri of coveringUris(updated, isWatched))
      for (const seat of this.#seats.get(uri) ?? []) watchers.add(seat);
    return watchers;
  }
}
