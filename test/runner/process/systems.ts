// The systems whose promises can be tried on this machine: its own, and the one for machines without /proc, with ps for a table.
import { spawnSync } from 'node:child_process';
import { kernelFolder } from '../../../runner/process/cgroup.ts';
import { openContainment, type Containment } from '../../../runner/process/containment.ts';
import { psSystem, psWithEnvironments } from '../../../runner/process/ps-system.ts';
import type { System } from '../../../runner/process/system.ts';
import { systemOf } from '../../../runner/process/this-system.ts';

/** A containment without cgroups. */
export const containmentOf = (system: System): Containment =>
  openContainment({ mounts: [], own: '', folder: kernelFolder }, system);

const hasPs = spawnSync('ps', psWithEnvironments(process.platform)).status === 0;

export const portable = psSystem(process.platform);

/** Named for titles. */
export const SYSTEMS: readonly { readonly name: string; readonly system: System }[] = [
  { name: 'this system', system: systemOf(process.platform) },
  ...(hasPs ? [{ name: 'without /proc', system: portable }] : []),
];
