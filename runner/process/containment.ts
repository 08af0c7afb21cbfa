// How a runner keeps processes together until they end: in cgroups where the kernel lets it make them, otherwise by what the system
// shows of them (system.ts). Decided once, when the runner starts.
import { accessSync, constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  isWritten,
  kernelFolder,
  ProcessCgroup,
  tryToWrite,
  type GroupFolder,
  type ProcessLimits,
} from './cgroup.ts';
import { runnerMark } from './runner-mark.ts';
import { namesIn, readOr } from './small-files.ts';
import type { System } from './system.ts';
import { systemOf } from './this-system.ts';

/** Where distributions mount the unified hierarchy; the second beside cgroup v1. */
const MOUNTS: readonly string[] = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/**
 * The runner's own group below the one it was given: a group with controllers for its children may
 * hold no process itself. systemd puts it there with DelegateSubgroup=.
 */
export const RUNNER_GROUP = 'mcp-runner';

/** Name of a process's group, before the runner's mark and a number. */
const PROCESS_GROUP = 'mcp-process-';

/** The controllers behind memory.max, pids.max and cpu.max. */
const CONTROLLERS = { memoryBytes: 'memory', pids: 'pids', cpus: 'cpu' } as const;

/** What the kernel says of cgroups. `own` is the text of /proc/self/cgroup. */
export interface CgroupSite {
  readonly mounts: readonly string[];
  readonly own: string;
  readonly folder: GroupFolder;
}

/** A group that is there: made by the runner that the mark names, perhaps long dead. */
export interface FoundCgroup {
  readonly runnerMark: string;
  readonly cgroup: ProcessCgroup;
}

/** Moves of the runner into its own group, of which one may be undone by what {@link Containment.ready} has under way. */
const MOVES_HOME = 2;

/** Whether processes may be started with some limits. */
export type Allowance = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** How this runner keeps its processes together. */
export class Containment {
  readonly mode: 'cgroup' | System['mode'];
  readonly system: System;
  /** Why there are no cgroups; undefined in that mode. */
  readonly why: string | undefined;
  readonly #base: string;
  readonly #folder: GroupFolder;
  #home: string;
  #opened = 0;

  /** `place` is the group to make groups in and the runner's own, or why there is none. */
  constructor(
    place: { base: string; home: string } | { why: string },
    folder: GroupFolder,
    system: System,
  ) {
    this.system = system;
    this.mode = 'why' in place ? system.mode : 'cgroup';
    this.why = 'why' in place ? place.why : undefined;
    this.#base = 'why' in place ? '' : place.base;
    this.#home = 'why' in place ? '' : place.home;
    this.#folder = folder;
  }

  /**
   * Makes the kernel ready to move the runner into the group of a process and back, as each start does. Before the first move in a
   * while the kernel waits until all processors have taken notice (RCU), some ten milliseconds; the next ones are done at once. So the
   * runner is moved to where it is, on a thread that nobody waits for. Nothing may be started before this resolves: it could be born
   * outside of its group. Undefined where there is nothing to make ready.
   */
  ready(): Promise<void> | undefined {
    if (this.mode !== 'cgroup') return undefined;
    return tryToWrite(join(this.#home, 'cgroup.procs'), '0');
  }

  /** A new group for one process, or undefined where none can be made. */
  open(limits: ProcessLimits): ProcessCgroup | undefined {
    if (this.mode !== 'cgroup') return undefined;
    this.#opened += 1;
    const path = join(this.#base, `${PROCESS_GROUP}${runnerMark()}-${this.#opened}`);
    try {
      this.#folder.make(path);
    } catch {
      return undefined;
    }
    return new ProcessCgroup(path, this.#home, limits, this.#folder);
  }

  /** Makes ready for these limits. Any number of calls; the first may move the runner into a group of its own. */
  allow(limits: ProcessLimits): Allowance {
    const names = Object.entries(CONTROLLERS).flatMap(([limit, name]) =>
      limit in limits ? [name] : [],
    );
    if (names.length === 0) return { ok: true };
    if (this.why !== undefined) return { ok: false, why: this.why };
    const offered = words(join(this.#base, 'cgroup.controllers'));
    const missing = names.filter((name) => !offered.includes(name));
    if (missing.length > 0) {
      return {
        ok: false,
        why: `its cgroup ${this.#base} has no ${missing.join(' and ')} controller`,
      };
    }
    const control = join(this.#base, 'cgroup.subtree_control');
    const text = names.map((name) => `+${name}`).join(' ');
    const isGiven = names.every((name) => words(control).includes(name));
    if (isGiven || isWritten(control, text)) return { ok: true };
    for (let moves = 0; moves < MOVES_HOME; moves += 1)
      if (this.#moveHome() && isWritten(control, text)) return { ok: true };
    return {
      ok: false,
      why: `its cgroup ${this.#base} cannot be divided, because it holds other processes or is not delegated to the runner`,
    };
  }

  /** All groups of processes beside this runner's own, of whichever runner. */
  found(): FoundCgroup[] {
    if (this.mode !== 'cgroup') return [];
    return namesIn(this.#base).flatMap((name) => {
      if (!name.startsWith(PROCESS_GROUP)) return [];
      const cgroup = new ProcessCgroup(join(this.#base, name), this.#home, {}, this.#folder);
      const mark = name.slice(PROCESS_GROUP.length, name.lastIndexOf('-'));
      return [{ runnerMark: mark, cgroup }];
    });
  }

  #moveHome(): boolean {
    const home = join(this.#base, RUNNER_GROUP);
    if (this.#home !== this.#base && this.#home !== home) return false;
    try {
      if (!namesIn(this.#base).includes(RUNNER_GROUP)) this.#folder.make(home);
    } catch {
      return false;
    }
    if (!isWritten(join(home, 'cgroup.procs'), '0')) return false;
    this.#home = home;
    return true;
  }
}

/** For the log: the mode, and what follows where there are no cgroups. */
export const containmentFields = ({ mode, why, system }: Containment): Record<string, unknown> =>
  mode === 'cgroup' ? { mode } : { mode, why, escapes: system.escapes };

/** Finds out what this machine allows. Leaves nothing behind. */
export function openContainment(
  site: CgroupSite = thisMachine(),
  system: System = systemOf(process.platform),
): Containment {
  const place = system.hasCgroups ? findPlace(site) : { why: 'cgroups exist on Linux only' };
  return new Containment(place, site.folder, system);
}

const thisMachine = (): CgroupSite => ({
  mounts: MOUNTS,
  own: readOr('/proc/self/cgroup', ''),
  folder: kernelFolder,
});

function findPlace(site: CgroupSite): { base: string; home: string } | { why: string } {
  const mount = site.mounts.find(
    (path) => readOr(join(path, 'cgroup.controllers'), undefined) !== undefined,
  );
  if (mount === undefined) return { why: 'no cgroup v2 hierarchy is mounted' };
  const own = /^0::(\/.*)$/mu.exec(site.own)?.[1];
  // A path that leads out of the mount belongs to another cgroup namespace.
  if (own === undefined || own.split('/').includes('..')) {
    return { why: 'the cgroup of the runner is not visible to it' };
  }
  const home = join(mount, own);
  const base = basename(home) === RUNNER_GROUP ? dirname(home) : home;
  const fault = faultOfBase(base, home, site.folder);
  return fault === undefined ? { base, home } : { why: fault };
}

/** Tries it out, since file modes do not tell of mounts that are read-only. */
function faultOfBase(base: string, home: string, folder: GroupFolder): string | undefined {
  const probe = join(base, `${PROCESS_GROUP}${runnerMark()}-0`);
  try {
    folder.make(probe);
  } catch {
    return `the runner is not allowed to create groups in its cgroup ${base}`;
  }
  try {
    if (!namesIn(probe).includes('cgroup.kill')) return 'the kernel is older than 5.14';
    // To move a process the kernel asks for this right at both ends and at what is above them.
    for (const path of [base, home, probe]) {
      accessSync(join(path, 'cgroup.procs'), constants.W_OK);
    }
    const canMove =
      isWritten(join(probe, 'cgroup.procs'), '0') && isWritten(join(home, 'cgroup.procs'), '0');
    return canMove
      ? undefined
      : `the runner is not allowed to move processes below its cgroup ${base}`;
  } catch {
    return `the runner is not allowed to move processes below its cgroup ${base}`;
  } finally {
    try {
      folder.remove(probe);
    } catch {
      // Still named after this runner, so that a later one takes it away.
    }
  }
}

const words = (path: string): string[] => readOr(path, '').split(/\s+/u).filter(Boolean);
