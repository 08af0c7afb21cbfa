// Reads a command's arguments. A mistake is answered with exit code 2 and a hint, as shells expect.
import { parseArgs } from 'node:util';
import type { Problem } from '../../shared/problem.ts';
import { errorCode } from '../error-code.ts';
import { printError } from '../output.ts';
import { commandText, type CommandName } from './commands.ts';
import { mistakeIn, usageProblem } from './usage.ts';

/** Exit codes: 0 done, 1 it did not work, 2 the command was called wrongly (as in sh and in GNU tools). */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Values of the command's options, and the words that are not options. */
export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly words: readonly string[];
}

/** Parses `argv` by the command's row in the table, or prints what is wrong with it and returns undefined. `words` is the number of plain words the command takes. */
export function readArguments(
  command: CommandName,
  argv: readonly string[],
  words = 0,
): Arguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...commandText(command).options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (positionals.length <= words) return { values, words: positionals };
    // The word may be a secret that was pasted in the wrong place; it is not repeated.
    const taken = words === 0 ? 'nothing' : `at most ${words} words`;
    printUsage(usageProblem(command, `takes ${taken} besides its options`));
  } catch (error) {
    const isUsage = errorCode(error)?.startsWith('ERR_PARSE_ARGS') === true;
    if (!isUsage || !(error instanceof Error)) throw error;
    printUsage(usageProblem(command, mistakeIn(error)));
  }
  return undefined;
}

/** The value of a string option, if it was given. */
export function textOf({ values }: Arguments, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** Prints what is wrong with a call, and where its command is explained. */
export const printUsage = ({ what, fix }: Problem): void => printError(`${what}\n${fix}\n`);
