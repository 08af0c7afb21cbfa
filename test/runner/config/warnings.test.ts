// What a config may do but had better not, and keys that the runner does not read: none with a meaning passes in silence.
import { describe, expect, it } from 'vitest';
import { accepted, one } from './reading.ts';

describe('warnings (F-69)', () => {
  const pin = 'names a package without an exact version, so another version may run tomorrow';
  const secret = 'looks like a secret, and arguments can be read by every user of the machine';
  const shell = 'has characters that only a shell understands, but no shell runs it';
  const line = 'is a command line, and is read as a program and its arguments';
  const unfilled =
    'refers to a variable in a form that is not filled in here, and is passed on unchanged';
  const table: [string, object, [string, string][]][] = [
    ['unpinned', { command: 'npx', args: ['-y', 'pkg'] }, [['args[1]', pin]]],
    ['unpinned scope', { command: '/usr/bin/npx', args: ['-y', '@a/pkg'] }, [['args[1]', pin]]],
    ['a tag', { command: 'npx', args: ['pkg@latest'] }, [['args[0]', pin]]],
    ['a range', { command: 'bunx', args: ['pkg@^1.2'] }, [['args[0]', pin]]],
    ['by flag', { command: 'npx', args: ['-p', 'pkg', 'program'] }, [['args[1]', pin]]],
    ['pinned', { command: 'npx', args: ['-y', '@a/pkg@1.2.3', 'x'] }, []],
    ['pinned uvx', { command: 'uvx', args: ['pkg==1.2.3'] }, []],
    ['local package', { command: 'npx', args: ['./pkg'] }, []],
    ['no fetcher', { command: 'node', args: ['pkg'] }, []],
    ['flag and value', { args: ['--api-key', 'abc'] }, [['args[1]', secret]]],
    ['flag with value', { args: ['x', '--auth-token=abc'] }, [['args[1]', secret]]],
    ['issued token', { args: [`ghp_${'a'.repeat(36)}`] }, [['args[0]', secret]]],
    ['password in URL', { args: ['postgres://me:pw@db/x'] }, [['args[0]', secret]]],
    ['flag without value', { args: ['--token', '--verbose'] }, []],
    ['plain words', { args: ['--tokenizer', 'bpe', 'https://h.example/a@b'] }, []],
    ['a pipe', { command: 'a|b' }, [['command', shell]]],
    [
      'a command line',
      { command: 'npx -y pkg' },
      [
        ['command', line],
        ['args[1]', pin],
      ],
    ],
    ['a variable of a shell', { env: { A: '$TOKEN', B: 'costs $5' } }, [['env.A', unfilled]]],
    ['a variable of cmd.exe', { args: ['%APPDATA%', '100%'] }, [['args[0]', unfilled]]],
    [
      'a variable at the head of a path',
      { command: '$HOME/bin/x', args: ['%USERPROFILE%\\x', '$HOME/y'] },
      [
        ['command', unfilled],
        ['args[0]', unfilled],
        ['args[1]', unfilled],
      ],
    ],
    [
      'what another program would read or run',
      { env: { A: '{file:./key}', B: '$(op read x)', C: '{a:1}', D: '$5' } },
      [
        ['env.A', unfilled],
        ['env.B', unfilled],
      ],
    ],
    ['a path with a blank', { command: '/opt/my tools/server' }, []],
    ['misspelt key', { arg: ['x'] }, [['arg', 'is not a setting']]],
    ['setting in the wrong place', { warm: 2 }, [['warm', 'has no effect here']]],
  ];
  it.each(table)('%s', async (_title, entry, expected) => {
    const { warnings } = await accepted(one(entry));
    expect(warnings.map(({ path, what }) => [path, what])).toEqual(
      expected.map(([key, what]) => [`mcpServers.s.${key}`, what]),
    );
  });
});

describe('keys that the runner does not read (F-232)', () => {
  const tools = 'limits nothing here: a client that may use this server may call all of its tools';
  const timeout = 'is not used, because programs give it in different units';
  it.each<[object, [key: string, what: string][]]>([
    [{ timeout: 60 }, [['timeout', timeout]]],
    [
      { startup_timeout_sec: 20, tool_timeout_sec: 60 },
      [
        ['startup_timeout_sec', timeout],
        ['tool_timeout_sec', timeout],
      ],
    ],
    [{ excludeTools: ['rm'], includeTools: [] }, [['excludeTools', tools]]],
    [{ tools: ['read'] }, [['tools', tools]]],
    [{ tools: ['*'] }, []],
    [
      { disabled_tools: ['rm'], available_tools: ['ls'] },
      [
        ['disabled_tools', tools],
        ['available_tools', tools],
      ],
    ],
    [
      { headers: { A: 'b' } },
      [['headers', 'is for remote servers, and has no effect on a command']],
    ],
    [
      { sandboxEnabled: true },
      [['sandboxEnabled', 'has no effect here: other settings decide what the process may do']],
    ],
    [{ sandboxEnabled: false, shell: false, headers: {}, zebra: null }, []],
    [{ shell: true }, [['shell', 'has no effect here: no shell runs the command']]],
    [{ zebra: 1 }, [['zebra', 'is not a setting of this runner, and has no effect']]],
    [{ cmd: 'other' }, [['cmd', 'is ignored, because "command" is used']]],
    [{ type: 'stdio', url: 'https://docs.example' }, [['url', 'has no effect beside a "command"']]],
    [
      {
        autoApprove: ['x'],
        alwaysAllow: [],
        trust: true,
        description: 'x',
        icon: 'x',
        version: 1,
        gallery: true,
        name: 'x',
        displayName: 'x',
        tags: ['x'],
        startup: true,
        bundled: false,
      },
      [],
    ],
  ])('%j', async (entry, expected) => {
    const { warnings } = await accepted(one(entry));
    expect(warnings.map(({ path, what }) => [path, what])).toEqual(
      expected.map(([key, what]) => [`mcpServers.s.${key}`, what]),
    );
  });
});
