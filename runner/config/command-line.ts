// Turns commands that people wrote for other systems and programs into a program and its arguments.

const SHELL_CHARACTERS = /[|&;<>`*?!'"\n$\\]/u;

/** The words of `npx -y package`: no bare name of a program contains a space. Paths may, and a shell's line is not a list of words. */
export function commandLine(command: string): string[] | undefined {
  const words = command.trim().split(/\s+/u);
  const isLine = words.length > 1 && !(words[0] ?? '').includes('/');
  return isLine && !SHELL_CHARACTERS.test(command) ? words : undefined;
}

/** Windows starts scripts through its shell; other systems start what the shell would start. */
const WINDOWS_SHELL = /^cmd(?:\.exe)?$/iu;

/** `/d`, `/s`, `/q`, and `/c` last, followed by what it starts. */
const WINDOWS_OPTION = /^\/[a-z]$/iu;

/** Programs that Windows keeps as scripts. */
const WINDOWS_SCRIPT = /^(\w+)\.(?:cmd|exe|bat)$/iu;

/**
 * `cmd /c npx -y package` and `npx.cmd` as another system starts them; undefined if they have nothing of Windows, and on Windows
 * itself.
 */
export function withoutWindows(
  command: string,
  args: readonly string[],
): { command: string; args: readonly string[] } | undefined {
  if (process.platform === 'win32') return undefined;
  if (WINDOWS_SHELL.test(command)) {
    const options = args.findIndex((arg) => !WINDOWS_OPTION.test(arg));
    const [line = '', ...rest] = options < 0 ? [] : args.slice(options);
    const [program = '', ...own] = commandLine(line) ?? [line];
    if (/^\/c$/iu.test(args[options - 1] ?? '') && program !== '')
      return (
        withoutWindows(program, [...own, ...rest]) ?? { command: program, args: [...own, ...rest] }
      );
  }
  const [, name] = WINDOWS_SCRIPT.exec(command) ?? [];
  return name === undefined ? undefined : { command: name, args };
}
