// A machine with nothing on it but Node, the libraries that Node needs, and the packed program: a folder that processes see as the
// whole file system. There is no shell, no /proc, no /etc and nothing that was installed by npm.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Needs root, or a system that lets a user be root in a space of their own. */
const CHROOT: readonly [string, ...string[]] =
  process.geteuid?.() === 0 ? ['chroot'] : ['unshare', '-r', 'chroot'];

const HOME = '/home/ann';

/** Node takes its working folder from the process that starts it, and outside the root there is none. */
const START = `process.chdir('${HOME}'); process.argv.splice(1, 0, '/opt/bridge/bin/mcp-bridge.js'); await import('/opt/bridge/bin/mcp-bridge.js');`;

export interface BareRoot {
  /** The home in it, from outside. */
  readonly home: string;
  /** The root itself, from outside. */
  readonly root: string;
  /** Starts the program with these words. */
  start(words: readonly string[], environment?: Readonly<Record<string, string>>): ChildProcess;
  /** Runs it to its end. */
  run(...words: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
  /** What lies in it beside what was put there, as paths from its root. */
  left(): readonly string[];
}

/** Whether this system lets this user do it. */
export function canHaveBareRoots(): boolean {
  const [command, ...args] = CHROOT;
  try {
    execFileSync(command, [...args, '/', '/bin/true'], { stdio: 'ignore' });
    execFileSync('ldd', [process.execPath], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** `program`: the installed package; `files`: what else is to be in its /opt. */
export function bareRoot(
  folder: string,
  program: string,
  files: readonly (readonly [from: string, name: string])[],
): BareRoot {
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  for (const [path] of libraries.matchAll(/\/\S+/gu)) copy(path, join(folder, path));
  copy(process.execPath, join(folder, 'usr/bin/node'));
  cpSync(program, join(folder, 'opt/bridge'), { recursive: true });
  for (const [from, name] of files) copy(from, join(folder, 'opt', name));
  const home = join(folder, HOME);
  mkdirSync(home, { recursive: true });
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  const before = new Set(filesIn(folder));
  const [command, ...args] = CHROOT;
  const line = (words: readonly string[]): string[] => [
    ...args,
    folder,
    '/usr/bin/node',
    '--input-type=module',
    '-e',
    START,
    '--',
    ...words,
  ];
  const env = { HOME, PATH: '/usr/bin' };
  const options = (more = {}) => ({ cwd: dirname(folder), env: { ...env, ...more } });
  return {
    home,
    root: folder,
    start: (words, environment) => spawn(found(command), line(words), options(environment)),
    run: (...words) =>
      new Promise((resolve) => {
        execFile(found(command), line(words), options(), (error, out, err) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: out + err }),
        );
      }),
    left: () => filesIn(folder).filter((path) => !before.has(path)),
  };
}

/** What a link leads to, too. */
function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .toSorted();

/** With its path, since the one in the root is another. */
const found = (command: string): string =>
  ['/usr/sbin', '/usr/bin', '/sbin', '/bin']
    .map((folder) => join(folder, command))
    .find((path) => existsSync(path)) ?? command;
