// Problems with a config file, and the places in it.
import { problemText, type Problem } from '../../shared/problem.ts';

/** One mistake. Never holds a value from `env`, `args` or the environment: those may be secrets. */
export interface ConfigProblem extends Problem {
  /** The file as it was named to the reader. */
  readonly file: string;
  /** The setting, such as `mcpServers.github.args[1]`; `line 3, column 7` for a syntax error; empty for the whole file. */
  readonly path: string;
}

/** Names and indices that lead to a value. */
export type Keys = readonly (string | number)[];

/** Something to say about a part of the file; `keys` lead from that part to the place. */
export interface ConfigNote extends Problem {
  readonly keys: Keys;
}

/** A problem as one line of text. */
export function describeProblem({ file, path, ...problem }: ConfigProblem): string {
  return `${file}: ${path === '' ? '' : `${path}: `}${problemText(problem)}`;
}

/** Names that need no quotes in a path. */
const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/u;

/** `['mcpServers', 'a.b', 'args', 1]` → `mcpServers["a.b"].args[1]`. */
export function settingPath(keys: Keys): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
    return path === '' ? key : `${path}.${key}`;
  }, '');
}

/** The known word that `word` most likely means, or undefined. */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  // A third of the letters may differ: `comand` and `idle_timeout` are found, `foo` is not `env`.
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(plain(word), plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[_-]/gu, '');

/** Edits between two words, by rows: letters replaced, missing, added or swapped with their neighbour. */
function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      const isSwapped = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      const swapped = isSwapped ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swapped));
    }
    [before, row] = [row, next];
  }
  return row[right.length] ?? 0;
}
