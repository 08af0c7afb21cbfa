// A second search for what ended processes have left behind. The first one looks only where orphans go, which is cheap. This one
// asks every younger process of the machine for its mark, once for all processes that ended within a while (F-75).
import { allStats, canLook, isAlive, withMarks, type ProcessStat } from './process-table.ts';
import { endAll } from './terminate.ts';

/** One look serves all ends of so long. */
const LATER_MS = 5_000;

/** Marks of processes that ended since the last look, with the time at which their leaders started. */
let ended = new Map<string, number>();
let timer: NodeJS.Timeout | undefined;

/** Has a look follow. `startTicks`: when the leader started, as far as known. */
export function lookLater(mark: string, startTicks: number | undefined): void {
  ended.set(mark, startTicks ?? 0);
  timer ??= setTimeout(() => void lookNow(), LATER_MS).unref();
}

/** Ends whatever still bears a mark of an ended process. Resolves when that is done. */
export async function lookNow(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  const marks = ended;
  ended = new Map();
  if (marks.size === 0) return;
  // Without a descriptor left nothing is seen, and nothing follows from that: the next look has it all to do.
  if (!canLook()) {
    for (const [mark, startTicks] of marks) lookLater(mark, startTicks);
    return;
  }
  const oldest = Math.min(...marks.values());
  const find = async (): Promise<ProcessStat[]> => {
    const younger = (await allStats()).filter(({ startTicks }) => startTicks >= oldest);
    const entries = await withMarks(younger);
    return entries.filter(({ processMark }) => processMark !== undefined && marks.has(processMark));
  };
  await endAll({ find, isAlive, killGroup: () => undefined });
}
