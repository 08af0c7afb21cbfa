// A folder in memory for the files of session actors, where the machine has one. workerd syncs four times to make the file of an actor, on
// the thread that serves everybody: on a busy disk, a burst of openings stops the calls of all others for as long as all of that takes.
// What is in these files need not outlive the program: its runner ends with it, and so does each session.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../error-code.ts';
import { writeOwnFile } from './own-storage.ts';
import { EDGE_ACTORS } from './workerd-config.ts';

/** Linux mounts memory there, with room for half of the machine's. */
const IN_MEMORY = '/dev/shm';

/** `f_type` of tmpfs (statfs(2)). */
const TMPFS = 0x0102_1994;

/** A session takes 40 KiB; a container that has less, mostly 64 MiB, could run full. */
const ROOM_BYTES = 512 * 1024 * 1024;

const NAME = 'mcp-bridge-actors-';

/** The file of a storage folder that names the folder in memory which was made for it last. */
const RECORD = 'memory';

/** Makes one for this program, with a name that nobody can guess; undefined where there is no such memory, or too little. */
export function memoryFolder(): string | undefined {
  try {
    const { type, bavail, bsize } = statfsSync(IN_MEMORY);
    if (type !== TMPFS || bavail * bsize < ROOM_BYTES) return undefined;
    return mkdtempSync(join(IN_MEMORY, NAME));
  } catch {
    // Another system, or not ours to write: the disk does too.
    return undefined;
  }
}

/** Notes in the storage folder, which is locked, that `memory` is used with it. One of a program that was killed is removed. */
export function recordMemory(storage: string, memory: string | undefined): void {
  const record = join(storage, RECORD);
  const before = existsSync(record) ? readFileSync(record, 'utf8') : undefined;
  if (before !== undefined && before !== memory && isOurs(before)) dropMemoryFolder(before);
  if (memory !== undefined) writeOwnFile(record, memory);
}

function isOurs(folder: string): boolean {
  if (dirname(folder) !== IN_MEMORY || !basename(folder).startsWith(NAME)) return false;
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.();
}

/** Removes it with all that is in it. Links in it are removed, and what they lead to stays. */
export function dropMemoryFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Something is still written there: it costs some memory until the machine restarts.
  }
}

/** The folder of all actors' files, with those of sessions in `memory` and all others in `durable`, as they must last. */
export function actorsIn(memory: string, durable: string): string {
  for (const actor of Object.values(EDGE_ACTORS)) {
    if (actor === EDGE_ACTORS.SESSION) mkdirSync(join(memory, actor), { recursive: true });
    else link(join(durable, actor), join(memory, actor));
  }
  return memory;
}

function link(folder: string, from: string): void {
  mkdirSync(folder, { recursive: true });
  try {
    symlinkSync(folder, from);
  } catch (error) {
    // workerd is started again.
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}
