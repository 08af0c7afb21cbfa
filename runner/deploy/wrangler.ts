// Runs wrangler, Cloudflare's own program, which knows how to log in and to upload. Nothing of this package speaks with Cloudflare's API.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import spawn from 'cross-spawn';

import type { Problem } from '../../shared/problem.ts';
import { wranglerProblem } from './wrangler-problem.ts';

/** The release that is tested with this package, and the one that npx fetches where none is installed. */
export const WRANGLER_VERSION = '4.155.0';

/** How wrangler is called here. */
export interface Wrangler {
  readonly command: string;
  readonly words: readonly string[];
  /** npx may have to download it first. */
  readonly isFetched: boolean;
}

/** The wrangler beside this program or in the project it was called from, unless it is older; else the one that npx fetches. */
export function findWrangler(): Wrangler {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      const manifest = createRequire(from).resolve('wrangler/package.json');
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
      if (!isEnough(version)) continue;
      const program = join(dirname(manifest), 'bin', 'wrangler.js');
      return { command: process.execPath, words: [program], isFetched: false };
    } catch {
      // Not there; the next place may have it.
    }
  }
  return { command: 'npx', words: ['--yes', `wrangler@${WRANGLER_VERSION}`], isFetched: true };
}

/** Of the same major version, and not older. */
function isEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [ours = 0, least = 0] = WRANGLER_VERSION.split('.').map(Number);
  return major === ours && minor >= least;
}

/** One call of wrangler. */
export interface WranglerCall {
  readonly words: readonly string[];
  /** Its working folder: nothing of the caller's folder counts for it. */
  readonly folder: string;
  /** What it reads from stdin. Secrets go this way alone. */
  readonly input?: string;
  /** Id of the account, where it is known. */
  readonly account?: string | undefined;
}

export type WranglerEnd =
  | {
      readonly ok: true;
      readonly stdout: string;
      /** Lines that it writes for programs, by their type. */
      readonly notes: readonly Note[];
    }
  | {
      readonly ok: false;
      readonly stdout: string;
      readonly problem: Problem;
      readonly code: number;
    };

type Note = Readonly<Record<string, unknown>>;

const NOTES = 'wrangler-notes.ndjson';

/** Runs it to its end without asking anybody. Never rejects. */
export async function runWrangler(
  { command, words: lead }: Wrangler,
  { words, folder, input, account }: WranglerCall,
): Promise<WranglerEnd> {
  const notesFile = join(folder, NOTES);
  rmSync(notesFile, { force: true });
  const child = spawn(command, [...lead, ...words], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(account !== undefined && { CLOUDFLARE_ACCOUNT_ID: account }),
      WRANGLER_OUTPUT_FILE_PATH: notesFile,
      WRANGLER_SEND_METRICS: 'false',
      // What it prints is read by its words.
      NO_COLOR: '1',
      FORCE_COLOR: '0',
    },
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  // It may end before it has read anything.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input ?? '');
  const end = await new Promise<{ code: number } | { error: NodeJS.ErrnoException }>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (code) => resolve({ code: code ?? 1 }));
  });
  const notes = readNotes(notesFile);
  const { stdout, stderr } = texts;
  if ('error' in end)
    return {
      ok: false,
      stdout,
      code: 0,
      problem: {
        what: `${command} cannot be started (${end.error.code ?? end.error.message})`,
        fix: `Install wrangler where you call this: npm install wrangler@${WRANGLER_VERSION}`,
      },
    };
  if (end.code === 0) return { ok: true, stdout, notes };
  const read = wranglerProblem(`${stdout}\n${stderr}`);
  return { ok: false, stdout, ...read };
}

/** Lets it talk with the person at the terminal. True if it did what it was asked to. */
export function talkWithWrangler(
  { command, words: lead }: Wrangler,
  words: readonly string[],
  folder: string,
): Promise<boolean> {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' };
  // What this program prints on stdout is its own.
  const stdio = ['inherit', 2, 2] as const;
  const child = spawn(command, [...lead, ...words], { cwd: folder, stdio: [...stdio], env });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
  });
}

/** One JSON text a line; a line that was not written to its end is none. */
function readNotes(path: string): Note[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Note];
      } catch {
        return [];
      }
    });
}
