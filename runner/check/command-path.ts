// Finds the file that a command names, in the way the system does when it starts a process (execvp).
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';

/** The file that `command` would start, or undefined. Relative entries of the search path count from `cwd`. */
export async function findCommand(
  command: string,
  cwd: string,
  searchPath: string,
): Promise<string | undefined> {
  const candidates = command.includes('/')
    ? [command]
    : searchPath.split(delimiter).map((folder) => `${folder || '.'}/${command}`);
  for (const candidate of candidates) {
    const path = resolve(cwd, candidate);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
