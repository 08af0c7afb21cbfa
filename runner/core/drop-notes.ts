// Notes about what is dropped: the first at once, then now and then one with the number, so that a noisy process does not fill
// the log (F-41).
import type { Note } from './session-effects.ts';
import { RareMap } from '../../shared/rare-map.ts';

const INTERVAL_MS = 10_000;

export class DropNotes {
  /** By what was dropped: how often since the last note. */
  readonly #drops = new RareMap<string, { readonly notedAt: number; count: number }>();

  /** The note for one more drop; undefined if it is only counted. */
  count(words: string, fields: object, now: number): Note | undefined {
    const drops = this.#drops.get(words);
    const count = (drops?.count ?? 0) + 1;
    if (drops && now - drops.notedAt < INTERVAL_MS) {
      drops.count = count;
      return undefined;
    }
    this.#drops.set(words, { notedAt: now, count: 0 });
    return { do: 'note', level: 'warn', words, fields: { ...fields, count } };
  }
}
