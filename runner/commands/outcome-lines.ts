// Outcomes as a command that does something shows them: a mark, what was done or found, and below a failure its fix.
import { styleText } from 'node:util';

import type { Outcome } from '../check/outcome.ts';
import { visibleText } from '../log.ts';
import { wrapped } from './help.ts';

const MARKS = {
  ok: ['✓', 'green'],
  warn: ['!', 'yellow'],
  skip: ['-', 'gray'],
  FAIL: ['✗', 'red'],
} as const;

/** With a line break at the end. */
export function outcomeLines(
  { verdict, subject, what, fix, lines = [] }: Outcome,
  hasColours: boolean,
): string {
  const [mark, colour] = MARKS[verdict];
  const shown = hasColours ? styleText(colour, mark, { validateStream: false }) : mark;
  const text = wrapped(visibleText(`${subject}: ${what}`), '    ', '    ').trimStart();
  const rest = [...(fix === undefined ? [] : [fix]), ...lines].map((line) =>
    wrapped(visibleText(line), '    ', '    '),
  );
  return `${[`  ${shown} ${text}`, ...rest].join('\n')}\n`;
}
