// Turns the error of a failed start into a sentence that tells the operator what to change. ENOENT can mean three different things,
// so this file looks at the file system to see which one it was.
import { accessSync, constants, statSync } from 'node:fs';
import { errorCode } from '../error-code.ts';
import { isPresent } from './command-path.ts';
import type { SpawnError } from './exit.ts';

/** The parts of a start that an error message may name. Never arguments or values of variables. */
export interface AttemptedStart {
  readonly command: string;
  readonly cwd?: string;
  readonly searchPath: string;
  /** The user it was to run as, if that is not the runner's own. */
  readonly uid?: number;
}

/** The code, the advice, and what a client may hear, for an error that `spawn` threw or emitted. */
export function describeSpawnFailure(error: unknown, start: AttemptedStart): SpawnError {
  const code = errorCode(error) ?? 'UNKNOWN';
  const { cwd } = start;
  const cwdFault = cwd === undefined ? undefined : faultOfDirectory(cwd);
  if (cwdFault === undefined)
    return { code, message: adviceFor(code, start), words: wordsFor(code) };
  const message = `working directory '${cwd}' ${cwdFault}: correct the server's cwd`;
  return { code, message, words: 'its working directory cannot be used' };
}

/** Programs that start servers come with others. */
const SOURCES: ReadonlyMap<string, string> = new Map([
  ['npx', 'Node.js, which brings it,'],
  ['npm', 'Node.js, which brings it,'],
  ['uvx', 'uv (https://docs.astral.sh/uv/), which brings it,'],
  ['bunx', 'Bun, which brings it,'],
]);

function adviceFor(code: string, start: AttemptedStart): string {
  const { command, uid } = start;
  switch (code) {
    case 'ENOENT':
      return isPresent(start.command, start.cwd ?? process.cwd(), start.searchPath)
        ? `command '${command}' exists, but the interpreter its first line names was not found: install that`
        : `command '${command}' not found: install ${SOURCES.get(command) ?? 'it'} or give its full path`;
    case 'ECGROUP':
      return `command '${command}' not started: its limits could not be set, as its cgroup could not be made`;
    case 'EACCES':
    case 'EPERM':
      if (uid !== undefined)
        return `command '${command}' may not be executed by the user with uid ${uid}: let that user read and execute it and enter every directory above it, or correct "user"`;
      return `command '${command}' may not be executed: make it executable (chmod +x) or correct its path`;
    case 'EBATCHARG':
      return `command '${command}' is a batch file, and an argument holds a quotation mark or a line break, or ends in two backslashes, which a batch file cannot be given: name the program that it starts`;
    case 'EFTYPE':
    case 'ENOEXEC':
      return `command '${command}' is not a program this machine can run: check its format and its first line`;
    case 'ENOTDIR':
      return `command '${command}' has a path through something that is not a directory: correct it`;
    case 'E2BIG':
      return `command '${command}' got more arguments and variables than the system allows: shorten them`;
    case 'EAGAIN':
      return `command '${command}' not started, the limit of processes is reached: raise it (ulimit -u) or run fewer`;
    case 'EMFILE':
    case 'ENFILE':
      return `command '${command}' not started, the limit of open files is reached: raise it (ulimit -n)`;
    case 'ENOMEM':
      return `command '${command}' not started, memory is exhausted: run fewer processes`;
    case 'ERR_INVALID_ARG_VALUE':
      return `command '${command}' not started: its command, args, env or cwd is empty or holds a NUL byte`;
    default:
      return `command '${command}' could not be started (${code})`;
  }
}

/** Without a path or a name: who reads this is far away, and may be anybody. */
function wordsFor(code: string): string {
  switch (code) {
    case 'ENOENT':
      return 'its command, or the interpreter for it, was not found on the runner';
    case 'EACCES':
    case 'EPERM':
      return 'its command cannot be executed on the runner';
    case 'ECGROUP':
      return 'its limits could not be set on the runner';
    case 'EAGAIN':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return 'the runner has run out of processes, open files or memory; try again soon';
    default:
      return `the runner could not execute its command (${code})`;
  }
}

function faultOfDirectory(path: string): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return 'is not a directory';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return errorCode(error) === 'EACCES' ? 'cannot be entered' : 'does not exist';
  }
}
