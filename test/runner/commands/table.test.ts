// What is made from the table of commands: help that fits a terminal, and completion that knows every command and option.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, expect, test } from 'vitest';

import { COMMANDS, commandText, isCommand } from '../../../runner/commands/commands.ts';
import { helpText } from '../../../runner/commands/help.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../runner/main.ts', import.meta.url));
const NAMES = Object.keys(COMMANDS).filter(isCommand);

const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-shells-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

/** What a shell offers for a line whose last word is begun: the shell itself, with nothing but our script. */
const SHELLS: Readonly<Record<string, (line: string, source: string) => Promise<string>>> = {
  async bash(line, source) {
    const words = line.split(' ').map((word) => `'${word}'`);
    const call = `${source}
COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
# There is no completion under way, which is what it is for.
compopt() { COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); }
_mcp_bridge; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await run('bash', ['--norc', '-c', call])).stdout;
  },
  async fish(line, source) {
    const call = `${source}\ncomplete -C '${line}'`;
    const env = { ...process.env, HOME: folder };
    const { stdout } = await run('fish', ['--no-config', '-c', call], { env });
    return stdout.replaceAll(/\t.*$/gmu, '');
  },
  async zsh(line, source) {
    const file = join(folder, '_mcp-bridge');
    writeFileSync(file, source);
    // Its completion works only in its editor, which works only at a terminal.
    const call = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PROMPT= ; autoload -Uz compinit; compinit -u -D; source ${file}; bindkey "^I" complete-word; compadd() { local -a found; builtin compadd -A found "$@"; print -rl -- "<"\${^found}">"; builtin compadd "$@" }; after() { compstate[list]=; print "<en""d>" }; comppostfuncs=(after); print READ""Y'
zpty -r z seen '*READY*'
zpty -n -w z '${line}'$'\\t'
zpty -r z seen '*<end>*'
print -r -- "$seen"
zpty -d z`;
    const { stdout } = await run('zsh', ['-f', '-c', call]);
    return [...stdout.matchAll(/<([^<>]+)>/gu)].map(([, found]) => found).join('\n');
  },
};

const OFFERED: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['che', ['check'], ['up']],
  ['client r', ['rotate', 'revoke'], ['list']],
  ['client add x --se', ['--servers'], ['--yes']],
  // "check" is a command, too.
  ['policy check --', ['--scopes', '--tool'], ['--oauth']],
  ['up --js', ['--json'], []],
  ['dev --edge ', ['node', 'workerd'], []],
  ['run --config /etc/pass', ['passwd'], []],
  ['help ser', ['service'], []],
  ['up -- ls /etc/pass', ['passwd'], ['--port']],
];

test.skipIf(process.platform !== 'linux').each(Object.keys(SHELLS))(
  'what %s itself offers: commands, words and options of one, values, and files',
  async (shell) => {
    if (!existsSync(`/usr/bin/${shell}`)) return;
    const source = await script(shell);
    for (const [line, some, none] of OFFERED) {
      // oxlint-disable-next-line no-await-in-loop -- one shell at a time
      const offered = (await SHELLS[shell]?.(`mcp-bridge ${line}`, source))?.split('\n') ?? [];
      const names = offered.map((word) => word.slice(word.lastIndexOf('/') + 1));
      expect(names, `${line} in ${shell}`).toEqual(expect.arrayContaining([...some]));
      for (const other of none) expect(names, `${line} in ${shell}`).not.toContain(other);
    }
  },
);

test.each(['bash', 'zsh', 'fish'])(
  'completion in %s names every command and option',
  async (shell) => {
    const source = await script(shell);
    for (const name of NAMES) {
      expect(source).toContain(name);
      const dashes = shell === 'fish' ? '-l ' : '--';
      for (const option of Object.keys(commandText(name).options))
        expect(source).toContain(`${dashes}${option}`);
    }
  },
);
