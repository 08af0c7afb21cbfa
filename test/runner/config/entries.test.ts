// One server's entry as programs write it: what is read, what is left out and why. Nothing of it costs its neighbours anything.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accepted, beside, fates, folder, namesOf, one, problems, processOf } from './reading.ts';

describe('a server that its program has switched off is not served (F-220)', () => {
  it.each([
    ['Cline, Windsurf, Kiro, Roo', { disabled: true }, 'disabled is true'],
    ['Codex, opencode, Zed, Goose', { enabled: false }, 'enabled is false'],
    ['Cherry Studio', { isActive: false }, 'isActive is false'],
    ['a snake-cased one', { is_enabled: false }, 'is_enabled is false'],
    ['Witsy', { state: 'disabled' }, 'state is disabled'],
    ['a word for it', { status: 'Inactive' }, 'status is inactive'],
    ['as text', { enabled: 'false' }, 'enabled is false'],
    ['as text of the other kind', { disabled: 'TRUE' }, 'disabled is true'],
    ['a proxy', { options: { disabled: true } }, 'disabled is true'],
    ['as a number', { disabled: 1 }, 'disabled is 1'],
    ['by one switch of two', { enabled: true, disabled: true }, 'disabled is true'],
    ['with mistakes beside it', { enabled: false, command: 7, args: {} }, 'enabled is false'],
    ['remote besides', { disabled: true, url: 'https://x.example' }, 'disabled is true'],
  ])('%s', async (_title, more, why) => {
    const config = await accepted(beside({ command: 'node', ...more }));
    expect(namesOf(config)).toEqual(['good']);
    expect(fates(config)).toEqual([`s off: mcpServers.s.${why}`]);
  });

  it('as false in place of an entry', async () => {
    expect(fates(await accepted(beside(false)))).toEqual(['s off: mcpServers.s is false']);
  });

  it.each([
    [{ disabledMcpjsonServers: ['s'] }, 'disabledMcpjsonServers'],
    [{ disabledMcpServers: ['s'] }, 'disabledMcpServers'],
    [{ excludeMCPServers: ['s'] }, 'excludeMCPServers'],
    [{ allowMCPServers: ['good'] }, 'allowMCPServers'],
    [{ mcp: { excluded: ['s'] } }, 'mcp.excluded'],
    [{ mcp: { allowed: ['good'] } }, 'mcp.allowed'],
  ])('by a list of names: %j', async (more, list) => {
    const config = await accepted({ ...beside({ command: 'node' }), ...more });
    expect(namesOf(config)).toEqual(['good']);
    expect(fates(config)).toEqual([`s off: mcpServers.s is switched off by "${list}"`]);
  });

  it.each([
    { disabled: false },
    { enabled: true },
    { enabled: 'true' },
    { disabled: null },
    { isActive: true },
    { state: 'enabled' },
    { status: 'connected', state: 7 },
  ])('but one that is on is: %j', async (more) => {
    expect(namesOf(await accepted(one(more)))).toEqual(['s']);
  });

  it('and one whose switch nobody can read is not', async () => {
    for (const [value, kind] of [
      ['maybe', 'a string'],
      [{}, 'an object'],
    ] as const) {
      const config = await accepted(beside({ command: 'node', enabled: value }));
      expect(fates(config)).toEqual([
        `s broken: mcpServers.s.enabled is ${kind}, not true or false`,
      ]);
    }
  });
});

const URL_OF_IT = 'https://x.example/mcp';

describe('a server that runs elsewhere is left out, and named (F-221)', () => {
  const builtIn =
    'belongs to a part of the program that wrote this file, and only that program can run it';
  it.each([
    [{ type: 'builtin', name: 'developer' }, 'type', builtIn],
    [{ type: 'inMemory', baseUrl: '' }, 'type', builtIn],
    [{ source: 'extension', settings: {} }, 'source', builtIn],
    [{ settings: { page_format: 'Letter' } }, 'settings', builtIn],
  ])('%j', async (entry, key, what) => {
    const config = await accepted(beside(entry));
    expect(namesOf(config)).toEqual(['good']);
    expect(fates(config)).toEqual([`s elsewhere: mcpServers.s.${key} ${what}`]);
  });
});

describe('a server that cannot be served as it stands is left out, and named (F-222)', () => {
  it.each<[entry: unknown, fates: string[]]>([
    ['node', [' is a string, not an object with a "command" or a "url"']],
    [null, [' is null, not an object with a "command" or a "url"']],
    [{ args: [] }, ['.command is missing']],
    [{ comamnd: 'node' }, ['.command is missing']],
    [{ command: '' }, ['.command is empty, not the program to run, as a string']],
    [{ command: 7 }, ['.command is a number, not the program to run, as a string']],
    [{ command: 'a\0' }, ['.command is a string, not the program to run, as a string']],
    [{ command: [] }, ['.command is missing']],
    [{ command: 'x', args: '-y pkg' }, ['.args is a string, not an array of strings']],
    [
      { command: 'x', args: ['a', {}] },
      ['.args[1] is an object, not text, a number, true or false'],
    ],
    [{ command: 'x', env: { A: [1] } }, ['.env.A is an array, not text, a number, true or false']],
    [{ command: 'x', env: ['A=b'] }, ['.env is an array, not an object of strings']],
    [
      { command: 'x', env: { 'A=B': 'x' } },
      ['.env["A=B"] is a string, not a variable name without "="'],
    ],
    [{ command: 'x', type: 'pipe' }, ['.type is not a transport that this runner knows']],
    [{ url: 'wss://x.example', type: 'websocket' }, ['.type is not a transport of MCP']],
    [{ type: 'sse' }, ['.url is missing']],
    [{ type: 'http', ulr: 'https://x.example' }, ['.url is missing']],
    [{ url: 7 }, ['.url is a number, not a URL, as a string']],
    [{ url: 'x.example/mcp' }, ['.url is not an http or https URL']],
    [{ url: 'file:///etc/passwd' }, ['.url is not an http or https URL']],
    [{ url: 'https://ann:pass@x.example/mcp' }, ['.url holds a user name or a password']],
    [{ url: URL_OF_IT, headers: 'A: b' }, ['.headers is not an object of strings']],
    [
      { url: URL_OF_IT, headers: { 'A b': 'c' } },
      ['.headers["A b"] is a string, not the name of a header'],
    ],
    [
      { url: URL_OF_IT, headers: { A: 'b\nC: d' } },
      ['.headers.A holds a character that no header can have'],
    ],
    [
      { url: URL_OF_IT, headers: { 'MCP-Session-Id': 'x' } },
      ['.headers.MCP-Session-Id is a header that the runner writes itself'],
    ],
    [
      { url: URL_OF_IT, headers: { A: '${input:key}' } },
      [
        '.headers.A refers to ${input:key}, what an editor asks its user for, which a runner cannot know',
      ],
    ],
    [
      { url: URL_OF_IT, headers: { A: '${NOT_SET}' } },
      ['.headers.A refers to the environment variable NOT_SET, which is not set'],
    ],
    [{ url: URL_OF_IT, bridge: { user: 'nobody' } }, ['.bridge.user is not a setting']],
    [{ url: URL_OF_IT, bridge: { perUser: {} } }, ['.bridge.perUser is not a setting']],
    [{ command: 'x', bridge: { ca: 'ca.pem' } }, ['.bridge.ca is not a setting']],
    [
      { url: URL_OF_IT, bridge: { ca: 'none.pem' } },
      ['.bridge.ca names a file that does not exist'],
    ],
    [{ url: URL_OF_IT, bridge: { ca: '.' } }, ['.bridge.ca names a file that is a directory']],
    [
      { command: 'x', url: 'https://x.example' },
      ['.url is set together with "command", and only one of the two can be meant'],
    ],
    [{ command: 'x', envFile: 'none.env' }, ['.envFile names a file that does not exist']],
    [
      { command: 'x', bridge: { warm: 33 } },
      ['.bridge.warm is 33, not a whole number from 0 to 32'],
    ],
    [
      { command: 7, args: [{}], bridge: { wram: 1 } },
      [
        '.command is a number, not the program to run, as a string',
        '.args[0] is an object, not text, a number, true or false',
        '.bridge.wram is not a setting',
      ],
    ],
  ])('%j', async (entry, expected) => {
    const config = await accepted(beside(entry));
    expect(namesOf(config)).toEqual(['good']);
    expect(fates(config)).toEqual(expected.map((words) => `s broken: mcpServers.s${words}`));
  });

  it('says what to rename', async () => {
    expect(await problems({ mcpServers: { s: { comamnd: 'node' } } })).toMatchObject([
      { path: 'mcpServers', what: 'has no server to offer' },
      { path: 'mcpServers.s.command', fix: 'Rename "comamnd" to "command".' },
    ]);
  });

  it('shows no value of a server that is called like a block of ours (F-69)', async () => {
    const config = await accepted(
      beside({ command: 'x', env: { A: ['hunter2hunter2'] } }, 'bridge'),
    );
    expect(JSON.stringify(config.leftOut)).not.toContain('hunter2');
  });

  it('and where no entry is left the file is refused with all of them', async () => {
    const found = await problems({
      mcpServers: { a: { command: 1 }, b: { url: 'x.example' }, c: { disabled: true } },
    });
    expect(found.map(({ path }) => path)).toEqual([
      'mcpServers',
      'mcpServers.a.command',
      'mcpServers.b.url',
      'mcpServers.c.disabled',
    ]);
  });
});

describe('spellings of other programs (F-226)', () => {
  it.each<[string, object, object]>([
    ['VS Code', { type: 'stdio' }, {}],
    ['GitHub Copilot', { type: 'local', tools: ['*'] }, {}],
    ['in capitals', { type: 'STDIO' }, {}],
    ['AutoGen', { type: 'StdioServerParams', args: ['x.js'] }, { args: ['x.js'] }],
    [
      'an SDK for agents',
      { command: undefined, params: { command: 'node', args: ['x.js'] } },
      { args: ['x.js'] },
    ],
    ['Roo', { transport: 'stdio' }, {}],
    ['a type of null', { type: null, url: '' }, {}],
    ['opencode', { command: ['node', 'x.js', 1] }, { command: 'node', args: ['x.js', '1'] }],
    ['both ways', { command: ['node', 'x.js'], args: ['-v'] }, { args: ['x.js', '-v'] }],
    [
      'Zed of 2024',
      { command: { path: 'p', args: ['a'], env: { K: 'v' } } },
      { command: 'p', args: ['a'], env: { K: 'v' } },
    ],
    [
      'Goose',
      { command: undefined, cmd: 'p', envs: { K: 'v' } },
      { command: 'p', env: { K: 'v' } },
    ],
    [
      'a line in place of a program',
      { command: 'npx -y pkg@1.0.0' },
      { command: 'npx', args: ['-y', 'pkg@1.0.0'] },
    ],
    [
      'Windows, by its shell',
      { command: 'cmd', args: ['/c', 'npx', '-y', 'pkg@1.0.0'] },
      { command: 'npx', args: ['-y', 'pkg@1.0.0'] },
    ],
    [
      'Windows, twice',
      { command: 'CMD.exe', args: ['/C', 'uvx.exe', 'pkg'] },
      { command: 'uvx', args: ['pkg'] },
    ],
    [
      'Windows, a line for its shell',
      { command: 'cmd', args: ['/d', '/s', '/c', 'npx -y pkg@1.0.0'] },
      { command: 'npx', args: ['-y', 'pkg@1.0.0'] },
    ],
    ['blanks around it', { command: ' uvx\n' }, { command: 'uvx', args: [] }],
    ['Windows, a script', { command: 'npx.cmd', args: ['x'] }, { command: 'npx', args: ['x'] }],
    ['a program called like a shell', { command: 'cmd', args: ['x'] }, { command: 'cmd' }],
    ['a path with blanks', { command: '/opt/my tools/x' }, { command: '/opt/my tools/x' }],
    ['scalars in args', { args: ['-p', 8080, true] }, { args: ['-p', '8080', 'true'] }],
    ['one word as args', { args: 'serve' }, { args: ['serve'] }],
    ['null as args', { args: null, env: null, cwd: null }, { args: [], env: {} }],
    [
      'scalars in env',
      { env: { A: 1, B: false, C: null, D: '' } },
      { env: { A: '1', B: 'false', D: '' } },
    ],
    ['environment', { environment: { A: 'b' } }, { env: { A: 'b' } }],
    ['Codex', { env_vars: ['A', { name: 'B' }] }, { inheritEnv: ['A', 'B'] }],
    [
      'Goose’s secrets',
      { env_keys: ['A'], bridge: { inheritEnv: ['B'] } },
      { inheritEnv: ['A', 'B'] },
    ],
    ['options of a process', { options: { cwd: '/srv' } }, { cwd: '/srv' }],
    ['Warp', { working_directory: '/srv' }, { cwd: '/srv' }],
  ])('%s', async (_title, entry, expected) => {
    const config = await accepted(one(entry));
    expect(fates(config)).toEqual([]);
    expect(processOf(config)).toMatchObject({ command: 'node', ...expected });
  });

  it('a file of variables, under those of the entry', async () => {
    mkdirSync(join(folder, 'envs'));
    writeFileSync(
      join(folder, 'envs', '.env'),
      '# ours\r\nexport A=1\r\nB="two # words"\r\nC=\'${A}\'\r\nD=x # not this\r\n',
    );
    writeFileSync(join(folder, 'more.env'), '\uFEFFD=later\n');
    for (const envFile of [
      'envs/.env',
      '${workspaceFolder}/envs/.env',
      join(folder, 'envs/.env'),
    ]) {
      const config = await accepted(one({ envFile, env: { A: 'own' } }));
      expect(processOf(config).env).toEqual({
        A: 'own',
        B: 'two # words',
        C: '${A}',
        D: 'x',
      });
    }
    const both = await accepted(one({ envFile: ['envs/.env', 'more.env'] }));
    expect(processOf(both).env).toMatchObject({ A: '1', D: 'later' });
  });
});
