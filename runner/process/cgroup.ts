// One cgroup of the kernel's unified hierarchy (cgroup v2). It holds one process and everything that the process starts, which
// cannot leave it by changing session, parent or environment. Kernel: Documentation/admin-guide/cgroup-v2.rst.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { errorCode } from '../error-code.ts';

/** Bounds of one process together with its descendants. `cpus` is a share of time: 1.5 is one and a half processors. */
export interface ProcessLimits {
  readonly memoryBytes?: number;
  readonly pids?: number;
  readonly cpus?: number;
}

/** How a cgroup comes and goes. On the kernel's file system its files come and go with the folder. */
export interface GroupFolder {
  make(path: string): void;
  remove(path: string): void;
}

export const kernelFolder: GroupFolder = {
  make: (path) => mkdirSync(path),
  remove: (path) => rmdirSync(path),
};

/** cpu.max counts in microseconds a period; this is the kernel's own default period. */
const CPU_PERIOD_MICROS = 100_000;

/** A killed group empties within milliseconds, unless one of it is stuck inside the kernel. */
const EMPTY_MS = 1_000;

/** Looking again whether it is empty. */
const RECHECK_MS = 10;

/** Whatever lives in one cgroup. Nothing here throws, but `spawnInside` for what `spawn` throws. */
export class ProcessCgroup {
  readonly path: string;
  readonly #home: string;
  readonly #limits: ProcessLimits;
  readonly #folder: GroupFolder;
  #holdsRunner = false;

  /** `home` is the cgroup of the runner itself. */
  constructor(path: string, home: string, limits: ProcessLimits, folder: GroupFolder) {
    this.path = path;
    this.#home = home;
    this.#limits = limits;
    this.#folder = folder;
  }

  /**
   * Runs `spawn`, which must start a process before it returns, so that the process is born here. The
   * runner steps in itself for that moment: no other way without native code leaves the process no
   * instant outside. The limits come after it has left, since they would be its own before.
   */
  spawnInside<T>(spawn: () => T): T {
    const hasLimits = Object.keys(this.#limits).length > 0;
    if (!isWritten(join(this.path, 'cgroup.procs'), '0')) {
      if (hasLimits) throw new CgroupError();
      return spawn();
    }
    this.#holdsRunner = true;
    try {
      return spawn();
    } finally {
      // Without its limits it does not run.
      if (!this.#leave() || !this.#limit()) this.kill();
    }
  }

  /** Every process in it and in the groups that its processes made below it. */
  members(): Set<number> {
    const pids = new Set<number>();
    for (const path of groupsBelow(this.path)) {
      for (const line of readLines(join(path, 'cgroup.procs'))) pids.add(Number(line));
    }
    // 0 stands for processes of another pid namespace.
    pids.delete(0);
    pids.delete(process.pid);
    return pids;
  }

  /** SIGKILL to all at once, also to what is being forked right now. */
  kill(): void {
    if (this.#leave()) isWritten(join(this.path, 'cgroup.kill'), '1');
  }

  /** Takes the group away if nothing lives in it now. */
  removeIfEmpty(): void {
    if (this.members().size === 0) this.#isRemoved();
  }

  /** Takes the group away as soon as it is empty. False if it would not empty; the next start tries again. */
  async remove(): Promise<boolean> {
    const giveUpAt = performance.now() + EMPTY_MS;
    for (;;) {
      if (this.#isRemoved()) return true;
      if (performance.now() >= giveUpAt) return false;
      await pause(RECHECK_MS);
    }
  }

  #isRemoved(): boolean {
    try {
      for (const path of groupsBelow(this.path).toReversed()) this.#folder.remove(path);
      return true;
    } catch (error) {
      return errorCode(error) === 'ENOENT';
    }
  }

  /** True when the runner is not, or no more, inside. */
  #leave(): boolean {
    if (this.#holdsRunner) this.#holdsRunner = !isWritten(join(this.#home, 'cgroup.procs'), '0');
    return !this.#holdsRunner;
  }

  #limit(): boolean {
    const { memoryBytes, pids, cpus } = this.#limits;
    const written: boolean[] = [];
    if (memoryBytes !== undefined) {
      written.push(isWritten(join(this.path, 'memory.max'), String(memoryBytes)));
      // Absent on a machine without swap. With it, swap would double what was allowed.
      isWritten(join(this.path, 'memory.swap.max'), '0');
      // A server whose one worker was killed hangs; ended whole, it is answered for.
      isWritten(join(this.path, 'memory.oom.group'), '1');
    }
    if (pids !== undefined) written.push(isWritten(join(this.path, 'pids.max'), String(pids)));
    if (cpus !== undefined) {
      const quota = `${Math.round(cpus * CPU_PERIOD_MICROS)} ${CPU_PERIOD_MICROS}`;
      written.push(isWritten(join(this.path, 'cpu.max'), quota));
    }
    return !written.includes(false);
  }
}

/** A process whose limits cannot be set is not started. */
export class CgroupError extends Error {
  readonly code = 'ECGROUP';
}

/** The group and all below it, outer before inner. */
function groupsBelow(path: string): string[] {
  try {
    const folders = readdirSync(path, { withFileTypes: true }).filter((e) => e.isDirectory());
    return [path, ...folders.flatMap((folder) => groupsBelow(join(path, folder.name)))];
  } catch {
    return [path];
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Writes to a file that exists; the kernel takes or refuses each write as a whole. */
export function isWritten(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}

/** The same on another thread, for a write on which the kernel takes its time. Never rejects. */
export async function tryToWrite(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'r+' });
  } catch {
    // Whoever depends on it writes again.
  }
}
