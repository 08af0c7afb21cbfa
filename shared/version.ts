// The version of this package, which edge and runner tell each other, and how two of them compare. It is neither that of the link nor
// that of the config file.

/** As in package.json. */
export const VERSION = '0.1.0';

/**
 * How `other` is to `own`, by the precedence of Semantic Versioning 2.0.0, section 11; undefined if neither is before the other, or one is
 * not known.
 */
export function versionSkew(own: string, other: string | undefined): 'older' | 'newer' | undefined {
  if (other === undefined || other === own) return undefined;
  const [ours, theirs] = [partsOf(own), partsOf(other)];
  const difference =
    compareNumbers(theirs.numbers, ours.numbers) || comparePreRelease(theirs.pre, ours.pre);
  if (difference === 0) return undefined;
  return difference < 0 ? 'older' : 'newer';
}

interface Parts {
  readonly numbers: readonly number[];
  /** What follows the first `-`; none: a release. */
  readonly pre: readonly string[];
}

/** What follows a `+` counts for nothing. */
function partsOf(version: string): Parts {
  const [counted = ''] = version.split('+');
  const [numbers = '', ...pre] = counted.split('-');
  return {
    numbers: numbers.split('.').map((part) => Number(part) || 0),
    pre: pre.length === 0 ? [] : pre.join('-').split('.'),
  };
}

/** Negative: the first is before the second. */
function compareNumbers(one: readonly number[], other: readonly number[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePreRelease(one: readonly string[], other: readonly string[]): number {
  // A release comes after its pre-releases.
  if (one.length === 0 || other.length === 0) return other.length - one.length;
  for (const [at, part] of one.entries()) {
    const against = other[at];
    if (against === undefined) return 1;
    const difference = compareIdentifiers(part, against);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Numbers come before words. */
function compareIdentifiers(one: string, other: string): number {
  const [isNumber, isOtherNumber] = [DIGITS.test(one), DIGITS.test(other)];
  if (isNumber && isOtherNumber) return Number(one) - Number(other);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const DIGITS = /^\d+$/u;
