// Durations as people write them in the config: milliseconds, or a number with a unit.

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export const DURATION_TEXT = /^(\d{1,9})(ms|s|m|h)$/;

/** No wait of the bridge should be longer, and Node's timers end at 24.8 days. */
export const LONGEST_DURATION_MS = 7 * 24 * 3_600_000;

/** Milliseconds of `1500`, `"500ms"`, `"30s"`, `"5m"` or `"1h"`; NaN for anything else. */
export function durationMs(duration: number | string): number {
  if (typeof duration === 'number') return duration;
  const [, count, unit] = DURATION_TEXT.exec(duration) ?? [];
  return Number(count) * (UNITS_MS[unit ?? ''] ?? Number.NaN);
}

/** A whole number of milliseconds in the largest unit that leaves it whole: `"30m"` for 1,800,000. */
export function durationText(ms: number): string {
  const whole = Object.entries(UNITS_MS).filter(([, unitMs]) => ms % unitMs === 0);
  const [unit, unitMs] = whole.at(-1) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}
