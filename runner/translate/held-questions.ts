// Questions of a legacy process that came while several calls ran: they wait until it is known whose they are. A server that
// asks waits for the answer, so a call that ends has not asked; and while they wait none is begun that might have.
import type { LegacyCall } from './legacy-call.ts';
import type { LegacyProcess } from './legacy-pool.ts';
import type { Message } from './message.ts';
import { askersOf } from './turns.ts';

/** A question waits this long for the calls that did not ask it to end; then none of those that are left will. */
const HOLD_MS = 30_000;

/** Those of a process: one in a loop must not fill the runner. */
const MAX_HELD = 64;
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** False when too much waits already. */
export function hold(process: LegacyProcess, message: Message, now: number): boolean {
  const { held } = process;
  const bytes = held.reduce((sum, each) => sum + each.bytes.length, message.bytes.length);
  if (held.length >= MAX_HELD || bytes > MAX_HELD_BYTES) return false;
  if (held.length === 0) process.heldUntil = now + HOLD_MS;
  held.push({ ...message, bytes: message.bytes.slice() });
  return true;
}

/** The questions that need not wait any more, and the calls they can be of: one, none, or several among which nobody can tell. */
export function decided(
  process: LegacyProcess,
  now: number,
): { readonly questions: readonly Message[]; readonly askers: readonly LegacyCall[] } | undefined {
  if (process.held.length === 0) return undefined;
  const askers = askersOf(process);
  // Whose user is thinking will end, or ask again, after that.
  if (askers.some(({ state }) => state === 'parked')) process.heldUntil = now + HOLD_MS;
  if (askers.length > 1 && now < process.heldUntil) return undefined;
  return { questions: process.held.splice(0), askers };
}

/** When those of a process have waited for long enough. */
export const heldUntil = ({ held, heldUntil: until }: LegacyProcess): number | undefined =>
  held.length > 0 ? until : undefined;
