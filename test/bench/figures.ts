// Numbers made from numbers: quantiles of a sample, the spread of a figure over rounds, ratios.

/** A figure over rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value at a fraction of a sample (nearest rank), NaN of an empty one. */
export function quantile(sample: readonly number[], fraction: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(fraction * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Undefined when no round has the figure. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value): value is number => Number.isFinite(value));
  if (known.length === 0) return undefined;
  return { median: median(known), min: Math.min(...known), max: Math.max(...known) };
}

/**
 * The middle of a sample, and where the middle of endless such samples lies with 95 % certainty, whatever their distribution (the
 * sign test's ranks). A sample of fewer than six says nothing more than its least and its largest.
 */
export function medianBetween(values: readonly number[]): Spread | undefined {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  const outside = Math.max(0, Math.floor((sorted.length - 1.96 * Math.sqrt(sorted.length)) / 2));
  const [min, max] = [sorted[outside], sorted[sorted.length - 1 - outside]];
  return min === undefined || max === undefined ? undefined : { median: median(sorted), min, max };
}

/** Stands where a figure would. */
export const NONE = '-';

/** `median [min..max]`; a single value alone. */
export function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return NONE;
  const middle = digits(spread.median);
  return spread.min === spread.max
    ? middle
    : `${middle} [${digits(spread.min)}..${digits(spread.max)}]`;
}

/** Three significant digits, no exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : 2);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
