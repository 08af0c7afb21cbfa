// Reads the kernel's table of processes (/proc): who descends from whom and which marks it carries.
// Elsewhere than on Linux the table is empty and what relies on it finds nothing.
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** Variables that a process and all its descendants carry, so that none can hide by leaving the group. */
export const PROCESS_MARK = 'MCP_BRIDGE_PROCESS';
export const RUNNER_MARK = 'MCP_BRIDGE_RUNNER';

/** Reads at a time: enough to keep libuv's four threads busy, without queueing in front of others. */
const READS_AT_A_TIME = 4;

/** A scan takes some 20 ms. One that a stuck process holds up ends here, with what it has found. */
const SCAN_MS = 2_000;

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
}

/** The process with this pid now, or undefined; a zombie counts as gone. */
export function statOf(pid: number): ProcessStat | undefined {
  return parseStat(readSmall(`/proc/${pid}/stat`));
}

/** Processor time that a process and its living and waited-for descendants have used, in the kernel's ticks; 0 where there is no /proc. */
export function ticksOf(pid: number): number {
  return treeOf(pid).reduce((sum, { ticks }) => sum + ticks, 0);
}

/** The process and all its living descendants; of those that were left by their parents nothing is known here. */
export function treeOf(pid: number): ProcessStat[] {
  const tree: ProcessStat[] = [];
  const pids = new Set([pid]);
  for (const each of pids) {
    const stat = statOf(each);
    if (stat === undefined) continue;
    tree.push(stat);
    for (const child of childrenOf(each)) pids.add(child);
  }
  return tree;
}

/** proc_pid_children(5): of each thread, the children it has started. */
export function childrenOf(pid: number): number[] {
  const threads = namesIn(`/proc/${pid}/task`);
  return threads.flatMap((thread) =>
    readSmall(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/** Whether this very process still runs, not merely one with its pid. */
export function isAlive(entry: ProcessStat): boolean {
  return statOf(entry.pid)?.startTicks === entry.startTicks;
}

/** Files of /proc have no size to go by; what is read of them fits here, but for long lists of children. */
const small = Buffer.alloc(4_096);

/** The text of a file of /proc; empty where it cannot be read. One buffer serves all: a fresh one of 64 KiB each is garbage by the megabyte. */
function readSmall(path: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    let text = '';
    for (let n = readSync(fd, small); n > 0; n = readSync(fd, small)) {
      text += small.toString('latin1', 0, n);
      if (n < small.length) break;
    }
    return text;
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

let running: Promise<ProcessEntry[]> | undefined;
let following: Promise<ProcessEntry[]> | undefined;
/** Reads that never came back: each holds one of the few threads, so none is tried twice. */
const unanswered = new Set<string>();

/**
 * Every living process, read after the call was made. Calls that come while a scan runs share the
 * next one, so ending a hundred sessions at once costs two scans. Never rejects.
 */
export function scanProcesses(): Promise<ProcessEntry[]> {
  if (running === undefined) {
    running = scan().finally(() => {
      running = undefined;
    });
    return running;
  }
  following ??= running.then(() => {
    following = undefined;
    return scanProcesses();
  });
  return following;
}

async function scan(): Promise<ProcessEntry[]> {
  if (process.platform !== 'linux') return [];
  const names = await readdir('/proc').catch((): string[] => []);
  const pids = names.filter((name) => /^\d+$/u.test(name));
  const entries: ProcessEntry[] = [];
  const deadline = new AbortController();
  const readOn = async (): Promise<void> => {
    for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
      const entry = await readEntry(pid);
      if (deadline.signal.aborted) return;
      if (entry !== undefined) entries.push(entry);
    }
  };
  const timer = setTimeout(() => deadline.abort(), SCAN_MS);
  await Promise.race([
    Promise.all(Array.from({ length: READS_AT_A_TIME }, readOn)),
    once(deadline.signal, 'abort'),
  ]);
  clearTimeout(timer);
  return [...entries];
}

async function readEntry(pid: string): Promise<ProcessEntry | undefined> {
  if (unanswered.has(pid)) return undefined;
  unanswered.add(pid);
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const stat = parseStat(text);
  // Refused for processes of other users, which are none of ours.
  const environ =
    stat === undefined ? '' : await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  unanswered.delete(pid);
  if (stat === undefined) return undefined;
  return {
    ...stat,
    processMark: variable(environ, PROCESS_MARK),
    runnerMark: variable(environ, RUNNER_MARK),
  };
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
