// Commands as people write them for other systems and programs, as a program and its arguments.

const SHELL_CHARACTERS = /[|&;<>`*?!'"\n$\\]/u;

/** The words of `npx -y package`: no program's bare name holds a blank. Paths may, and a shell's line is no list of words. */
export function commandLine(command: string): string[] | undefined {
  const words = command.trim().split(/\s+/u);
  const isLine = words.length > 1 && !(words[0] ?? '').includes('/');
  return isLine && !SHELL_CHARACTERS.test(command) ? words : undefined;
}

/** Windows starts scripts by way of its shell; what the shell would start is what other systems start. */
const WINDOWS_SHELL = /^cmd(?:\.exe)?$/iu;

/** Programs that Windows keeps as scripts. */
const WINDOWS_SCRIPT = /^(\w+)\.(?:cmd|exe|bat)$/iu;

/**
 * `cmd /c npx -y package` and `npx.cmd` as another system starts them; undefined where nothing is of Windows, and on Windows
 * itself.
 */
export function withoutWindows(
  command: string,
  args: readonly string[],
): { command: string; args: readonly string[] } | undefined {
  if (process.platform === 'win32') return undefined;
  const [option = '', program = '', ...rest] = args;
  if (WINDOWS_SHELL.test(command) && option.toLowerCase() === '/c' && program !== '')
    return withoutWindows(program, rest) ?? { command: program, args: rest };
  const [, name] = WINDOWS_SCRIPT.exec(command) ?? [];
  return name === undefined ? undefined : { command: name, args };
}
