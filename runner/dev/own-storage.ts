// A storage folder that is ours alone. It may come with a cloned repository, or lie where others can write. So its content is
// used only if this user made it: no links, no files of other users, and nothing that others can reach.
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from '../error-code.ts';
import { hasFileOwners } from '../file-owners.ts';
import { writeFix } from '../write-fix.ts';
import { EdgeStartError } from './edge-start-error.ts';

/** How the names of lock files begin. */
export const LOCK_NAME = 'lock';

/** Rights of group and others. */
const OF_OTHERS = 0o077;

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

/**
 * Makes the folder if it is missing, or makes sure that it is this user's alone, with everything in it. What lies in the folders
 * `except` is not looked at.
 */
export function ownFolder(folder: string, except: readonly string[] = []): void {
  orInWords(folder, () => {
    makeFolder(folder);
    checkFolder(folder);
    if ((lstatSync(folder).mode & OF_OTHERS) !== 0) chmodSync(folder, 0o700);
    for (const name of readdirSync(folder)) {
      const check = except.includes(name) ? checkFolder : checkMember;
      check(join(folder, name));
    }
  });
}

function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  // Node's recursive form never ends where the system makes no folders, as in /proc; so only if parents are missing.
  const recursive = !existsSync(dirname(resolve(folder)));
  mkdirSync(folder, { recursive, mode: 0o700 });
}

function checkFolder(path: string): void {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw unusableStorage(path, 'is a link, or not a folder');
  if (isForeign(stat.uid)) throw unusableStorage(path, `belongs to another user (uid ${stat.uid})`);
}

function checkMember(path: string): void {
  // Another `dev` may be at work here, whose files come and go.
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isSymbolicLink()) throw unusableStorage(path, 'is a link');
  if (isForeign(stat.uid)) throw unusableStorage(path, `belongs to another user (uid ${stat.uid})`);
  // A second name may be where somebody else can write. A lock is made by linking, and never written to.
  const isLock = basename(path).startsWith(LOCK_NAME);
  if (stat.isFile() && stat.nlink > 1 && !isLock)
    throw unusableStorage(path, 'is linked from another place too');
  if (stat.isDirectory()) for (const name of readdirSync(path)) checkMember(join(path, name));
}

/** Writes a whole file of ours, readable for this user alone. A link in its place is not followed. */
export function writeOwnFile(path: string, text: string): void {
  orInWords(path, () => {
    const file = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    try {
      writeFileSync(file, text);
    } catch (error) {
      // Half of it would be taken for the whole at the next start.
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
  });
}

/** The same, written beside and moved into place: whoever is interrupted finds the old text or the new one. */
export function replaceOwnFile(path: string, text: string): void {
  writeOwnFile(`${path}.new`, text);
  orInWords(path, () => renameSync(`${path}.new`, path));
}

/**
 * Reads a secret of ours, or undefined if there is none yet. A secret that others can read, or that has another form, may be somebody
 * else's: no checkout of a repository makes a file that only its owner can read.
 */
export function readOwnSecret(path: string, form: RegExp): string | undefined {
  return orInWords(path, () => {
    const file = openIfThere(path);
    if (file === undefined) return undefined;
    try {
      const stat = fstatSync(file);
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      if (!stat.isFile()) throw unusableStorage(path, 'is no file');
      if (hasFileOwners() && (stat.mode & OF_OTHERS) !== 0)
        throw unusableStorage(path, `could be read by others (mode ${mode}), who may have read it`);
      const text = readFileSync(file, 'utf8').trim();
      // A program that was killed while it wrote it.
      if (text === '') return undefined;
      if (!form.test(text)) throw unusableStorage(path, 'does not contain what was written to it');
      return text;
    } finally {
      closeSync(file);
    }
  });
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const isForeign = (uid: number): boolean => uid !== (process.geteuid?.() ?? uid);

/** Why something in the storage folder is not used. */
export const unusableStorage = (path: string, why: string): EdgeStartError =>
  new EdgeStartError('storage_unusable', {
    what: `${path} ${why}, so it is not used`,
    fix: 'Remove it, or choose another folder with --storage.',
  });

/** Does something in the storage folder, and explains what the system refuses. */
export function orInWords<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw inWords(path, error);
  }
}

/** What the system refused, in words; any other error as it is. */
export function inWords(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  const code = String(error.code);
  return new EdgeStartError('storage_unusable', {
    what: `${path} cannot be used (${code} on ${String(error.syscall)})`,
    fix: `${writeFix(code)}, or choose another folder with --storage.`,
  });
}
