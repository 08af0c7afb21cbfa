// The ids of rules and faults that a test file claims to prove: those in its titles.
import { readFileSync } from 'node:fs';

/** `test`, `it` or `describe` and the text up to the end of its title. */
const TITLES =
  /\b(?:test|it|describe)\b[^;{}]*?\(\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/gu;

/** Lines that begin with a string or hold the beginning of a test: titles of `test.each` may stand behind their tables. */
const TITLE_LINE = /^\s*\[?(?:'|"|`|\]\)\(|[^/*]*(?:test|it|describe))/u;

/** What of a test file's text may be a title. `path` is absolute. */
export function titlesOf(path: string): string {
  const text = readFileSync(path, 'utf8');
  const titles = [...text.matchAll(TITLES)].map(([title]) => title);
  const strings = text.split('\n').filter((line) => TITLE_LINE.test(line));
  return [...titles, ...strings].join('\n');
}
