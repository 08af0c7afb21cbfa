// `mcp-bridge completion`: scripts that complete commands, options and their values in a shell, made from the table of commands.
import { print } from '../output.ts';
import { EXIT, printUsage, readArguments } from './arguments.ts';
import { COMMANDS, type CommandText, type OptionText } from './commands.ts';
import { usageProblem } from './usage.ts';

/** Prints the script of one shell. */
export function completionCommand(argv: readonly string[]): number {
  const given = readArguments('completion', argv, 1);
  if (given === undefined) return EXIT.usage;
  const [shell = ''] = given.words;
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (!script) {
    printUsage(usageProblem('completion', `name a shell: ${COMMANDS.completion.words.join(', ')}`));
    return EXIT.usage;
  }
  print(script());
  return EXIT.ok;
}

const SCRIPTS: Readonly<Record<string, () => string>> = { bash, zsh, fish };

const rows: readonly (readonly [string, CommandText])[] = Object.entries(COMMANDS);

const NAMES = [...rows.map(([name]) => name), 'help'];

/** Options whose value is a path. */
const isPath = ({ value }: OptionText): boolean => value === 'file' || value === 'dir';

/** A word of a shell's program, taken as it is (POSIX, "Single-Quotes"). */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** What may stand where a new word begins. */
const wordsOf = ({ words = [], options }: CommandText): string =>
  [...words, ...Object.keys(options).map((option) => `--${option}`), '--help'].join(' ');

function bash(): string {
  const values = rows.flatMap(([name, { options }]) =>
    Object.entries(options)
      .filter(([, { type }]) => type === 'string')
      .map(([option, text]) => {
        const found = isPath(text)
          ? 'compopt -o default'
          : `COMPREPLY=($(compgen -W ${quoted((text.choices ?? []).join(' '))} -- "$cur"))`;
        return `    ${quoted(`${name} --${option}`)}) ${found}; return ;;`;
      }),
  );
  const words = rows.map(([name, text]) => `    ${name}) words=${quoted(wordsOf(text))} ;;`);
  return `# mcp-bridge in bash: source <(mcp-bridge completion bash)
_mcp_bridge() {
  local cur=\${COMP_WORDS[COMP_CWORD]} words='' at
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted(NAMES.join(' '))} -- "$cur"))
    return
  fi
  for ((at = 2; at < COMP_CWORD; at += 1)); do
    # What follows is the command of a server.
    [[ \${COMP_WORDS[at]} == -- ]] && { compopt -o default; return; }
  done
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
${words.join('\n')}
    help) words=${quoted(NAMES.join(' '))} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _mcp_bridge mcp-bridge
`;
}

function zsh(): string {
  /** Text inside the brackets of a specification (zshcompsys(1), "_arguments"). */
  const plain = (text: string): string => text.replaceAll(/[[\]:\\]/gu, String.raw`\$&`);
  const specification = ([name, option]: [string, OptionText]): string => {
    const found = isPath(option) ? '_files' : `(${(option.choices ?? []).join(' ')})`;
    const value = option.value === undefined ? '' : `:${plain(option.value)}:${found}`;
    return quoted(`--${name}[${plain(option.help)}]${value}`);
  };
  const cases = rows.map(([name, { words = [], options }]) => {
    const first = words.length === 0 ? [] : [quoted(`1:action:(${words.join(' ')})`)];
    const all = [...first, ...Object.entries(options).map(specification), quoted('*: :_files')];
    return `    ${name}) _arguments ${all.join(' ')} ;;`;
  });
  const names = rows.map(([name, { summary }]) => quoted(`${name}:${plain(summary)}`));
  return `#compdef mcp-bridge
# mcp-bridge in zsh: source <(mcp-bridge completion zsh)
_mcp_bridge() {
  local -a commands
  commands=(${names.join(' ')} 'help:say more about a command')
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2] at=\${words[(i)--]}
  # What follows is the command of a server.
  if ((at < CURRENT)); then
    shift $at words
    ((CURRENT -= at))
    _normal
    return
  fi
  shift words
  ((CURRENT -= 1))
  case $command in
${cases.join('\n')}
    help) _describe command commands ;;
  esac
}
compdef _mcp_bridge mcp-bridge
`;
}

function fish(): string {
  /** Text in single quotes (fish, "Quotes"). */
  const text = (words: string): string => `'${words.replaceAll(/['\\]/gu, String.raw`\$&`)}'`;
  const lines = rows.flatMap(([name, { summary, words = [], options }]) => {
    const here = `complete -c mcp-bridge -n ${text(`__mcp_bridge_in ${name}`)}`;
    return [
      `complete -c mcp-bridge -n '__mcp_bridge_in' -a ${name} -d ${text(summary)}`,
      ...(words.length === 0 ? [] : [`${here} -a ${text(words.join(' '))}`]),
      ...Object.entries(options).map(([option, { type, help, ...rest }]) => {
        const found = isPath({ type, help, ...rest })
          ? '-r -F'
          : `-x -a ${text((rest.choices ?? []).join(' '))}`;
        return `${here} -l ${option}${type === 'string' ? ` ${found}` : ''} -d ${text(help)}`;
      }),
    ];
  });
  return `# mcp-bridge in fish: mcp-bridge completion fish | source
# Whether the command is the given one, or none yet. What follows -- is the command of a server.
function __mcp_bridge_in
    set -l words (commandline -opc)
    not contains -- -- $words; and test "$words[2]" = "$argv[1]"
end
complete -c mcp-bridge -n 'not contains -- -- (commandline -opc)' -f
${lines.join('\n')}
complete -c mcp-bridge -n '__mcp_bridge_in' -a help -d 'say more about a command'
complete -c mcp-bridge -n '__mcp_bridge_in help' -a ${text(NAMES.join(' '))}
`;
}
