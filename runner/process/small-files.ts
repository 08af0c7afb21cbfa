// Reads files and folders that may not exist, such as those in which the kernel describes itself.
import { readdirSync, readFileSync } from 'node:fs';

/** The text of a file; `otherwise` where it cannot be read. */
export function readOr<T extends string | undefined>(path: string, otherwise: T): string | T {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/** The names in a folder; none where it cannot be read. */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
