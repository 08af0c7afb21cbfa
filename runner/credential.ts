// Makes credentials, and keeps the runner's own in a file that only its user can read. A credential is never in argv, in the
// environment or in a log; the edge keeps only its hash.
import { createHash, randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';

import type { Problem } from '../shared/problem.ts';
import { errorCode } from './error-code.ts';
import { shellQuoted, whyNotPrivate } from './private-file.ts';
import { isRunnerKey } from './runner-key.ts';
import { writeFix } from './write-fix.ts';

/** 256 bits: out of reach of guessing, so that an unsalted hash at the edge is enough. 43 characters of base64url. */
const SECRET_BYTES = 32;

/** No token is nearly this long; a larger file is something else. */
const MAX_TOKEN_FILE_BYTES = 4096;

/** What an Authorization header can carry without quoting. */
const TOKEN = /^[\u0021-\u007E]+$/u;

export type TokenReading =
  | { readonly ok: true; readonly token: string }
  /** `what` completes "token file <path> …". */
  | { readonly ok: false; readonly problem: Problem };

export type TokenWriting =
  | { readonly ok: true }
  /** `what` completes the path. */
  | { readonly ok: false; readonly problem: Problem };

/** A new runner token. The prefix lets secret scanners and people tell what it is. */
export const mintRunnerToken = (): string =>
  `mcpr_${randomBytes(SECRET_BYTES).toString('base64url')}`;

/** A new key for an MCP client. */
export const mintClientKey = (): string =>
  `mcpc_${randomBytes(SECRET_BYTES).toString('base64url')}`;

/** A client key as it is made here, and nothing else. */
export const CLIENT_KEY = /^mcpc_[\w-]{43}$/u;

/** A new key with which the owner of an edge signs in and administers it. */
export const mintOwnerKey = (): string => `mcpo_${randomBytes(SECRET_BYTES).toString('base64url')}`;

/** An owner's key as it is made here, and nothing else. */
export const OWNER_KEY = /^mcpo_[\w-]{43}$/u;

/** What the edge stores of a credential: `sha256:` and 64 hex digits. */
export const hashCredential = (text: string): string =>
  `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

/** Reads the runner's token, or the owner's key. Refuses a file that others can read (F-69): a token they saw is theirs. */
export async function readTokenFile(
  path: string,
  whose: 'runner' | 'owner' = 'runner',
): Promise<TokenReading> {
  try {
    // Without blocking, since opening a FIFO would wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readOpened(path, file);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    if (code === 'ENOENT') {
      return refuse(
        'does not exist',
        `Make one with: mcp-bridge credential ${MAKE[whose]} --out ${shellQuoted(path)}`,
      );
    }
    if (code === 'EACCES')
      return refuse('cannot be read by this user', 'Make the user that runs mcp-bridge its owner.');
    return refuse(`could not be read (${code})`, 'Check the file and its disk.');
  }
}

const MAKE = { runner: 'runner <name> --servers <names>', owner: 'owner' } as const;

/** Checks the same open file that is then read: a path could lead to another one a moment later. */
async function readOpened(path: string, file: FileHandle): Promise<TokenReading> {
  const stat = await file.stat();
  if (!stat.isFile()) return refuse('is not a regular file', 'Name the file that holds the token.');
  const renew = 'make a new token with mcp-bridge credential runner';
  const problem = whyNotPrivate(path, stat, renew);
  if (problem) return { ok: false, problem };
  if (stat.size > MAX_TOKEN_FILE_BYTES)
    return refuse('is too large for a token', 'Name the file that holds only the token.');
  return judgeToken((await file.readFile('utf8')).trim());
}

const OF_A_RUNNER = 'Put the runner key (mcpk_…) or the runner token (mcpr_…) in it.';

function judgeToken(text: string): TokenReading {
  if (text === '') return refuse('is empty', 'Put the runner token in it.');
  if (/[\r\n]/u.test(text)) return refuse('has several lines', 'Put only the token in it.');
  if (text.startsWith('mcpc_')) return refuse('holds a client key (mcpc_…)', OF_A_RUNNER);
  if (text.startsWith('sha256:')) return refuse('holds a hash, which is for the edge', OF_A_RUNNER);
  if (text.startsWith('ed25519:'))
    return refuse('holds a public key, which is for the edge', OF_A_RUNNER);
  if (text.startsWith('mcpk_') && !isRunnerKey(text))
    return refuse('holds a runner key that is not whole', 'Copy the whole of it: 48 characters.');
  if (!TOKEN.test(text))
    return refuse('has spaces or other characters that no token has', 'Put only the token in it.');
  return { ok: true, token: text };
}

/** Writes a token to a new file with mode 0600. An existing file is never overwritten: it may hold the only copy of one. */
export async function writeTokenFile(path: string, token: string): Promise<TokenWriting> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${token}\n`);
      await file.sync();
    } catch (error) {
      // What is there would be in the way of the next try.
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return { ok: true };
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    if (code === 'EEXIST') return { ok: false, problem: EXISTS };
    if (code === 'ENOENT')
      return refuse('cannot be written: its directory does not exist', 'Make it first.');
    return refuse(
      `could not be written (${code})`,
      `${writeFix(code)}, or name another file with --out.`,
    );
  }
}

/** A token file is there already. */
export const EXISTS: Problem = {
  what: 'exists and is not overwritten',
  fix: 'Name another file with --out, or remove it first.',
};

/** What {@link readTokenFile} says, with the file named. */
export const inFile = (path: string, { what, fix }: Problem): Problem => ({
  what: `${path} ${what}`,
  fix,
});

/** The secret in a file, which is made if it is not there. `problem` names the file. */
export async function keptSecret(path: string, mint: () => string): Promise<TokenReading> {
  if (!existsSync(path)) {
    const written = await writeTokenFile(path, mint());
    if (!written.ok) return { ok: false, problem: inFile(path, written.problem) };
  }
  const read = await readTokenFile(path);
  return read.ok ? read : { ok: false, problem: inFile(path, read.problem) };
}

const refuse = (what: string, fix: string): { ok: false; problem: Problem } => ({
  ok: false,
  problem: { what, fix },
});
