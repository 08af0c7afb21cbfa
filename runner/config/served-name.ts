// The names under which servers are served: their own if it fits into a URL, else one made from it.
import { createHash } from 'node:crypto';
import { SERVER_NAME } from '../../shared/ids.ts';

/** First path segments that the edge serves itself; a server of that name could not be reached. */
const RESERVED_SERVER_NAMES: ReadonlySet<string> = new Set([
  'runner',
  'admin',
  'healthz',
  'readyz',
  'metrics',
]);

/** What SERVER_NAME allows. */
const MAX_CHARS = 64;

/** Characters of the suffix for a name that shares its short form with another. More are used if these are taken too. */
const HASH_CHARS = 6;

/** The name each server is served under. Depends on the names alone, not on their order; no two are alike. */
export function servedNames(names: readonly string[]): Map<string, string> {
  const served = new Map<string, string>();
  const taken = new Set<string>();
  const give = (name: string, as: string): void => {
    served.set(name, as);
    taken.add(as);
  };
  for (const name of names) if (isServable(name)) give(name, name);
  // Sorted, so that moving an entry within the file renames none.
  for (const name of names.filter((other) => !served.has(other)).toSorted()) {
    const short = shortForm(name);
    let as = short;
    for (let chars = HASH_CHARS; taken.has(as); chars++)
      as = `${short.slice(0, MAX_CHARS - chars - 1)}-${hashOf(name, chars)}`;
    give(name, as);
  }
  return served;
}

/** Whether a name can be served as it is. */
export const isServable = (name: string): boolean =>
  SERVER_NAME.test(name) && !RESERVED_SERVER_NAMES.has(name.toLowerCase());

/** `Café Tools/v2` → `Cafe-Tools-v2`; a name without any Latin letter or digit → `server-<hash>`. */
function shortForm(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^A-Za-z0-9._-]+/gu, '-')
    .replace(/^[._-]+/u, '');
  const cut = trimEnd(plain.slice(0, MAX_CHARS));
  if (cut === '') return `server-${hashOf(name, HASH_CHARS)}`;
  return RESERVED_SERVER_NAMES.has(cut.toLowerCase()) ? `${cut}-server` : cut;
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '-') end--;
  return text.slice(0, end);
}

const hashOf = (name: string, chars: number): string =>
  createHash('sha256').update(name).digest('hex').slice(0, chars);
