// How long to wait before trying again, so that many peers that lost the same thing do not all come back at once.

/** Full jitter: anywhere between 0 and a ceiling that doubles from `baseMs` to `capMs`. `random` in [0, 1). */
export function fullJitterMs(
  attempt: number,
  baseMs: number,
  capMs: number,
  random: number,
): number {
  return Math.round(Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)) * random);
}
