// Removes what the local edge leaves on disk. workerd makes a SQLite file for each actor that ever woke, and keeps it. A
// session actor stores nothing unless its runner is away, so nearly all of these files are empty and can go.
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** One page, SQLite's header: a file with a table in it has two at least. */
const EMPTY_BYTES = 4096;

/** An actor's id and the suffix; workerd's own file, which holds the alarms, has another form of name. */
const ACTOR_FILE = /^[0-9a-f]{64}\.sqlite$/u;

/** Next to a file that workerd has open are its log and its index. */
const BESIDE = ['-wal', '-shm'] as const;

/** The empty files of one actor class. Its folder need not be there. */
export class StorageSweep {
  readonly #folder: string;
  /** Files that were empty, and that nobody had open, at the last look. */
  #idle = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Removes all empty files. For when no workerd uses the folder. */
  clear(): void {
    for (const name of this.#files()) if (this.#isEmpty(name)) this.#remove(name);
  }

  /** Removes the empty files that nobody has open and nobody had at the last call: an actor that was just woken may store something. */
  tidy(): void {
    const before = this.#idle;
    const names = new Set(filesOf(this.#folder));
    const idle = [...names].filter(
      (name) =>
        ACTOR_FILE.test(name) &&
        !BESIDE.some((suffix) => names.has(name + suffix)) &&
        this.#isEmpty(name),
    );
    this.#idle = new Set(idle.filter((name) => !before.has(name)));
    for (const name of idle) if (before.has(name)) this.#remove(name);
  }

  #files(): string[] {
    return filesOf(this.#folder).filter((name) => ACTOR_FILE.test(name));
  }

  /** A log that was not merged yet may hold what the file does not. */
  #isEmpty(name: string): boolean {
    const size = (suffix: string): number =>
      statSync(join(this.#folder, name + suffix), { throwIfNoEntry: false })?.size ?? 0;
    return size('') <= EMPTY_BYTES && size('-wal') === 0;
  }

  #remove(name: string): void {
    for (const suffix of ['', ...BESIDE]) {
      try {
        unlinkSync(join(this.#folder, name + suffix));
      } catch {
        // Gone, or not ours to remove: it costs a page of disk.
      }
    }
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
