// What one check found out, and how it is shown.
import { styleText } from 'node:util';

import type { Problem } from '../../shared/problem.ts';
import { visibleText } from '../log.ts';

/** `skip` says why something was not tried; `warn` works but should be changed. */
export interface Outcome {
  readonly verdict: 'ok' | 'warn' | 'skip' | 'FAIL';
  /** What was tried, such as `server github`. */
  readonly subject: string;
  /** What was found, without a full stop. */
  readonly what: Problem['what'];
  /** What to do about it. */
  readonly fix?: Problem['fix'];
  /** Further lines, such as the end of a process's stderr. */
  readonly lines?: readonly string[];
}

const COLOURS = { ok: 'green', warn: 'yellow', skip: 'gray', FAIL: 'red' } as const;

/** An outcome as lines of text, each with its line break. */
export function outcomeText(
  { verdict, subject, what, fix, lines = [] }: Outcome,
  hasColours: boolean,
): string {
  const mark = verdict.padEnd(4);
  // Whether the terminal supports colours was checked before.
  const shown = hasColours ? styleText(COLOURS[verdict], mark, { validateStream: false }) : mark;
  const rest = [...(fix === undefined ? [] : [fix]), ...lines.map((line) => `| ${line}`)];
  return [
    `${shown}  ${visibleText(subject)}: ${visibleText(what)}`,
    ...rest.map((line) => `      ${visibleText(line)}`),
    '',
  ].join('\n');
}
