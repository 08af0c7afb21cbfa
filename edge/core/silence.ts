// When a socket counts as dead although nobody closed it: a half-open socket never reports its end (PROTOCOL.md LP4, §7). Pure.
import { PONG_MS, RESTING_SILENCE_MS, SILENCE_MS } from '../../shared/link/timing.ts';

/** Whether a peer last heard at `heardAt` has been silent for too long. A time in the future is from before the clock was set back. */
export const isSilent = (heardAt: number, now: number): boolean =>
  Math.abs(now - heardAt) >= SILENCE_MS;

/**
 * What can be said of a session link that is about to be used. `heardAt`: when anything last came; `askedAt`: since when a sign of life
 * is owed, as it was accepted then or asked for one; in milliseconds since the epoch. `unsure`: it may rest, and has to be asked.
 */
export function judgeLink(
  { heardAt, askedAt }: { readonly heardAt: number; readonly askedAt: number },
  now: number,
): 'alive' | 'unsure' | 'silent' {
  if (askedAt > heardAt) return isSilent(askedAt, now) ? 'silent' : 'alive';
  const silentMs = Math.abs(now - heardAt);
  if (silentMs >= RESTING_SILENCE_MS) return 'silent';
  return silentMs < PONG_MS ? 'alive' : 'unsure';
}
