// Texts that must not turn up where they do not belong, each under a name, so that a test that finds one tells which it was and shows
// none of them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A shorter text could stand anywhere by chance. */
const LEAST_CHARACTERS = 16;

export class Canaries {
  readonly #texts = new Map<string, string>();

  /** Remembers a text under a name, and gives it back. */
  keep(name: string, text: string | null | undefined): string {
    if (text === null || text === undefined || text.length < LEAST_CHARACTERS)
      throw new Error(`${name} is no canary: ${String(text)}`);
    this.#texts.set(text, name);
    return text;
  }

  get count(): number {
    return this.#texts.size;
  }

  /** The names of those that stand in one of the texts; `but`: they belong there. */
  namesIn(texts: Iterable<string>, but: readonly string[] = []): string[] {
    const found = new Set<string>();
    for (const text of texts) {
      for (const [canary, name] of this.#texts)
        if (text.includes(canary) && !but.includes(name)) found.add(name);
    }
    return [...found].toSorted();
  }
}

/** Each file of a folder, and of those in it, byte for byte. */
export const contentsOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));

/** What every user of the machine may read of a process, and what its own user may: arguments and environment. */
export const surroundingsOf = (pid: number): string[] =>
  ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1'));
