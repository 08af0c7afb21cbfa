// Finds the file that a command names, in the way the system does when it starts a process (execvp).
import { statSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';

/** Where the file may be, first to last. Relative entries of the search path count from `cwd`. */
function placesOf(command: string, cwd: string, searchPath: string): string[] {
  if (command.includes('/')) return [resolve(cwd, command)];
  return searchPath.split(delimiter).map((folder) => resolve(cwd, folder, command));
}

/** The program that `command` would start, or undefined. */
export async function findCommand(
  command: string,
  cwd: string,
  searchPath: string,
): Promise<string | undefined> {
  for (const path of placesOf(command, cwd, searchPath)) {
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

/** Whether there is a file of that name at all, though it may not be one that can be started. */
export const isPresent = (command: string, cwd: string, searchPath: string): boolean =>
  placesOf(command, cwd, searchPath).some(
    (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  );
