// Keeps a storage folder to one workerd: workerd takes no lock itself, and two of them would run the same actor twice. The lock
// is a file that names its owner, and the owner's workerd by pid and start time.
import {
  linkSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { errorCode } from '../error-code.ts';
import { LOCK_NAME, unusableStorage } from './own-storage.ts';
import { statOf } from '../process/process-table.ts';
import { isTaken, trySignal } from '../process/signals.ts';

/** Identifies a process for ever: a pid may be reused, but not together with its start time. */
interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot; 0 without /proc, and then only the pid counts. */
  readonly startTicks: number;
}

interface LockRecord {
  readonly owner: ProcessIdentity;
  readonly workerd?: ProcessIdentity;
}

/** A lock that is held. */
export interface StorageLock {
  /** Notes which workerd now uses the folder, so that a later start can end it if we are gone. */
  recordWorkerd(pid: number): void;
  release(): void;
}

/** `holderPid` is the process that holds the lock now. */
export type LockOutcome =
  | { readonly ok: true; readonly lock: StorageLock }
  | { readonly ok: false; readonly holderPid: number };

/** Several starts may find the same stale lock; each round one of them gets further. */
const ATTEMPTS = 20;

/** A killed process leaves the table within milliseconds; on a machine that swaps, within this. */
const SWEEP_MS = 2_000;

/** Takes the lock of an existing folder. A dead owner's lock is taken over and its workerd killed. */
export async function lockStorage(folder: string): Promise<LockOutcome> {
  const path = join(folder, LOCK_NAME);
  const draft = `${path}.${process.pid}.${crypto.randomUUID()}`;
  const record: LockRecord = {
    owner: identityOf(process.pid) ?? { pid: process.pid, startTicks: 0 },
  };
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      writeFileSync(draft, JSON.stringify(record));
      if (tryLink(draft, path)) return { ok: true, lock: heldLock(path, draft, record) };
      const found = readText(path);
      if (found === undefined) continue;
      const holder = parseRecord(found);
      if (holder !== undefined && isRunning(holder.owner)) {
        return { ok: false, holderPid: holder.owner.pid };
      }
      if (holder?.workerd !== undefined) await sweep(holder.workerd);
      removeStale(path, draft, found);
    }
    return { ok: false, holderPid: parseRecord(readText(path) ?? '')?.owner.pid ?? 0 };
  } finally {
    rmSync(draft, { force: true });
  }
}

function heldLock(path: string, draft: string, record: LockRecord): StorageLock {
  let isHeld = true;
  return {
    recordWorkerd(pid) {
      const workerd = identityOf(pid);
      if (!isHeld || workerd === undefined) return;
      writeFileSync(draft, JSON.stringify({ ...record, workerd }));
      renameSync(draft, path);
    },
    release() {
      if (isHeld) rmSync(path, { force: true });
      isHeld = false;
    },
  };
}

/** Linking makes the file appear whole or not at all, and fails when there is one. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a stale lock; if somebody was faster and this is already theirs, puts it back. */
function removeStale(path: string, draft: string, judged: string): void {
  const aside = `${draft}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if (readText(aside) !== judged) tryLink(aside, path);
  rmSync(aside, { force: true });
}

/** Somebody else may have put the lock there, so it ends only a workerd of this user. Without /proc it ends none. */
function isOwnWorkerd(pid: number): boolean {
  try {
    const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/u, '');
    return program === 'workerd' && statSync(`/proc/${pid}`).uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/**
 * Ends a workerd whose owner is gone. Where nobody can tell whose program it is, it is waited for: it ends with its owner
 * (bound-child.ts). There is no event for the end of a process that is not a child.
 */
async function sweep(workerd: ProcessIdentity): Promise<void> {
  const isOurs = isOwnWorkerd(workerd.pid);
  if (!isOurs && statOf(process.pid) !== undefined) return;
  const until = performance.now() + SWEEP_MS;
  while (isRunning(workerd) && performance.now() < until) {
    if (isOurs && !trySignal(workerd.pid, 'SIGKILL')) return;
    await sleep(10);
  }
}

function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  if (stat !== undefined) return { pid, startTicks: stat.startTicks };
  // Where there is /proc, it is gone.
  if (statOf(process.pid) !== undefined) return undefined;
  return isTaken(pid) ? { pid, startTicks: 0 } : undefined;
}

function isRunning(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startTicks === identity.startTicks;
}

function readText(path: string): string | undefined {
  try {
    // Opening a FIFO that somebody put there would wait for a writer.
    if (lstatSync(path).isFile()) return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  throw unusableStorage(path, 'is no file');
}

/** A file that is not a lock record, such as one cut short by a full disk, belongs to nobody. */
function parseRecord(text: string): LockRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<LockRecord> | null;
    const owner = record?.owner;
    if (!isIdentity(owner)) return undefined;
    return isIdentity(record?.workerd) ? { owner, workerd: record.workerd } : { owner };
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startTicks } = value as Record<keyof ProcessIdentity, unknown>;
  // pid 0 and negative ones name groups, which must never be killed.
  return Number.isInteger(pid) && (pid as number) > 1 && typeof startTicks === 'number';
}
