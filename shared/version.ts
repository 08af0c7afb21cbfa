// The version of this package, which edge and runner tell each other, and how two of them compare. It is neither that of the link nor
// that of the config file.

/** As in package.json. */
export const VERSION = '0.1.0';

/** How `other` is to `own`; undefined if they are the same, or one is not known. */
export function versionSkew(own: string, other: string | undefined): 'older' | 'newer' | undefined {
  if (other === undefined || other === own) return undefined;
  const [ours, theirs] = [numbersOf(own), numbersOf(other)];
  for (const [at, number] of ours.entries()) {
    const difference = (theirs[at] ?? 0) - number;
    if (difference !== 0) return difference < 0 ? 'older' : 'newer';
  }
  // A pre-release comes before its release (Semantic Versioning 2.0.0, section 11).
  return other.includes('-') && !own.includes('-') ? 'older' : 'newer';
}

const numbersOf = (version: string): number[] =>
  (version.split(/[-+]/u)[0] ?? '').split('.').map((part) => Number(part) || 0);
