// Tells when the config file changed, woken by the file system and by nothing else.
import { realpathSync, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Editors write a file in several steps, some by renaming; this long after the last one it is whole. */
const SETTLE_MS = 150;

/**
 * Calls `onChange` once after each change of the file at `path`. Its directory is watched, and that of
 * what it links to, since a rename puts another file in its place. A deleted file is no change.
 */
export function watchConfig(path: string, onChange: () => void): { close(): void } {
  let seen = versionOf(path);
  let timer: NodeJS.Timeout | undefined;
  const compare = (): void => {
    const now = versionOf(path);
    if (now === undefined || now === seen) return;
    seen = now;
    onChange();
  };
  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(compare, SETTLE_MS);
  };
  const watchers = [...foldersOf(path)].map((folder) => {
    const watcher = watch(folder, settle);
    // A removed directory ends the watch; the config in memory stays good, and SIGHUP still reloads.
    watcher.on('error', () => watcher.close());
    return watcher;
  });
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function foldersOf(path: string): Set<string> {
  const folders = new Set([dirname(path)]);
  try {
    folders.add(dirname(realpathSync(path)));
  } catch {
    // A file that is not there yet links to nothing.
  }
  return folders;
}

/** Differs whenever another file or other content stands at `path`. */
function versionOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined
    ? undefined
    : `${stat.dev}.${stat.ino}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}`;
}
