// The options of the programs below test/: read, checked, and printed by `--help` from the one table that each program has.
import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util';

import { EXIT } from '../runner/commands/arguments.ts';
import { mistakeIn } from '../runner/commands/usage.ts';

/** An option of a program, and what `--help` says of it. */
type Flag = ParseArgsOptionDescriptor & {
  /** What its value is called; it has one if `type` is `string`. */
  readonly value?: string;
  readonly help: string;
};

type Values<Flags extends Readonly<Record<string, Flag>>> = ReturnType<
  typeof parseArgs<{ options: Flags }>
>['values'];

/**
 * The values of a program's options. `--help` prints `about` and the options, and ends the program; so does what is wrong with a
 * call, with exit code 2. A flag with the default `true` is turned off by `--no-<name>`.
 */
export function readFlags<const Flags extends Readonly<Record<string, Flag>>>(
  script: string,
  about: string,
  flags: Flags,
): Values<Flags> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usageOf(script, about, flags));
    process.exit(EXIT.ok);
  }
  try {
    return parseArgs({ args, options: flags, allowNegative: true }).values;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return wronglyCalled(script, mistakeIn(error));
  }
}

/** Which numbers a flag takes. */
interface Range {
  readonly least: number;
  readonly most?: number;
  readonly isWhole?: boolean;
}

/** The number that a flag's value says; the program ends if it says none in the range. */
export function numberOf(
  script: string,
  flag: string,
  value: string,
  { least, most = Number.MAX_SAFE_INTEGER, isWhole = true }: Range,
): number {
  const number = Number(value);
  const isFit = value.trim() !== '' && (!isWhole || Number.isInteger(number));
  if (isFit && number >= least && number <= most) return number;
  const bounds =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return wronglyCalled(script, `--${flag} takes a ${isWhole ? 'whole ' : ''}number ${bounds}`);
}

/** The program was called with something it cannot do. */
export function wronglyCalled(script: string, what: string): never {
  console.error(`${script}: ${what}\nSee: npm run ${script} -- --help`);
  process.exit(EXIT.usage);
}

/** What `--help` prints. */
export function usageOf(
  script: string,
  about: string,
  flags: Readonly<Record<string, Flag>>,
): string {
  const rows = Object.entries(flags).map(([name, flag]): [string, string] => {
    const negated = flag.default === true ? `no-${name}` : name;
    const left = flag.value === undefined ? `--${negated}` : `--${negated} <${flag.value}>`;
    const usual = typeof flag.default === 'string' ? ` (default: ${flag.default})` : '';
    return [left, `${flag.help}${usual}`];
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return `Usage: npm run ${script} -- [options]\n\n${about}\n\n${lines.join('\n')}`;
}
