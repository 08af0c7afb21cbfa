// What a config is allowed to do but should not. `run` and `check` show it; neither refuses it. Only the text of the file is
// judged, not what references fill in.
import { basename } from 'node:path';
import type { Keys, ConfigNote } from './problem.ts';
import { hasReference } from './references.ts';
import type { ServerEntry } from './schema.ts';

/** Every warning about one server. None repeats a value. */
export function entryWarnings({ command, args = [], env = {} }: ServerEntry): ConfigNote[] {
  return [
    ...commandWarnings(command),
    ...unfilledWarnings(['command'], command),
    ...pinWarnings(command, args),
    ...secretWarnings(args),
    ...args.flatMap((arg, index) => unfilledWarnings(['args', index], arg)),
    ...Object.entries(env).flatMap(([name, value]) => unfilledWarnings(['env', name], value)),
  ];
}

/** A variable as a shell or cmd.exe names it, alone or at the head of a path. */
const SHELL_VARIABLE = /^(?:\$[A-Za-z_]\w*|%[A-Za-z_]\w*%)(?:[\\/]|$)/u;
/** The output of a command (Crush), a file's text (opencode), a name of LibreChat's. */
const FOREIGN_VALUE = /^\$\(|\{file:[^}\s]|\{\{LIBRECHAT_\w/u;

/** What other programs would fill and this one does not. */
function unfilledWarnings(keys: Keys, text: string): ConfigNote[] {
  if (!SHELL_VARIABLE.test(text) && !FOREIGN_VALUE.test(text)) return [];
  const what =
    'refers to a variable in a form that is not filled in here, and is passed on unchanged';
  return [{ keys, what, fix: 'Write ${NAME} for a variable of the runner.' }];
}

const SHELL_CHARACTERS = /[|&;<>`*?!'"\n]|\$\(/u;

function commandWarnings(command: string): ConfigNote[] {
  if (SHELL_CHARACTERS.test(command)) {
    const what = 'has characters that only a shell understands, but no shell runs it';
    return [
      {
        keys: ['command'],
        what,
        fix: 'Give the program alone, or put the line into a script and run that.',
      },
    ];
  }
  // Spaces are fine in a path; in a bare name they mean that arguments follow.
  if (/\s/u.test(command) && !/[\\/]/u.test(command)) {
    const what = 'looks like a whole command line';
    return [
      { keys: ['command'], what, fix: 'Put the program in "command" and each argument in "args".' },
    ];
  }
  return [];
}

/** Programs that fetch what they run, and the flags of theirs that take a value or name the package. */
const FETCHERS: ReadonlySet<string> = new Set(['npx', 'bunx', 'uvx']);
const PACKAGE_FLAGS: ReadonlySet<string> = new Set(['-p', '--package', '--from']);

function pinWarnings(command: string, args: readonly string[]): ConfigNote[] {
  const fetcher = basename(command).replace(/\.(?:cmd|exe)$/iu, '');
  if (!FETCHERS.has(fetcher)) return [];
  const flagged = args.findIndex((arg) => PACKAGE_FLAGS.has(arg));
  const index = flagged === -1 ? args.findIndex((arg) => !arg.startsWith('-')) : flagged + 1;
  const spec = args[index];
  if (spec === undefined || isPinned(spec)) return [];
  const pinned = fetcher === 'uvx' ? 'name==1.2.3' : 'name@1.2.3';
  return [
    {
      keys: ['args', index],
      what: 'names a package without an exact version, so another version may run tomorrow',
      fix: `Pin it, for example as ${pinned}.`,
    },
  ];
}

function isPinned(spec: string): boolean {
  // Files and repositories are pinned by other means, and a reference by the person who sets it.
  if (/^[./~]|:/u.test(spec) || hasReference(spec)) return true;
  return /(?:.@|==)v?\d+\.\d+[\w.+-]*$/u.test(spec);
}

/** Prefixes that issuers give their credentials so that scanners find them. */
const ISSUED =
  /(?:^|[=:\s"'/])(?:sk-[\w-]{16}|gh[pousr]_\w{20}|github_pat_\w{20}|glpat-[\w-]{16}|xox[abprs]-[\w-]{10}|AKIA[A-Z0-9]{16}|AIza[\w-]{30}|npm_\w{30}|hf_\w{20}|mcp[rc]_[\w-]{40}|eyJ[\w-]{10,}\.eyJ)/u;
const SECRET_FLAG =
  /^--?[\w-]*(?:token|secret|passw(?:or)?d|api-?key|access-?key|private-?key|credential)s?(?:=(.*))?$/iu;
/** `user:password@` in a URL. */
const URL_PASSWORD = /:\/\/[^/\s:@]*:([^/\s@]+)@/u;

function secretWarnings(args: readonly string[]): ConfigNote[] {
  return args.flatMap((arg, index) => {
    const flag = SECRET_FLAG.exec(args[index - 1] ?? '');
    const followsFlag = flag !== null && flag[1] === undefined && !arg.startsWith('-');
    const own = SECRET_FLAG.exec(arg)?.[1] ?? '';
    if (!followsFlag && own === '' && !ISSUED.test(arg) && !URL_PASSWORD.test(arg)) return [];
    return [
      {
        keys: ['args', index],
        what: 'looks like a secret, and arguments can be read by every user of the machine',
        fix: 'Pass it in "env", as ${NAME}, if the server can read it from there.',
      },
    ];
  });
}
