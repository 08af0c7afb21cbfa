// When a socket counts as dead although nobody closed it: a half-open socket never reports its end (PROTOCOL.md §7). Pure.
import { SILENCE_MS } from '../../shared/link/timing.ts';

/** Whether a peer last heard at `heardAt` has been silent for too long. A time in the future is from before the clock was set back. */
export const isSilent = (heardAt: number, now: number): boolean =>
  Math.abs(now - heardAt) >= SILENCE_MS;
