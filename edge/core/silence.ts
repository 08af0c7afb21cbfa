// When a socket counts as dead though nobody closed it: a half-open one never says so itself (PROTOCOL.md §7). Pure.
import { SILENCE_MS } from '../../shared/link/timing.ts';

/** Whether a peer that was last heard at `heardAt` has been silent for too long. A sign from a time to come is of before the clock was set back. */
export const isSilent = (heardAt: number, now: number): boolean =>
  Math.abs(now - heardAt) >= SILENCE_MS;
