// What `mcp-bridge help` says, made from the table of commands. No line is wider than a terminal of 80 columns.
import { COMMANDS, commandText, type CommandName, type CommandText } from './commands.ts';

const WIDTH = 80;

/** The text about `command`, or the list of all commands. */
export const helpText = (command?: CommandName): string =>
  command === undefined ? overview() : aboutCommand(commandText(command));

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return `${wrapped('mcp-bridge runs stdio MCP servers for remote MCP clients and dials out to an edge that serves them.')}

Usage: mcp-bridge <command> [options]

${columns([...rows, ['help', 'say more about a command: mcp-bridge help run']])}

${columns([['--version', 'print the versions of program, link and config file']])}
`;
}

function aboutCommand({ usages, about, options, notes = [] }: CommandText): string {
  const calls = usages.map((usage, at) => {
    const lead = at === 0 ? 'Usage: ' : '       ';
    return wrapped(`mcp-bridge ${usage}`, lead, ' '.repeat(lead.length + 2));
  });
  const rows = Object.entries(options).map(([name, option]): readonly [string, string] => {
    const left = option.value === undefined ? `--${name}` : `--${name} <${option.value}>`;
    const usual = option.default === undefined ? '' : ` (default: ${option.default})`;
    return [left, `${option.help}${usual}`];
  });
  const parts = [
    calls.join('\n'),
    ...about.map((text) => wrapped(text)),
    ...(rows.length === 0 ? [] : [columns(rows)]),
    ...notes.map((text) => wrapped(text)),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Two columns; the second is wrapped. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const rest = ' '.repeat(width + 4);
  return rows.map(([left, right]) => wrapped(right, `  ${left.padEnd(width)}  `, rest)).join('\n');
}

/**
 * Text broken between words into lines of at most 80 columns. `lead` stands before the first line, `rest` before the others.
 */
export function wrapped(text: string, lead = '', rest = ''): string {
  const lines = [lead];
  let isEmpty = true;
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const longer = isEmpty ? `${line}${word}` : `${line} ${word}`;
    const isTooWide = longer.length > WIDTH && !isEmpty;
    if (isTooWide) lines.push(`${rest}${word}`);
    else lines[lines.length - 1] = longer;
    isEmpty = false;
  }
  return lines.join('\n');
}
