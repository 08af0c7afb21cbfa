// Reads the kernel's process table (/proc): parents, owners and marks. It serves Linux; what other systems have is in ps-system.ts
// and windows-system.ts.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { errorCode } from '../error-code.ts';
import { sharedLook } from './shared-look.ts';
import { namesIn } from './small-files.ts';

/** Variables that a process and all its descendants carry, so that none can hide by leaving the group. */
export const PROCESS_MARK = 'MCP_BRIDGE_PROCESS';
export const RUNNER_MARK = 'MCP_BRIDGE_RUNNER';

/** Environments read at a time: enough to keep libuv's four threads busy, without queueing in front of others. */
const READS_AT_A_TIME = 4;

/** A scan takes some 20 ms. One that a stuck process holds up ends here, with what it has found. */
const SCAN_MS = 2_000;

/** Reads of the lists of one process's children, before whoever asks has to look at all processes. */
const MOST_CHILD_READS = 6;

/** Processes looked at before others have their turn: well under a millisecond. */
const LOOKS_A_TURN = 50;

/** What `/proc/<pid>/stat` says. `startTicks` with `pid` names a process for good: pids are reused. */
export interface ProcessStat {
  readonly pid: number;
  readonly command: string;
  readonly state: string;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  readonly startTicks: number;
  /** Processor time it has used, and its children that it has waited for. */
  readonly ticks: number;
}

/** One living process and the marks in the environment it was started with. */
export interface ProcessEntry extends ProcessStat {
  readonly processMark?: string | undefined;
  readonly runnerMark?: string | undefined;
  /** Its real and effective user, where the table says so. */
  readonly users?: readonly number[];
}

/** A process for good: its pid, and when it started in the unit of its table. */
export type ProcessIdentity = Pick<ProcessStat, 'pid' | 'startTicks'>;

/** Whether children can be asked for (CONFIG_PROC_CHILDREN), so that a family is found without a scan. */
export const KNOWS_CHILDREN = existsSync(`/proc/self/task/${process.pid}/children`);

/** Whether anything can be found out at all: not with descriptors exhausted. */
export const canLook = (): boolean => statOf(process.pid) !== undefined;

/** The process with this pid now, or undefined; a zombie counts as gone. */
export function statOf(pid: number): ProcessStat | undefined {
  return parseStat(readSmall(`/proc/${pid}/stat`) ?? '');
}

/** Whether this very process still runs, not merely one with its pid. One that cannot be looked up counts as alive. */
export function isAlive(process: ProcessIdentity): boolean {
  const text = readSmall(`/proc/${process.pid}/stat`);
  return text === undefined || parseStat(text)?.startTicks === process.startTicks;
}

/** The opposite, for those that were never seen: true only where it is certain. */
export function isGone(process: ProcessIdentity): boolean {
  return !isAlive(process);
}

/** Processor time that a process and its descendants have used, in the kernel's ticks; 0 where there is no /proc. */
export function ticksOf(pid: number): number {
  return treeOf(pid).reduce((sum, { ticks }) => sum + ticks, 0);
}

/** The process and all its living descendants; of those whose parents left them nothing is known here. */
export function treeOf(pid: number): ProcessStat[] {
  const tree: ProcessStat[] = [];
  const pids = new Set([pid]);
  for (const each of pids) {
    const stat = statOf(each);
    if (stat === undefined) continue;
    tree.push(stat);
    for (const child of childrenOf(each).pids) pids.add(child);
  }
  return tree;
}

/** The children of all threads of a process. */
export interface Children {
  readonly pids: ReadonlySet<number>;
  /** False where the lists would not stand still while they were read: one may be missing. */
  readonly isCertain: boolean;
}

/**
 * proc_pid_children(5). While a list is read it may skip a child where another one ends: so it is read until it says the
 * same twice.
 */
export function childrenOf(pid: number): Children {
  const pids = new Set<number>();
  let before: string | undefined;
  for (let reads = 0; reads < MOST_CHILD_READS; reads += 1) {
    const lists = namesIn(`/proc/${pid}/task`)
      .map((thread) => readSmall(`/proc/${pid}/task/${thread}/children`) ?? '')
      .join('');
    for (const child of lists.split(' ').filter(Boolean)) pids.add(Number(child));
    if (lists === before) return { pids, isCertain: true };
    before = lists;
  }
  return { pids, isCertain: false };
}

/** Whether the children of a process can be asked for: where /proc hides others' processes, they cannot. */
export const isVisible = (pid: number): boolean => namesIn(`/proc/${pid}/task`).length > 0;

/** The real and effective user of a process; undefined when it is gone. Unlike the owner of its files, a process cannot choose them. */
export function usersOf(pid: number): readonly number[] | undefined {
  const [, real, effective] =
    /^Uid:\s+(\d+)\s+(\d+)/mu.exec(readSmall(`/proc/${pid}/status`) ?? '') ?? [];
  return real === undefined ? undefined : [Number(real), Number(effective)];
}

/** Those with the marks in their environments added. What cannot be read, of other users, has none. */
export async function withMarks(stats: readonly ProcessStat[]): Promise<ProcessEntry[]> {
  const entries: ProcessEntry[] = [];
  const left = [...stats];
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(() => deadline.resolve(), SCAN_MS);
  const readOn = async (): Promise<void> => {
    for (let stat = left.pop(); stat !== undefined; stat = left.pop()) {
      const environ = await environOf(stat.pid);
      entries.push({
        ...stat,
        processMark: variable(environ, PROCESS_MARK),
        runnerMark: variable(environ, RUNNER_MARK),
      });
    }
  };
  const readers = Array.from({ length: Math.min(READS_AT_A_TIME, left.length) }, readOn);
  await Promise.race([Promise.all(readers), deadline.promise]);
  clearTimeout(timer);
  return [...entries];
}

/** Every living process, read after the call was made. Never rejects. */
export const scanProcesses = sharedLook(() => allStats().then(withMarks));

/** Every living process, without its marks: a few milliseconds, in turns. */
export async function allStats(): Promise<ProcessStat[]> {
  const stats: ProcessStat[] = [];
  const pids = namesIn('/proc').filter((name) => /^\d+$/u.test(name));
  for (const [index, pid] of pids.entries()) {
    if (index % LOOKS_A_TURN === LOOKS_A_TURN - 1) await nextTurn();
    const stat = statOf(Number(pid));
    if (stat) stats.push(stat);
  }
  return stats;
}

/** Files of /proc have no size to go by; what is read of them at once fits here. */
const small = Buffer.alloc(4_096);

/**
 * The text of a file of /proc: empty where there is none, undefined where it could not be found out. One buffer serves all
 * of them: reading each as a whole makes garbage of 64 KiB a file.
 */
function readSmall(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    let text = '';
    for (let n = readSync(fd, small); n > 0; n = readSync(fd, small)) {
      text += small.toString('latin1', 0, n);
    }
    return text;
  } catch (error) {
    return isOutOfMeans(error) ? undefined : '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Nothing is known of the file then: the runner has no descriptor or no memory left. */
function isOutOfMeans(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM';
}

/** Reads under way. One that never comes back holds one of the few threads, so none is tried twice at a time. */
const reads = new Map<number, Promise<string>>();

/** Not read at once like the other files: where a process is stuck inside the kernel, this waits with it. */
function environOf(pid: number): Promise<string> {
  const underWay = reads.get(pid);
  if (underWay) return underWay;
  const read = readEnviron(pid).finally(() => reads.delete(pid));
  reads.set(pid, read);
  return read;
}

async function readEnviron(pid: number): Promise<string> {
  const file = await open(`/proc/${pid}/environ`).catch(() => undefined);
  try {
    const buffer = Buffer.allocUnsafe(small.length);
    let text = '';
    for (;;) {
      const read = await file?.read(buffer, 0, buffer.length);
      if (!read || read.bytesRead === 0) return text;
      text += buffer.toString('latin1', 0, read.bytesRead);
    }
  } catch {
    return '';
  } finally {
    await file?.close();
  }
}

/** proc_pid_stat(5). The command stands in parentheses and may itself hold spaces and parentheses. */
function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open === -1 || close === -1) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const state = fields[0] ?? '';
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, close),
    state,
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    sessionId: Number(fields[3]),
    startTicks: Number(fields[19]),
    ticks: [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0),
  };
}

function variable(environ: string, name: string): string | undefined {
  const all = `\0${environ}\0`;
  const start = all.indexOf(`\0${name}=`);
  if (start === -1) return undefined;
  const valueStart = start + name.length + 2;
  return all.slice(valueStart, all.indexOf('\0', valueStart));
}
