// How long to wait before trying again, so that many peers that lost the same thing do not all come back at once.

/** Doubles from `baseMs`, at attempt 0, up to `capMs`. */
export const doubledMs = (attempt: number, baseMs: number, capMs: number): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));

/** Full jitter: anywhere between 0 and {@link doubledMs}. `random` in [0, 1). */
export function fullJitterMs(
  attempt: number,
  baseMs: number,
  capMs: number,
  random: number,
): number {
  return Math.round(doubledMs(attempt, baseMs, capMs) * random);
}
