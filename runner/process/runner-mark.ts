// Gives a runner a mark for good. By it a later runner recognizes what this one left behind, and that its owner is gone.
import { createHash } from 'node:crypto';
import type { ProcessIdentity } from './process-table.ts';
import type { System } from './system.ts';
import { systemOf } from './this-system.ts';

/** Characters of a place's digest: two places of one machine do not meet by chance. */
const PLACE_CHARS = 16;

let place = digestOf('');
let base: string | undefined;

/**
 * Says which of the machine's runners this is: `where` is the file or folder that it is configured by, the same after a
 * restart and another one for another operator. Call before anything is started or swept.
 */
export function identifyRunner(where: string, system = systemOf(process.platform)): void {
  place = digestOf(where);
  base = baseOf(system);
}

/**
 * This runner's mark: `<pid>.<start time>.<pid namespace>.<place>`. A pid alone is reused;
 * in another container the same pid is another process, whose children are not ours to judge; and another
 * operator's runner sweeps up for itself.
 */
export function runnerMark(): string {
  // Found out once: later it might not be possible, with descriptors exhausted.
  base ??= baseOf(systemOf(process.platform));
  return `${base}.${place}`;
}

const baseOf = (system: System): string =>
  `${process.pid}.${system.startOf(process.pid) ?? 0}.${system.pidNamespace()}`;

/** True only if the mark names a runner of this place and this pid namespace that is no more. */
export const isOfDeadRunner = (
  mark: string,
  isGone: (runner: ProcessIdentity) => boolean,
): boolean => mark.split('.')[3] === place && isOfAnyDeadRunner(mark, isGone);

/** The same for a runner of whichever place. */
export function isOfAnyDeadRunner(
  mark: string,
  isGone: (runner: ProcessIdentity) => boolean,
): boolean {
  const [pid, startTicks, namespace] = mark.split('.');
  if (pid === undefined || startTicks === undefined) return false;
  if (namespace !== runnerMark().split('.')[2]) return false;
  return isGone({ pid: Number(pid), startTicks: Number(startTicks) });
}

function digestOf(where: string): string {
  return createHash('sha256').update(where).digest('hex').slice(0, PLACE_CHARS);
}
