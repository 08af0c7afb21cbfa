// Reads a config file's bytes as text: UTF-8, or UTF-16 as Windows tools write it. Writes one as a whole.
import {
  chmodSync,
  chownSync,
  existsSync,
  fsyncSync,
  openSync,
  closeSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { nanoid } from 'nanoid';

import type { Problem } from '../../shared/problem.ts';
import { errorCode } from '../error-code.ts';

/** A config of 256 servers with long arguments is below 256 KiB; anything larger is not a config. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The text, or what keeps it from being read. */
export type TextReading =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: Problem };

/** Reads a text file of at most 1 MiB, without its byte-order mark. Never throws. `advice` says what to name instead. */
export function readText(path: string, advice: string): TextReading {
  try {
    // A FIFO or a device would hold the runner until somebody writes.
    const stat = statSync(path);
    if (stat.isDirectory())
      return { ok: false, problem: { what: 'is a directory', fix: 'Name the file in it.' } };
    if (!stat.isFile())
      return { ok: false, problem: { what: 'is not a regular file', fix: advice } };
    if (stat.size > MAX_FILE_BYTES)
      return { ok: false, problem: { what: 'is larger than 1 MiB', fix: advice } };
    const bytes = readFileSync(path);
    // The decoder drops a byte-order mark, which Windows editors write and parsers refuse.
    return { ok: true, text: new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes) };
  } catch (error) {
    const code = errorCode(error) ?? '';
    return { ok: false, problem: readProblem(code, advice) };
  }
}

/** By its byte order mark; without one, a NUL next to an ASCII character means UTF-16. */
function encodingOf([first = 1, second = 1]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

function readProblem(code: string, advice: string): Problem {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { what: 'does not exist', fix: advice };
    case 'ELOOP':
      return { what: 'is a link that leads to itself', fix: advice };
    case 'EACCES':
      return {
        what: 'cannot be read by this user',
        fix: 'Give the user that runs mcp-bridge the right to read it.',
      };
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { what: 'is neither UTF-8 nor UTF-16 text', fix: 'Save it as UTF-8.' };
    default:
      return { what: `could not be read (${code})`, fix: 'Check the file and its disk.' };
  }
}

/**
 * Puts a text in the place of a person's file, or makes it, in UTF-8. Written beside and moved into place: on a full disk what is there
 * stays. A link goes on to lead there; mode and owner stay. Throws what the system refuses.
 */
export function replaceText(path: string, text: string): void {
  const isThere = existsSync(path);
  const target = isThere ? realpathSync(path) : path;
  // Of another name each time: what a killed program has left, maybe of the same process id, is in nobody's way.
  const draft = `${target}.${nanoid(8)}.new`;
  const file = openSync(draft, 'wx', 0o666);
  try {
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (isThere) {
      const { mode, uid, gid } = statSync(target);
      const draftStat = statSync(draft);
      if (draftStat.uid !== uid || draftStat.gid !== gid) chownSync(draft, uid, gid);
      chmodSync(draft, mode & 0o777);
    }
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
