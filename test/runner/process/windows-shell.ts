// How cmd.exe and the C runtime of Windows take a command line apart, as far as quoting goes: carets, quotation marks and operators
// (cmd.exe), backslashes before quotation marks (CommandLineToArgvW). Variables are assumed to be unset, so `%x%` stays on a line and
// is not looked at again in what stands for %*.

const OPERATORS = '&|<>';

/**
 * The commands in a line given to `cmd /c`, with their carets taken out. More than one where an operator is not protected. A line of
 * a batch file is read in the same way once %* was put in.
 */
export function commandsOfLine(line: string): string[] {
  const commands = [''];
  let isQuoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? '';
    if (char === '\n') break;
    if (char === '^' && !isQuoted) {
      at += 1;
      commands.push(`${commands.pop() ?? ''}${line[at] ?? ''}`);
      continue;
    }
    if (char === '"') isQuoted = !isQuoted;
    if (OPERATORS.includes(char) && !isQuoted) commands.push('');
    else commands.push(`${commands.pop() ?? ''}${char}`);
  }
  return commands;
}

/** The arguments that a program finds in its command line, its own name first. */
export function argumentsOf(line: string): string[] {
  const found: string[] = [];
  let current: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < line.length;) {
    const slashes = /^\\*/u.exec(line.slice(at))?.[0].length ?? 0;
    at += slashes;
    const char = line[at];
    if (char === '"') {
      current = (current ?? '') + '\\'.repeat(slashes >> 1);
      if (slashes % 2 === 1) current += '"';
      else isQuoted = !isQuoted;
    } else {
      if (slashes > 0) current = (current ?? '') + '\\'.repeat(slashes);
      if (char === undefined) break;
      if (char === ' ' && !isQuoted) {
        if (current !== undefined) found.push(current);
        current = undefined;
      } else current = (current ?? '') + char;
    }
    at += 1;
  }
  return current === undefined ? found : [...found, current];
}
