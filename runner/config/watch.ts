// Tells when the config file, or a file that it names, has changed. Only the file system wakes it. It watches every folder in
// which a part of a path can be replaced: an editor renames the file, Kubernetes a link next to it, a deployment a folder above it.
import { lstatSync, readlinkSync, statSync, watch, type FSWatcher } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';

import { errorCode } from '../error-code.ts';
import type { RunnerConfig } from './runner-config.ts';

/** Editors write a file in several steps, some by renaming; this long after the last one it is whole. */
const SETTLE_MS = 150;

/** A file that is written without pause is read after this long anyway. */
const LONGEST_SETTLE_MS = 2_000;

/** File systems count time in steps of up to this: a younger file may change without a new time. */
const CLOCK_STEP_MS = 100;

/** Links that lead to links; the kernel follows as many (path_resolution(7)). */
const MAX_LINKS = 40;

/** What a config was read from. */
export type ConfigFiles = Pick<RunnerConfig, 'file' | 'envFiles'>;

/** A running watch. */
export interface ConfigWatching {
  /** The config was read again, and names other files now. */
  follow(files: ConfigFiles): void;
  close(): void;
}

/**
 * Calls `onChange` once after each change of the files of a config, however many of them change at a time. Deleting a file is not a
 * change. `onDeaf` learns why changes cannot be noticed (the system's code); then the config in memory stays good, and SIGHUP still
 * reloads.
 */
export function watchConfig(
  files: ConfigFiles,
  onChange: () => void,
  onDeaf: (code: string) => void = () => undefined,
): ConfigWatching {
  return new ConfigWatch(files, onChange, onDeaf);
}

class ConfigWatch implements ConfigWatching {
  readonly #onChange: () => void;
  readonly #onDeaf: (code: string) => void;
  /** By folder, with the names in it that matter. */
  #watched = new Map<string, { readonly watcher: FSWatcher; names: ReadonlySet<string> }>();
  /** By path, the version that was seen last. */
  #seen = new Map<string, string | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #firstUnseenAt: number | undefined;
  #isDeaf = false;

  constructor(files: ConfigFiles, onChange: () => void, onDeaf: (code: string) => void) {
    this.#onChange = onChange;
    this.#onDeaf = onDeaf;
    this.follow(files);
  }

  follow({ file, envFiles }: ConfigFiles): void {
    const paths = [file, ...envFiles].map((path) => resolve(path));
    this.#seen = new Map(
      paths.map((path) => [
        path,
        this.#seen.has(path) ? this.#seen.get(path) : fileVersion(path)?.text,
      ]),
    );
    this.#arm();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  /** Watches the folders that the paths lead through now. A replaced folder is watched again, because a watch stays with the old one. */
  #arm(): void {
    const wanted = namesByFolder(this.#seen.keys());
    const keyed = new Map(
      [...wanted].flatMap(([folder, names]) => {
        const identity = folderIdentity(folder);
        const key: string = `${folder} ${identity}`;
        return identity === undefined ? [] : [[key, { folder, names }] as const];
      }),
    );
    for (const [key, { watcher }] of this.#watched) {
      if (keyed.has(key)) continue;
      watcher.close();
      this.#watched.delete(key);
    }
    for (const [key, { folder, names }] of keyed) {
      const known = this.#watched.get(key);
      if (known === undefined) this.#watch(key, folder, names);
      else known.names = names;
    }
  }

  #watch(key: string, folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, (_event, name) => this.#noticed(key, name));
      // A removed folder ends its watch; the folder above reports when it comes back.
      watcher.on('error', () => {
        watcher.close();
        this.#watched.delete(key);
        this.#settle();
      });
      this.#watched.set(key, { watcher, names });
    } catch (error) {
      const code = errorCode(error) ?? '';
      // It was removed between two looks, which an event above reports; an unreadable folder above hides only its own replacement.
      if (code === 'ENOENT' || (code === 'EACCES' && !this.#holds(folder))) return;
      if (!this.#isDeaf) this.#onDeaf(code);
      this.#isDeaf = true;
    }
  }

  /** Whether one of the files lies in the folder itself. */
  #holds(folder: string): boolean {
    return [...this.#seen.keys()].some((path) => dirname(path) === folder);
  }

  /** Other files of the folder change too; without a name the system does not say which did. */
  #noticed(key: string, name: string | null): void {
    const names = this.#watched.get(key)?.names;
    if (name === null || names === undefined || names.has(name)) this.#settle();
  }

  #settle(): void {
    const now = performance.now();
    this.#firstUnseenAt ??= now;
    const leftMs = this.#firstUnseenAt + LONGEST_SETTLE_MS - now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#compare(), Math.max(0, Math.min(SETTLE_MS, leftMs)));
  }

  #compare(): void {
    this.#firstUnseenAt = undefined;
    this.#arm();
    let isChanged = false;
    let isYoung = false;
    for (const [path, seen] of this.#seen) {
      const now = fileVersion(path);
      if (now === undefined || now.text === seen) continue;
      isChanged = true;
      const mayChange = Math.abs(Date.now() - now.changedAtMs) < CLOCK_STEP_MS;
      this.#seen.set(path, mayChange ? undefined : now.text);
      isYoung ||= mayChange;
    }
    if (isYoung) this.#settle();
    if (isChanged) this.#onChange();
  }
}

/** Differs whenever there is another file or other content at `path`. */
function fileVersion(path: string): { text: string; changedAtMs: number } | undefined {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = statSync(path, { bigint: true });
    return { text: `${dev}.${ino}.${size}.${mtimeNs}.${ctimeNs}`, changedAtMs: Number(ctimeMs) };
  } catch {
    // Missing, or a link or folder on the way to it is.
    return undefined;
  }
}

function folderIdentity(folder: string): string | undefined {
  const stat = statSync(folder, { bigint: true, throwIfNoEntry: false });
  return stat?.isDirectory() === true ? `${stat.dev}.${stat.ino}` : undefined;
}

/** The folders to watch and the names in them whose change can put another file at one of the paths. */
function namesByFolder(paths: Iterable<string>): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  const add = (folder: string, name: string): void => {
    folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
  };
  for (const path of paths) followWay(path, add);
  return folders;
}

/** Names the file itself, its folder in the folder above, each link on the way, and where the way ends, what is missing there. */
function followWay(path: string, add: (folder: string, name: string) => void): void {
  const { root } = parse(path);
  let folder = root;
  let rest = path.slice(root.length).split(sep).filter(Boolean);
  let links = 0;
  while (rest.length > 0) {
    const [name = '', ...more] = rest;
    const here = join(folder, name);
    const stat = statOf(here);
    const isLink = stat?.isSymbolicLink() === true;
    // The last two are the file and its folder.
    if (stat === undefined || isLink || more.length < 2) add(folder, name);
    if (stat === undefined) return;
    if (!isLink) {
      folder = here;
      rest = more;
      continue;
    }
    if (++links > MAX_LINKS) return;
    const target = resolve(folder, readlinkSync(here));
    folder = root;
    rest = [...target.slice(root.length).split(sep).filter(Boolean), ...more];
  }
}

function statOf(path: string) {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
