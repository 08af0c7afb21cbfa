// Starts a program on Windows. Node starts no batch file there (CVE-2024-27980), and what a package manager installs is batch
// files: so `npx.cmd` and the shims of packages are followed to the program behind them, which needs no shell (F-351).
import {
  spawn,
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
} from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';

import crossSpawn from 'cross-spawn';
import readCmdShim from 'read-cmd-shim';

import { findFile } from './command-path.ts';

/** What is to be started: a program, or a file that only `cmd.exe` can run. */
export type WindowsStart =
  | { readonly kind: 'program'; readonly file: string; readonly args: readonly string[] }
  | { readonly kind: 'batch'; readonly file: string; readonly args: readonly string[] };

/**
 * A batch file's arguments are read twice, and the second time a quotation mark ends what protects them. A line ends at its break.
 * And cross-spawn doubles one backslash before the mark that it adds, not two.
 */
const NOT_FOR_BATCH = /["\r\n]|\\\\$/u;

/** A first line as npm's packages have it. */
const NODE_SHEBANG = /^#!\s*(?:\/usr\/bin\/env\s+|\S*\/)?node\s*$/u;

const SHEBANG_BYTES = 128;

/** The error of a start that would need such an argument. */
class BatchArgumentError extends Error {
  readonly code = 'EBATCHARG';
}

/** Like Node's `spawn`. Throws for arguments that a batch file cannot be given. */
export function spawnOnWindows(
  command: string,
  args: readonly string[],
  options: SpawnOptionsWithoutStdio,
): ChildProcessWithoutNullStreams {
  const start = windowsStart(command, args, options);
  const { file } = start;
  // Not detached: then it ends with the runner. And no window of its own.
  const common = {
    ...options,
    detached: false,
    windowsHide: true,
    shell: false,
    stdio: 'pipe' as const,
  };
  if (start.kind === 'program') return spawn(file, start.args, common);
  return crossSpawn(file, [...start.args], common) as ChildProcessWithoutNullStreams;
}

/** How to start a command. One that is not found is a program, so that the system says so. */
export function windowsStart(
  command: string,
  args: readonly string[],
  { cwd = process.cwd(), env = process.env }: SpawnOptionsWithoutStdio,
): WindowsStart {
  const search = { cwd: String(cwd), searchPath: env['PATH'] ?? '' };
  const file = findFile(command, { ...search, extensions: extensionsIn(env['PATHEXT']) });
  if (file === undefined) return { kind: 'program', file: command, args };
  if (/\.(?:exe|com)$/iu.test(file)) return { kind: 'program', file, args };
  const target = targetOf(file);
  if (target !== undefined) {
    if (/\.exe$/iu.test(target)) return { kind: 'program', file: target, args };
    const beside = join(dirname(file), 'node.exe');
    const node = isFile(beside) ? beside : findFile('node', { ...search, extensions: ['.exe'] });
    if (node !== undefined) return { kind: 'program', file: node, args: [target, ...args] };
  }
  if (args.some((arg) => NOT_FOR_BATCH.test(arg))) throw new BatchArgumentError();
  return { kind: 'batch', file, args };
}

/** Those of PATHEXT, in its order; a file without one comes last. */
export const extensionsIn = (pathExt = '.COM;.EXE;.BAT;.CMD'): string[] => [
  ...pathExt
    .split(';')
    .filter(Boolean)
    .map((each) => each.toLowerCase()),
  '',
];

/** What a batch file only passes its arguments to, or what else is no program itself: a program, or a script for Node. */
function targetOf(file: string): string | undefined {
  const extension = extname(file).toLowerCase();
  if (extension === '.bat') return undefined;
  if (extension !== '.cmd') return NODE_SHEBANG.test(firstLineOf(file)) ? file : undefined;
  const own = join(
    dirname(file),
    'node_modules',
    'npm',
    'bin',
    `${basename(file, extname(file))}-cli.js`,
  );
  if (isFile(own)) return own;
  try {
    const target = resolve(dirname(file), readCmdShim.sync(file).replaceAll('\\', '/'));
    return isFile(target) && isDirect(target) ? target : undefined;
  } catch {
    // Another kind of batch file.
    return undefined;
  }
}

function isDirect(target: string): boolean {
  if (/\.exe$/iu.test(target)) return true;
  const line = firstLineOf(target);
  return line.startsWith('#!') ? NODE_SHEBANG.test(line) : /\.[cm]?js$/iu.test(target);
}

function firstLineOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(SHEBANG_BYTES);
    const text = bytes.toString('latin1', 0, readSync(file, bytes));
    return /^[^\r\n]*/u.exec(text)?.[0] ?? '';
  } finally {
    closeSync(file);
  }
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true;
