// Questions that a legacy process asked while several calls were running. They wait until it is known which call they belong
// to. A server that asks waits for the answer, so a call that ends has not asked; and while questions wait, no call begins that
// might have asked them.
import type { LegacyCall } from './call.ts';
import type { HeldQuestion } from './held-question.ts';
import type { LegacyProcess } from './pool.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';

/** A question waits this long for the calls that did not ask it to end; after that, the remaining ones will not end soon. */
const HOLD_MS = 30_000;

/** Held questions of one process: a process in a loop must not fill the runner. */
const MAX_HELD = 64;
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** The call that a question belongs to; undefined if that cannot be known. */
export interface Decided {
  readonly message: MessageView;
  readonly asker: LegacyCall | undefined;
  /** All calls that may still have asked it. */
  readonly askers: readonly LegacyCall[];
}

const NOTHING: readonly Decided[] = [];

/** False if too many are waiting already. */
export function holdQuestion(
  { held }: LegacyProcess,
  message: MessageView,
  askers: readonly LegacyCall[],
  now: number,
): boolean {
  const bytes = held.reduce((sum, each) => sum + each.message.bytes.length, message.bytes.length);
  if (held.length >= MAX_HELD || bytes > MAX_HELD_BYTES) return false;
  held.push({ message: message.kept(), askers, until: now + HOLD_MS });
  return true;
}

/** Takes out the questions that need not wait any more. */
export function takeDecided(process: LegacyProcess, now: number): readonly Decided[] {
  if (process.held.length === 0) return NOTHING;
  const decided: Decided[] = [];
  process.held = process.held.filter((question) => {
    const askers = question.askers.filter((call) => process.calls.has(call));
    // A call whose user is still thinking will end, or ask again, later.
    if (askers.some(({ state }) => state.kind === 'parked')) question.until = now + HOLD_MS;
    if (askers.length > 1 && now < question.until) return true;
    const asker = askers.length === 1 ? askers[0] : undefined;
    decided.push({ message: question.message, asker, askers });
    return false;
  });
  return decided;
}

/** Takes out the questions that a cancelled call may have asked: its client is gone, but the call has not ended. */
export function takeMuddled(process: LegacyProcess, cancelled: LegacyCall): HeldQuestion[] {
  const muddled = process.held.filter(({ askers }) => askers.includes(cancelled));
  process.held = process.held.filter(({ askers }) => !askers.includes(cancelled));
  return muddled;
}

/** When the next of those of a process has waited for long enough. */
export const heldUntil = ({ held }: LegacyProcess): number | undefined =>
  held.length === 0 ? undefined : Math.min(...held.map(({ until }) => until));
