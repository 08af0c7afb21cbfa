// Finds the file that a command names, in the way the system does when it starts a process: execvp on POSIX systems; on Windows
// with the working directory first, and with the extensions of PATHEXT.
import { statSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, resolve, sep } from 'node:path';

/** Where a command is looked for. Relative entries of the search path count from `cwd`. */
export interface CommandSearch {
  readonly cwd: string;
  readonly searchPath: string;
  /** What a file's name may end in beyond what was written; '' for nothing. */
  readonly extensions: readonly string[];
}

const IS_WINDOWS = sep === '\\';

/** What Windows starts without being told the extension. */
const HOST_EXTENSIONS = IS_WINDOWS ? ['.com', '.exe', '.bat', '.cmd', ''] : [''];

/** Where the file may be, first to last. */
function placesOf(command: string, { cwd, searchPath, extensions }: CommandSearch): string[] {
  const isPath = command.includes('/') || command.includes(sep);
  const folders = isPath ? [''] : searchPath.split(delimiter);
  if (IS_WINDOWS && !isPath) folders.unshift('');
  return folders.flatMap((folder) =>
    extensions.map((extension) => resolve(cwd, folder, `${command}${extension}`)),
  );
}

/** The program that `command` would start, or undefined. */
export async function findCommand(
  command: string,
  cwd: string,
  searchPath: string,
): Promise<string | undefined> {
  for (const path of placesOf(command, { cwd, searchPath, extensions: HOST_EXTENSIONS })) {
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

/** The first file of that name, though it may not be one that can be started. */
export const findFile = (command: string, search: CommandSearch): string | undefined =>
  command === ''
    ? undefined
    : placesOf(command, search).find(
        (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
      );

/** Whether there is a file of that name at all, though it may not be one that can be started. */
export const isPresent = (command: string, cwd: string, searchPath: string): boolean =>
  findFile(command, { cwd, searchPath, extensions: HOST_EXTENSIONS }) !== undefined;
