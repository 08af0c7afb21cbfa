// The version of this package.
import { readFile } from 'node:fs/promises';

/** This file is one level below the package's root, both unbuilt in `runner/` and built in `bin/`. */
const PACKAGE_FILE = new URL('../package.json', import.meta.url);

export async function ownVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(PACKAGE_FILE, 'utf8')) as { version: string };
  return version;
}
