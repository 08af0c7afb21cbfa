// What is made from the table of commands: help that fits a terminal, and completion that knows every command and option.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { COMMANDS, commandText, isCommand } from '../../../runner/commands/commands.ts';
import { helpText } from '../../../runner/commands/help.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../runner/main.ts', import.meta.url));
const NAMES = Object.keys(COMMANDS).filter(isCommand);

const script = async (shell: string): Promise<string> =>
  (await run(process.execPath, [MAIN, 'completion', shell])).stdout;

test.each([undefined, ...NAMES])('help about %s fits 80 columns', (name) => {
  const lines = helpText(name).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('every option is explained under its command', () => {
  for (const name of NAMES)
    for (const option of Object.keys(commandText(name).options))
      expect(helpText(name)).toMatch(new RegExp(`^ {2}--${option}[ <]`, 'mu'));
});

test('completion in bash: commands, words and options of one, values, and files', async () => {
  const source = await script('bash');
  const complete = async (...words: string[]): Promise<string[]> => {
    const call = `${source}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { echo "compopt $*"; }; _mcp_bridge; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['-c', call, 'bash', 'mcp-bridge', ...words]);
    return stdout.split('\n').filter((word) => word !== '');
  };
  expect(await complete('che')).toEqual(['check']);
  expect(await complete('client', 'r')).toEqual(['rotate', 'revoke']);
  expect(await complete('up', '--js')).toEqual(['--json']);
  expect(await complete('dev', '--edge', '')).toEqual(['node', 'workerd']);
  expect(await complete('run', '--config', '')).toEqual(['compopt -o default']);
  expect(await complete('up', '--', 'n')).toEqual(['compopt -o default']);
});

test.each(['zsh', 'fish'])(
  'completion in %s names every command and option, and is read without a mistake',
  async (shell) => {
    const source = await script(shell);
    for (const name of NAMES) {
      expect(source).toContain(name);
      const dashes = shell === 'zsh' ? '--' : '-l ';
      for (const option of Object.keys(commandText(name).options))
        expect(source).toContain(`${dashes}${option}`);
    }
    if (!existsSync(`/usr/bin/${shell}`)) return;
    await run(shell, ['-n', '-c', source]);
  },
);
