// Reads what is kept of a person in a file: a secret, as the runner's own token is one. Nobody else can read it, and nobody else could have put
// it there.
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { personPath, type PersonFileReading, type PersonPath } from './core/per-user.ts';
import { errorCode } from './error-code.ts';
import { hasFileOwners } from './file-owners.ts';
import { whyNotPrivate } from './private-file.ts';
import type { Problem } from '../shared/problem.ts';

/** Keys and certificates are smaller; the kernel takes no variable above 128 KiB. */
const MAX_BYTES = 64 * 1024;

/** Others may write into a folder with these, and only with the last of them not rename what is not theirs. */
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** The text of a person's file, without the line break at its end. Never throws, and waits for nobody who writes. */
export function readPersonFile(path: PersonPath, id: string): PersonFileReading {
  try {
    const problem = whyNotTheirs(path, id);
    return problem ? { ok: false, problem } : readPrivate(personPath(path, id));
  } catch (error) {
    return { ok: false, problem: readProblem(errorCode(error) ?? 'unknown error') };
  }
}

/**
 * Why what lies at the path need not be this person's. Some systems take `Ada` for `ada`, or drop a dot at the end: then the id would open
 * the folder of another, so its name is looked for in the list.
 */
function whyNotTheirs(path: PersonPath, id: string): Problem | undefined {
  for (let at = 1; at < path.length; at++) {
    const parent = personPath(path.slice(0, at), id);
    if (!readdirSync(parent).includes(id)) return MISSING;
    const { mode } = statSync(parent);
    if (hasFileOwners() && (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0)
      return {
        what: 'lies in a folder that other users can change, so it may be the file of somebody else',
        fix: `Run: chmod go-w ${dirname(`${parent}.`)}`,
      };
  }
  return undefined;
}

const MISSING: Problem = {
  what: 'does not exist',
  fix: 'Put it there with mode 0600 if this person is to use the server.',
};

function readPrivate(path: string): PersonFileReading {
  // Without blocking, since opening a FIFO would wait for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return { ok: false, problem: NO_FILE };
    const problem = whyNotPrivate(path, stat, 'give this person a new secret');
    if (problem) return { ok: false, problem };
    if (stat.size > MAX_BYTES) return TOO_LARGE;
    // One more: it may have grown since.
    const bytes = new Uint8Array(MAX_BYTES + 1);
    let read = 0;
    for (let more = -1; more !== 0 && read < bytes.length; read += more)
      more = readSync(file, bytes, read, bytes.length - read, null);
    return read > MAX_BYTES ? TOO_LARGE : judgeText(bytes.subarray(0, read));
  } finally {
    closeSync(file);
  }
}

const NO_FILE: Problem = {
  what: 'is not a regular file',
  fix: 'Put the value into a file of its own.',
};

const TOO_LARGE: PersonFileReading = {
  ok: false,
  problem: { what: 'is larger than 64 KiB', fix: 'Put only the value of the variable in it.' },
};

const decoder = new TextDecoder('utf-8', { fatal: true });

function judgeText(bytes: Uint8Array): PersonFileReading {
  const text = decoder.decode(bytes).replace(/\r?\n$/u, '');
  const no = (what: string): PersonFileReading => ({
    ok: false,
    problem: { what, fix: 'Put only the value of the variable in it.' },
  });
  if (text.trim() === '') return no('is empty');
  return text.includes('\u0000') ? no('has a NUL, which no variable can have') : { ok: true, text };
}

function readProblem(code: string): Problem {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return MISSING;
    case 'EACCES':
    case 'EPERM':
      return {
        what: 'cannot be read by this user, or the folder of the people cannot be listed',
        fix: 'Make the user that runs mcp-bridge their owner.',
      };
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { what: 'is not UTF-8 text', fix: 'Save it as UTF-8.' };
    default:
      return { what: `could not be read (${code})`, fix: 'Check the file and its disk.' };
  }
}
